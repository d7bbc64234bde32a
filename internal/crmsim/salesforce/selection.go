package salesforce

import (
	"slices"
	"strings"
)

// selection is a statement made ready for the tables it asks.
type selection struct {
	*statement
	org     *org
	table   *table
	columns []column
	match   func(*record) bool
	sort    []sortKey
	all     bool // deleted ones too
	tooling bool
}

// column is a field of the table, or of a parent reached through references.
type column struct {
	hops  []int // fields that refer to the next parent
	names []string
	table *table
	field int
}

type sortKey struct {
	column
	ordering
}

// prepare binds a statement to the org. The caller holds the lock.
func (o *org) prepare(s *statement, tooling, all bool) (*selection, *failure) {
	t := o.table(s.from.text)
	if t == nil || !tooling && toolingOnly(t.schema.Load().name) || tooling && !t.schema.Load().setup {
		return nil, queryFailure(s.text, s.from.pos, codeInvalidType, "sObject type '"+s.from.text+"' is not supported. If you are attempting to use "+
			"a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.")
	}
	sel := &selection{statement: s, org: o, table: t, all: all, tooling: tooling}
	for _, f := range s.fields {
		if err := sel.choose(f); err != nil {
			return nil, err
		}
	}
	for _, ord := range s.order {
		c, bad := sel.column(ord.name)
		if bad != nil {
			return nil, bad
		}
		sel.sort = append(sel.sort, sortKey{column: c, ordering: ord})
	}
	match, bad := sel.compile(s.where)
	sel.match = match
	return sel, bad
}

// choose adds the columns that one name in the SELECT list stands for.
func (s *selection) choose(n name) *failure {
	group, ok := strings.CutPrefix(n.text, "FIELDS(")
	if !ok {
		c, bad := s.column(n)
		s.columns = append(s.columns, c)
		return bad
	}
	o := s.table.schema.Load()
	for i, f := range o.fields {
		if f.visible() && (group == "ALL)" || f.custom == (group == "CUSTOM)")) {
			s.columns = append(s.columns, column{table: s.table, field: i, names: []string{f.name}})
		}
	}
	return nil
}

// column resolves a dotted name.
func (s *selection) column(n name) (column, *failure) {
	c := column{table: s.table}
	parts := strings.Split(n.text, ".")
	if len(parts) > 1 && strings.EqualFold(parts[0], s.table.schema.Load().name) {
		parts = parts[1:]
	}
	for _, part := range parts[:len(parts)-1] {
		i, parent := c.table.parent(s.org, part)
		if parent == nil {
			return c, queryFailure(s.text, n.pos, codeInvalidField, "Didn't understand relationship '"+part+
				"' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. "+
				"Please reference your WSDL or the describe call for the appropriate names.")
		}
		c.hops = append(c.hops, i)
		c.names = append(c.names, c.table.schema.Load().fields[i].relationship)
		c.table = parent
	}
	o := c.table.schema.Load()
	c.field = o.find(parts[len(parts)-1])
	if c.field < 0 {
		return c, queryFailure(s.text, n.pos, codeInvalidField, "No such column '"+parts[len(parts)-1]+"' on entity '"+o.name+
			"'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. "+
			"Please reference your WSDL or the describe call for the appropriate names.")
	}
	c.names = append(c.names, o.fields[c.field].name)
	return c, nil
}

// parent returns the reference of that relationship name and the table it
// leads to, or nil.
func (t *table) parent(o *org, relationship string) (int, *table) {
	shape := t.schema.Load()
	for i, f := range shape.fields {
		if !f.visible() || f.kind != typeReference || !strings.EqualFold(f.relationship, relationship) {
			continue
		}
		for _, to := range f.referenceTo {
			if parent := o.table(to); parent != nil {
				return i, parent
			}
		}
	}
	return 0, nil
}

// text returns the column's value for a record; empty is null.
func (c column) text(r *record, t *table) string {
	for _, hop := range c.hops {
		id := t.text(r, hop)
		next := t.org.tableOf(id)
		if id == "" || next == nil || next != c.table && len(c.hops) == 1 {
			return ""
		}
		t, r = next, next.get(id)
		if r == nil {
			return ""
		}
	}
	return t.text(r, c.field)
}

func (c column) kind() *field { return c.table.schema.Load().fields[c.field] }

// run returns the matching records in order.
func (s *selection) run() []*record {
	var found []*record
	for _, r := range s.candidates() {
		if (s.all || !r.deleted) && s.match(r) {
			found = append(found, r)
		}
	}
	s.arrange(found)
	found = found[min(s.offset, len(found)):]
	if s.limit >= 0 && len(found) > s.limit {
		found = found[:s.limit]
	}
	return found
}

// candidates returns all records, or those that an index finds when the
// condition cannot hold without it.
func (s *selection) candidates() []*record {
	where := s.where
	if s.all || where == nil {
		return s.table.records
	}
	tests := []*condition{where}
	if where.join == "AND" {
		tests = where.parts
	}
	for _, c := range tests {
		if c.join == "" && (c.op == "=" || c.op == "IN") && !strings.Contains(c.field.text, ".") {
			if found, ok := s.indexed(c); ok {
				return found
			}
		}
	}
	return s.table.records
}

func (s *selection) indexed(c *condition) ([]*record, bool) {
	o := s.table.schema.Load()
	i := o.find(c.field.text)
	if i < 0 || o.fields[i].kind != typeID && !o.fields[i].keyed() {
		return nil, false
	}
	seen := make(map[*record]struct{}, len(c.values))
	var found []*record
	for _, v := range c.values {
		if v.kind != literalString || v.text == "" {
			return nil, false
		}
		hits := s.table.find(i, v.text)
		if o.fields[i].kind == typeID {
			id, _ := longID(v.text)
			hits = nil
			if r := s.table.get(id); r != nil {
				hits = []*record{r}
			}
		}
		for _, r := range hits {
			if _, again := seen[r]; !again {
				seen[r] = struct{}{}
				found = append(found, r)
			}
		}
	}
	return found, true
}

// arrange sorts by ORDER BY, nulls first unless told otherwise.
func (s *selection) arrange(found []*record) {
	if len(s.sort) == 0 {
		return
	}
	type keyed struct {
		r    *record
		keys []string
	}
	rows := make([]keyed, len(found))
	for i, r := range found {
		keys := make([]string, len(s.sort))
		for k, by := range s.sort {
			keys[k] = by.kind().comparable(by.text(r, s.table))
		}
		rows[i] = keyed{r: r, keys: keys}
	}
	slices.SortStableFunc(rows, func(a, b keyed) int {
		for k, by := range s.sort {
			if sign := by.compareKeys(a.keys[k], b.keys[k]); sign != 0 {
				return sign
			}
		}
		return 0
	})
	for i := range rows {
		found[i] = rows[i].r
	}
}

func (k sortKey) compareKeys(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "" || b == "":
		first := -1
		if a != "" {
			first = 1
		}
		if k.nullsLast {
			return -first
		}
		return first
	case k.descending:
		return -k.kind().compare(a, b)
	}
	return k.kind().compare(a, b)
}
