package salesforce

import (
	"cmp"
	"encoding/json"
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
	version   string
	drafts    []draft
	outcomes  []outcome
	undos     []undo
}

// write is one call that writes: records of one object, or runs of several.
type write struct {
	batches   []*batch
	allOrNone bool
	plan      crmsim.Plan
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

// apply carries the write out. It takes the org's lock once, so that whatever
// is unique stays so however many writes overlap.
func (w *write) apply(o *org) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, refused := 0, false
	for _, b := range w.batches {
		twice := b.repeated()
		for i := range b.drafts {
			d := &b.drafts[i]
			if d.key != "" && twice[d.key] > 1 {
				d.fail(failed(codeDuplicate, "Duplicate external id specified: "+d.key, b.shape().fields[b.key].name))
			}
			w.disturb(n, b, d)
			out := b.write(d)
			b.outcomes = append(b.outcomes, out)
			refused = refused || out.bad != nil
			n++
		}
	}
	for _, b := range w.batches {
		if w.allOrNone && refused {
			b.rollBack()
		}
		if b.shape().setup {
			o.grant()
		}
	}
}

// disturb lets the script refuse the nth record of the call.
func (w *write) disturb(n int, b *batch, d *draft) {
	if w.plan.Refused(n) {
		d.fail(failed(codeValidation, "The sandbox refuses this record until it is healed."))
	}
	if w.plan.Locked(n) {
		d.fail(failed(codeLocked, "unable to obtain exclusive access to this record or 1 records: "+makeID(b.shape().prefix, b.table.org.instance, 1)))
	}
}

// keys appends the external ids by which the script knows the batch's records:
// the one given, else the one the record has, else its id.
func (b *batch) keys(keys []string) []string {
	mark := b.shape().marker
	for i := range b.drafts {
		d := &b.drafts[i]
		key := ""
		for _, c := range d.changes {
			if c.field == mark {
				key = c.text
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
	f := &b.shape().fields[b.key]
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

// adopt resolves the draft's references.
func (b *batch) adopt(d *draft) *failure {
	o := b.shape()
	for _, p := range d.parents {
		f := &o.fields[p.field]
		if p.object == "" {
			if bad := b.adoptID(f, p.value); bad != nil {
				return bad
			}
			continue
		}
		id, bad := b.foreign(p)
		if bad != nil {
			return bad
		}
		i, _ := slices.BinarySearchFunc(d.changes, p.field, func(c change, field int) int { return cmp.Compare(c.field, field) })
		d.changes[i].text = id
	}
	return nil
}

// adoptID checks a reference by id, as far as the kind of record referred to
// is kept here.
func (b *batch) adoptID(f *field, id string) *failure {
	t := b.table.org.tableOf(id)
	if t == nil {
		return nil
	}
	if !slices.Contains(f.referenceTo, t.schema.Load().name) {
		return failed(codeFieldIntegrity, f.label+": id value of incorrect type: "+id, f.name)
	}
	r := t.get(id)
	if r == nil || r.deleted {
		return failed(codeInvalidCross, "invalid cross reference id", f.name)
	}
	if f.name == "OwnerId" && t.schema.Load().name == "User" && t.value(r, "IsActive") != "true" {
		// The message is unverified.
		return failed(codeInactive, "operation performed with inactive user ["+id[:shortID]+"] as owner of "+strings.ToLower(b.shape().name), f.name)
	}
	return nil
}

func (b *batch) foreign(p parent) (string, *failure) {
	t := b.table.org.table(p.object)
	if t == nil {
		return "", failed(codeInvalidField, "Invalid foreign key relationship "+p.object)
	}
	by := t.schema.Load().find(p.by)
	if by < 0 || !t.schema.Load().fields[by].keyed() {
		return "", failed(codeInvalidField, "Foreign key external ID field "+p.by+" not found in entity "+p.object)
	}
	found := t.find(by, p.value)
	if len(found) != 1 {
		return "", failed(codeInvalidField, "Foreign key external ID: "+p.value+" not found for field "+p.by+" in entity "+p.object)
	}
	return found[0].id, nil
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
		given := slices.IndexFunc(d.changes, func(c change) bool { return c.field == i })
		if given < 0 || d.changes[given].text == "" {
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
		if f := &o.fields[c.field]; c.text == "" && !f.nillable {
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
func denied(o *object, changes []change, writable func(*field) bool) *failure {
	var names []string
	for _, c := range changes {
		if f := &o.fields[c.field]; !writable(f) {
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

// unique refuses values that another record holds, then what a duplicate rule
// objects to.
func (b *batch) unique(d *draft, r *record) *failure {
	o := b.shape()
	for _, c := range d.changes {
		f := &o.fields[c.field]
		if !f.unique || c.text == "" {
			continue
		}
		for _, holder := range b.table.find(c.field, c.text) {
			if holder != r {
				return failed(codeDuplicate, "duplicate value found: "+f.name+" duplicates value on record with id: "+holder.id[:shortID])
			}
		}
	}
	return b.duplicate(d, r)
}

func (b *batch) duplicate(d *draft, r *record) *failure {
	o := b.shape()
	rule, on := b.table.org.rules[o.name]
	if !on || b.allowSave {
		return nil
	}
	for _, c := range d.changes {
		if o.fields[c.field].name != rule || c.text == "" {
			continue
		}
		for _, holder := range b.table.find(c.field, c.text) {
			if holder != r {
				return b.detected(o, holder)
			}
		}
	}
	return nil
}

// detected is DUPLICATES_DETECTED with the members that the WSDL's
// DuplicateResult, MatchResult and MatchRecord have.
func (b *batch) detected(o *object, holder *record) *failure {
	const message = "Use one of these records?"
	type attributes struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	}
	match := map[string]any{
		"additionalInformation": []string{}, "fieldDiffs": []string{}, "matchConfidence": 100.0,
		"record": map[string]any{
			"attributes": attributes{Type: o.name, URL: recordURL(b.version, o.name, holder.id)},
			"Id":         holder.id,
		},
	}
	result, err := json.Marshal(map[string]any{
		"allowSave": true, "duplicateRule": "Standard_" + o.name + "_Duplicate_Rule", "duplicateRuleEntityType": o.name,
		"errorMessage": message,
		"matchResults": []any{map[string]any{
			"entityType": o.name, "errors": []string{}, "matchEngine": "ExactMatchEngine", "matchRecords": []any{match},
			"rule": "Standard_" + o.name + "_Match_Rule_v1_0", "size": 1, "success": true,
		}},
	})
	if err != nil {
		result = nil
	}
	return &failure{code: codeDuplicates, message: message, duplicate: result}
}

// completed adds the defaults of what was not given.
func (b *batch) completed(changes []change) []change {
	o := b.shape()
	full := make([]change, 0, len(changes)+2)
	for i := range o.fields {
		f := &o.fields[i]
		given := len(changes) > 0 && changes[0].field == i
		switch {
		case given && changes[0].text != "":
			full = append(full, changes[0])
		case f.name == "OwnerId":
			full = append(full, change{field: i, text: b.table.org.user})
		case f.defaultText != "" && f.kind != typeBoolean && !f.dropped:
			full = append(full, change{field: i, text: f.defaultText})
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
