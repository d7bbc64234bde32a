package salesforce

import (
	"net/http"
	"strings"

	"lockstep/internal/crmsim"
)

// maxCollection is how many records one call takes (crm/salesforce.md §3).
const maxCollection = 200

// collection is the body of a collections call.
type collection struct {
	allOrNone bool
	records   [][]member
	types     []string // attributes.type of each
	members   []member // of all records, for which room is made once
}

func readCollection(body string) (collection, *failure) {
	c := collection{members: make([]member, 0, len(body)/32)}
	s := crmsim.NewScanner(body)
	s.Members(func(key string) {
		switch key {
		case "allOrNone":
			c.allOrNone = s.Raw() == "true"
		case "records":
			s.Items(func() { c.add(s) })
		default:
			s.Raw()
		}
	})
	switch {
	case s.End() != nil:
		return c, badJSON()
	case len(c.records) == 0:
		// amp-labs-fixtures/batch/create/contacts/err-bad-request.json
		return c, failedWith(http.StatusBadRequest, codeRequired, "At least 1 record is required")
	case len(c.records) > maxCollection:
		return c, failedWith(http.StatusBadRequest, codeIDLimit, "record limit reached. cannot submit more than 200 records into this call")
	}
	return c, nil
}

// add reads one record.
func (c *collection) add(s *crmsim.Scanner) {
	first, kind := len(c.members), ""
	s.Members(func(key string) {
		value := s.Raw()
		if key == "attributes" {
			kind = attributeType(value)
			return
		}
		c.members = append(c.members, member{key: key, value: value})
	})
	c.records = append(c.records, c.members[first:len(c.members):len(c.members)])
	c.types = append(c.types, kind)
}

func attributeType(raw string) string {
	kind := ""
	s := crmsim.NewScanner(raw)
	s.Members(func(key string) {
		if key != "type" {
			s.Raw()
			return
		}
		kind = s.Quoted()
	})
	return kind
}

func createAll(c *call) crmsim.Answer { return c.writeAll(inserting) }
func updateAll(c *call) crmsim.Answer { return c.writeAll(updating) }

// writeAll creates or updates records of any mixture of objects.
func (c *call) writeAll(v verb) crmsim.Answer {
	in, bad := readCollection(string(c.body))
	if bad != nil {
		return bad.answer()
	}
	w := write{allOrNone: in.allOrNone}
	for i, members := range in.records {
		t := c.org.table(in.types[i])
		if t == nil {
			// Unverified; that attributes.type is needed is not.
			return failedWith(http.StatusBadRequest, codeInvalidType, "sObject type '"+in.types[i]+"' is not supported.").answer()
		}
		if len(w.batches) == 0 || w.batches[len(w.batches)-1].table != t {
			w.batches = append(w.batches, c.batch(t, v, -1))
		}
		if stop := w.batches[len(w.batches)-1].read(members); stop != nil {
			return stop.answer()
		}
	}
	c.Object = w.batches[0].shape().name
	return c.carryOut(&w, false)
}

// upsertAll creates or updates records of one object by one field.
func upsertAll(c *call) crmsim.Answer {
	t, bad := c.table()
	if bad != nil {
		return bad.answer()
	}
	key, bad := c.keyField(t)
	if bad != nil {
		return bad.answer()
	}
	in, bad := readCollection(string(c.body))
	if bad != nil {
		return bad.answer()
	}
	b := c.batch(t, upserting, key)
	for i, members := range in.records {
		if !strings.EqualFold(in.types[i], c.Object) {
			// Unverified; that attributes.type is needed is not.
			return failedWith(http.StatusBadRequest, codeInvalidType, "Record type must be the same as the sobject type in the URI.").answer()
		}
		if stop := b.read(members); stop != nil {
			return stop.answer()
		}
	}
	return c.carryOut(&write{batches: []*batch{b}, allOrNone: in.allOrNone}, true)
}

// keyField returns the field that the path says to upsert by: an external id
// or one marked idLookup, which Id and Email are (CumulusCI's TestUpsert
// recordings).
func (c *call) keyField(t *table) (int, *failure) {
	name := c.request.PathValue("field")
	o := t.schema.Load()
	i := o.find(name)
	if i < 0 || !o.fields[i].externalID && !o.fields[i].idLookup {
		return -1, noKeyField(name)
	}
	return i, nil
}

func (c *call) batch(t *table, v verb, key int) *batch {
	return &batch{
		table: t, verb: v, key: key, version: c.version(),
		allowSave: strings.Contains(strings.ToLower(c.request.Header.Get("Sforce-Duplicate-Rule-Header")), "allowsave=true"),
		assigns:   assigns(c.request.Header),
	}
}

// read adds a record to the batch, or returns why the whole call fails.
func (b *batch) read(members []member) *failure {
	rd := reader{object: b.shape(), key: b.key}
	d, stop := rd.read(members)
	if stop == nil {
		b.drafts = append(b.drafts, d)
	}
	return stop
}

// carryOut has the script look at the write, applies it, and answers record by
// record.
func (c *call) carryOut(w *write, upsert bool) crmsim.Answer {
	if stop := c.prepare(w); stop != nil {
		return *stop
	}
	w.apply(c.org)
	c.count(w)
	out := make([]byte, 0, 96*c.Records)
	out = append(out, '[')
	for _, b := range w.batches {
		for _, o := range b.outcomes {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = o.append(out, upsert)
		}
	}
	return jsonAnswer(http.StatusOK, append(out, ']'))
}

// prepare asks the script what it has in store for the write.
func (c *call) prepare(w *write) *crmsim.Answer {
	if w.batches[0].shape().setup {
		// Configuring the org is not what faults are for.
		c.ask(w.batches[0].table)
		c.Records++
		return nil
	}
	var keys []string
	c.org.mu.RLock()
	for _, b := range w.batches {
		keys = b.keys(keys)
	}
	c.org.mu.RUnlock()
	c.Records += len(keys)
	plan, stop := c.Disturb(keys)
	w.plan = plan
	return stop
}

func (c *call) count(w *write) {
	for _, b := range w.batches {
		for _, o := range b.outcomes {
			switch {
			case o.bad != nil:
				c.Failed++
			case o.created:
				c.Created++
			default:
				c.Updated++
			}
		}
	}
}

// append appends an outcome as a SaveResult, or an UpsertResult, which has
// created (CumulusCI's TestUpsert recordings). A refused record has no id.
func (o outcome) append(out []byte, upsert bool) []byte {
	out = append(out, '{')
	if o.bad == nil {
		out = append(crmsim.AppendMember(out, "id"), '"')
		out = append(out, o.id...)
		out = append(out, `","success":true,"errors":[]`...)
	} else {
		out = append(out, `"success":false,"errors":[`...)
		out = append(o.bad.append(out, "statusCode", true), ']')
	}
	if upsert {
		out = append(crmsim.AppendMember(out, "created"), truth(o.created)...)
	}
	return append(out, '}')
}

// removeAll deletes by id.
func removeAll(c *call) crmsim.Answer {
	q := c.request.URL.Query()
	ids := strings.FieldsFunc(q.Get("ids"), func(r rune) bool { return r == ',' })
	switch {
	case len(ids) == 0:
		return failedWith(http.StatusBadRequest, codeRequired, "At least 1 record is required").answer()
	case len(ids) > maxCollection:
		return failedWith(http.StatusBadRequest, codeIDLimit, "record limit reached. cannot submit more than 200 records into this call").answer()
	}
	c.org.mu.Lock()
	defer c.org.mu.Unlock()
	outcomes := make([]outcome, len(ids))
	found := make([]*record, len(ids))
	refused := false
	for i, id := range ids {
		found[i], outcomes[i] = c.org.doomed(id)
		refused = refused || outcomes[i].bad != nil
	}
	rollBack := refused && q.Get("allOrNone") == "true"
	out := []byte{'['}
	for i, o := range outcomes {
		switch {
		case o.bad != nil:
			c.Failed++
		case rollBack:
			o = outcome{bad: failed(codeAllOrNone, "Record rolled back because not all records were valid and the request was using AllOrNone header")}
		default:
			c.org.tableOf(found[i].id).remove(found[i])
			c.Updated++
		}
		if i > 0 {
			out = append(out, ',')
		}
		out = o.append(out, false)
	}
	c.Records += len(ids)
	c.org.grant()
	return jsonAnswer(http.StatusOK, append(out, ']'))
}

// doomed finds a record to delete.
func (o *org) doomed(id string) (*record, outcome) {
	full, ok := longID(id)
	t := o.tableOf(full)
	if !ok || t == nil || t.schema.Load().fixed {
		return nil, outcome{bad: failed(codeMalformedID, "malformed id "+id)}
	}
	r, bad := t.locate(full)
	if bad != nil {
		return nil, outcome{bad: bad}
	}
	return r, outcome{id: r.id}
}

// retrieveAll reads records by id: ids and fields in the query, or in the body
// of a POST. What is not found is null, in its place.
func retrieveAll(c *call) crmsim.Answer {
	t, bad := c.table()
	if bad != nil {
		return bad.answer()
	}
	ids, names, bad := c.wanted()
	if bad != nil {
		return bad.answer()
	}
	o := t.schema.Load()
	columns := make([]int, 0, len(names))
	for _, name := range names {
		i := o.find(name)
		if i < 0 {
			return noColumn(name, o.name).answer()
		}
		columns = append(columns, i)
	}
	c.org.mu.RLock()
	defer c.org.mu.RUnlock()
	out := []byte{'['}
	for i, id := range ids {
		if i > 0 {
			out = append(out, ',')
		}
		full, _ := longID(id)
		if r := t.get(full); r != nil && !r.deleted {
			out = t.append(out, r, columns, c.version())
			c.Records++
			continue
		}
		out = append(out, "null"...)
	}
	return jsonAnswer(http.StatusOK, append(out, ']'))
}

// wanted returns the ids and fields that a collections retrieve asks for.
func (c *call) wanted() (ids, fields []string, bad *failure) {
	comma := func(r rune) bool { return r == ',' || r == ' ' }
	if c.request.Method == http.MethodGet {
		q := c.request.URL.Query()
		return strings.FieldsFunc(q.Get("ids"), comma), strings.FieldsFunc(q.Get("fields"), comma), nil
	}
	s := crmsim.NewScanner(string(c.body))
	s.Members(func(key string) {
		into := &ids
		switch key {
		case "ids":
		case "fields":
			into = &fields
		default:
			s.Raw()
			return
		}
		s.Items(func() { *into = append(*into, s.Quoted()) })
	})
	if s.End() != nil {
		return nil, nil, badJSON()
	}
	return ids, fields, nil
}

// append appends a record as an sObject with the given columns.
func (t *table) append(out []byte, r *record, columns []int, version string) []byte {
	o := t.schema.Load()
	out = append(out, `{"attributes":{"type":"`...)
	out = append(out, o.name...)
	out = append(out, `","url":"`...)
	out = append(out, recordURL(version, o.name, r.id)...)
	out = append(out, `"}`...)
	for _, i := range columns {
		out = crmsim.AppendMember(out, o.fields[i].name)
		out = o.fields[i].appendJSON(out, t.text(r, i))
	}
	return append(out, '}')
}
