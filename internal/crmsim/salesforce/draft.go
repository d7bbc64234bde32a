package salesforce

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"lockstep/internal/crmsim"
)

// verb is what a write does with a record.
type verb int

const (
	inserting verb = iota
	updating
	upserting
)

// draft is one record of a write, read and checked as far as that can be done
// without looking at any other.
type draft struct {
	id      string // as given
	key     string // value of the field upserted by
	changes []crmsim.Change
	parents []parent
	bad     *failure
}

// parent is a reference to be looked up: by id, or by an external id of the
// parent's.
type parent struct {
	field  int    // that refers
	object string // referred to; empty for a reference by id
	by     string // the parent's field
	value  string
}

// member is one member of a JSON object as it is spelled.
type member struct{ key, value string }

// reader reads the records of one write into drafts.
type reader struct {
	object *object
	key    int // field upserted by; -1 otherwise
}

// read reads one record. The second result is an error about the whole call.
func (rd *reader) read(members []member) (draft, *failure) {
	d := draft{changes: make([]crmsim.Change, 0, len(members))}
	for _, m := range members {
		if strings.EqualFold(m.key, "attributes") {
			continue
		}
		if stop := rd.member(&d, m); stop != nil {
			return d, stop
		}
	}
	slices.SortStableFunc(d.changes, func(a, b crmsim.Change) int { return cmp.Compare(a.Field, b.Field) })
	// Of a member given twice, the last counts.
	last := d.changes[:0]
	for i, c := range d.changes {
		if i+1 == len(d.changes) || d.changes[i+1].Field != c.Field {
			last = append(last, c)
		}
	}
	d.changes = last
	return d, nil
}

func (rd *reader) member(d *draft, m member) *failure {
	i, ok := rd.object.index[m.key]
	if !ok || !rd.object.fields[i].visible() {
		i = rd.object.find(m.key)
	}
	if i < 0 {
		return rd.stranger(d, m)
	}
	f := rd.object.fields[i]
	text, bad, ok := f.parse(m.value)
	if !ok {
		return unreadable(f, m.value)
	}
	if f.kind == typeID {
		d.id = text
		return nil
	}
	if i == rd.key {
		d.key = text
	}
	d.fail(bad)
	if f.kind == typeReference && text != "" && bad == nil {
		text, _ = longID(text)
		d.parents = append(d.parents, parent{field: i, value: text})
	}
	d.changes = append(d.changes, crmsim.Change{Field: i, Text: text})
	return nil
}

// stranger reads a member that is no field: a relationship to a parent by its
// external id, or a mistake.
func (rd *reader) stranger(d *draft, m member) *failure {
	if len(m.value) > 0 && m.value[0] == '{' {
		for i, f := range rd.object.fields {
			if f.visible() && f.kind == typeReference && strings.EqualFold(f.relationship, m.key) {
				return rd.relationship(d, i, m.value)
			}
		}
	}
	d.fail(noColumn(m.key, rd.object.name))
	return nil
}

// relationship reads {"Ext_Id__c": "value"}, attributes aside.
func (rd *reader) relationship(d *draft, i int, value string) *failure {
	p := parent{field: i, object: rd.object.fields[i].referenceTo[0]}
	s := crmsim.NewScanner(value)
	s.Members(func(key string) {
		raw := s.Raw()
		if key == "attributes" {
			return
		}
		quoted := crmsim.NewScanner(raw)
		p.by, p.value = key, quoted.Quoted()
	})
	if s.End() != nil || p.by == "" {
		return unreadable(rd.object.fields[i], value)
	}
	d.parents = append(d.parents, p)
	d.changes = append(d.changes, crmsim.Change{Field: i})
	return nil
}

// fail keeps the first thing wrong with the record.
func (d *draft) fail(bad *failure) {
	if d.bad == nil {
		d.bad = bad
	}
}

// unreadable is the answer to a value that its field's type cannot be read
// from. The parser gives up on the whole call.
func unreadable(f *field, value string) *failure {
	token := "VALUE_STRING"
	switch {
	case len(value) == 0:
		token = "NOT_AVAILABLE"
	case value[0] == '{':
		token = "START_OBJECT"
	case value[0] == '[':
		token = "START_ARRAY"
	case value[0] == 't':
		token = "VALUE_TRUE"
	case value[0] == 'f':
		token = "VALUE_FALSE"
	case value[0] == '-' || value[0] >= '0' && value[0] <= '9':
		token = "VALUE_NUMBER_INT"
	}
	return failedWith(http.StatusBadRequest, codeJSON, "Cannot deserialize instance of "+string(f.kind)+" from "+token+
		" value "+strings.Trim(value, `"`)+" or request may be missing a required field at [line:1, column:1]")
}

func badJSON() *failure {
	return failedWith(http.StatusBadRequest, codeJSON, "Unexpected character or end of input at [line:1, column:1]")
}
