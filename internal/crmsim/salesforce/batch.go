package salesforce

import (
	"slices"
	"strings"

	"lockstep/internal/crmsim"
)

// batch is what one call writes to one object.
type batch struct {
	table     *table
	verb      verb
	key       int  // field upserted by; -1 otherwise
	allowSave bool // past duplicate rules
	assigns   bool // by the active assignment rule
	version   string
	drafts    []draft
	outcomes  []outcome
	undos     []undo
}

// outcome is what became of one record.
type outcome struct {
	record  *record
	id      string
	created bool
	bad     *failure
}

// undo is a record as it was before; without an id it was not there.
type undo struct {
	record *record
	was    record
}

// keys appends the external ids by which the script knows the batch's records:
// the one given, else the one the record has, else its id.
func (b *batch) keys(keys []string) []string {
	mark := b.shape().marker
	for i := range b.drafts {
		d := &b.drafts[i]
		key := ""
		for _, c := range d.changes {
			if c.Field == mark {
				key = c.Text
			}
		}
		if id, ok := longID(d.id); key == "" && ok {
			key = id
			if r := b.table.get(id); r != nil && b.table.marker(r) != "" {
				key = b.table.marker(r)
			}
		}
		keys = append(keys, key)
	}
	return keys
}

func (b *batch) shape() *object { return b.table.schema.Load() }

// repeated counts the keys of an upsert. A record that shares its key with
// another of the same call is refused, whichever comes first: "If the key is
// matched multiple times, an error is reported" (SOAP upsert()).
func (b *batch) repeated() map[string]int {
	if b.verb != upserting || len(b.drafts) == 1 {
		return nil
	}
	f := b.shape().fields[b.key]
	if f.kind == typeID {
		return nil
	}
	counts := make(map[string]int, len(b.drafts))
	for i := range b.drafts {
		counts[f.key(b.drafts[i].key)]++
	}
	if len(counts) == len(b.drafts) {
		return nil
	}
	// By the spelling of each draft, which is what is looked up.
	for i := range b.drafts {
		counts[b.drafts[i].key] = counts[f.key(b.drafts[i].key)]
	}
	return counts
}

func (b *batch) write(d *draft) outcome {
	r, bad := b.target(d)
	if bad == nil {
		bad = d.bad
	}
	if bad == nil {
		bad = b.adopt(d)
	}
	if bad == nil && r == nil {
		bad = b.admitInsert(d)
	} else if bad == nil {
		bad = b.admitUpdate(d, r)
	}
	if bad == nil {
		bad = b.unique(d, r)
	}
	if bad != nil {
		return outcome{bad: bad}
	}
	b.assign(d)
	if r == nil {
		r = b.table.insert(b.completed(d.changes))
		b.undos = append(b.undos, undo{record: r})
		return outcome{record: r, id: r.id, created: true}
	}
	b.undos = append(b.undos, undo{record: r, was: *r})
	b.table.update(r, d.changes)
	return outcome{record: r, id: r.id}
}

// target finds the record to update; nil is one to insert.
func (b *batch) target(d *draft) (*record, *failure) {
	o := b.shape()
	switch {
	case b.verb == inserting:
		return nil, nil
	case b.verb == updating && d.id == "":
		return nil, failed(codeMissing, "Id not specified in an update call")
	case b.verb == updating, o.fields[b.key].kind == typeID && d.id != "":
		return b.table.locate(d.id)
	case o.fields[b.key].kind == typeID:
		return nil, nil
	case d.key == "":
		return nil, failed(codeMissing, o.fields[b.key].name+" not specified")
	}
	found := b.table.find(b.key, d.key)
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	ids := make([]string, len(found))
	for i, r := range found {
		ids[i] = r.id
	}
	return nil, failed(codeDuplicateID, "more than one record found for external id field: ["+strings.Join(ids, ", ")+"]", o.fields[b.key].name)
}

// locate returns the live record with that id.
func (t *table) locate(id string) (*record, *failure) {
	o := t.schema.Load()
	full, ok := longID(id)
	if !ok {
		// amp-labs-fixtures/success-with-errors.json
		return nil, failed(codeMalformedID, "malformed id "+id)
	}
	if !strings.HasPrefix(full, o.prefix) {
		return nil, failed(codeMalformedID, o.label+" ID: id value of incorrect type: "+id, "Id")
	}
	r := t.get(full)
	switch {
	case r == nil:
		return nil, failed(codeInvalidCross, "invalid cross reference id")
	case r.deleted:
		// amp-labs-fixtures/crm/delete/not-found.json; a merged loser is deleted too.
		return nil, &failure{code: codeDeleted, message: "entity is deleted", fields: []string{}, status: 404}
	}
	return r, nil
}

func (b *batch) admitInsert(d *draft) *failure {
	o := b.shape()
	if o.fixed {
		return failed(codeForOperation, "entity type cannot be inserted: "+o.label)
	}
	if bad := denied(o, d.changes, func(f *field) bool { return f.createable }); bad != nil {
		return bad
	}
	var missing []string
	for _, i := range o.required {
		given := slices.IndexFunc(d.changes, func(c crmsim.Change) bool { return c.Field == i })
		if given < 0 || d.changes[given].Text == "" {
			missing = append(missing, o.fields[i].name)
		}
	}
	if len(missing) > 0 {
		return missingFields(missing)
	}
	return b.table.org.admitSetup(b.table, d)
}

func (b *batch) admitUpdate(d *draft, r *record) *failure {
	o := b.shape()
	if o.fixed {
		return failed(codeForOperation, "entity type cannot be updated: "+o.label)
	}
	if o.name == "Lead" && b.table.text(r, o.must("IsConverted")) == "true" {
		// wire-recordings-grouparoo.json
		return failed(codeConverted, "cannot reference converted lead")
	}
	// An upsert repeats the value it looked the record up by.
	writable := func(f *field) bool { return f.updateable }
	if bad := denied(o, d.changes, writable); bad != nil {
		return bad
	}
	var missing []string
	for _, c := range d.changes {
		if f := o.fields[c.Field]; c.Text == "" && !f.nillable {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return missingFields(missing)
	}
	return nil
}

// denied refuses fields that cannot be written
// (amp-labs-fixtures/invalid-field-upsert.json).
func denied(o *object, changes []crmsim.Change, writable func(*field) bool) *failure {
	var names []string
	for _, c := range changes {
		if f := o.fields[c.Field]; !writable(f) {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return failed(codeReadOnly, "Unable to create/update fields: "+strings.Join(names, ", ")+
		". Please check the security settings of this field and verify that it is read/write for your profile or permission set.", names...)
}

// missingFields is recorded for Name on Account (wire-recordings-grouparoo.json).
func missingFields(names []string) *failure {
	return failed(codeRequired, "Required fields are missing: ["+strings.Join(names, ", ")+"]", names...)
}

// completed adds the defaults of what was not given.
func (b *batch) completed(changes []crmsim.Change) []crmsim.Change {
	o := b.shape()
	full := make([]crmsim.Change, 0, len(changes)+2)
	for i, f := range o.fields {
		given := len(changes) > 0 && changes[0].Field == i
		switch {
		case given && changes[0].Text != "":
			full = append(full, changes[0])
		case f.name == "OwnerId":
			full = append(full, crmsim.Change{Field: i, Text: b.table.org.user})
		case f.defaultText != "" && f.kind != typeBoolean && !f.dropped:
			full = append(full, crmsim.Change{Field: i, Text: f.defaultText})
		}
		if given {
			changes = changes[1:]
		}
	}
	return full
}

// rollBack undoes what the batch did and says so for every record that would
// have been written (amp-labs-fixtures/batch/create/contacts/partial-but-allOrNone.json).
func (b *batch) rollBack() {
	for _, u := range slices.Backward(b.undos) {
		if u.was.id != "" {
			b.table.restore(u.record, u.was)
			continue
		}
		b.table.unlistAll(u.record)
		b.table.records = b.table.records[:len(b.table.records)-1]
	}
	for i := range b.outcomes {
		if b.outcomes[i].bad == nil {
			b.outcomes[i] = outcome{bad: failed(codeAllOrNone,
				"Record rolled back because not all records were valid and the request was using AllOrNone header")}
		}
	}
}
