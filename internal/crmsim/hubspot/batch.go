package hubspot

import (
	"net/http"
	"slices"
	"time"

	"lockstep/internal/crmsim"
)

// batch is what one call writes to one object.
type batch struct {
	table *table
	verb  verb
	by    int // the property that records are found by; -1 is their id
	// partial lets the good inputs land beside the bad; otherwise one bad input
	// is the end of all.
	partial  bool
	drafts   []draft
	keys     []string // by which the script knows the inputs
	plan     crmsim.Plan
	outcomes []outcome
	undos    []undo
}

// outcome is what became of one input.
type outcome struct {
	record  record // as it was when it was written
	created bool
	missing bool // there is no record to update
	changes []crmsim.Change
	bad     *failure
}

// undo is a record as it was before; without an id it was not there.
type undo struct {
	record *record
	was    record
}

func (b *batch) shape() *object { return b.table.schema.Load() }

// settle decides whether the batch may land in part: only if each input has a
// trace id of its own (crm/hubspot.md §3), and never by address: "Partial
// upserts are not supported when using email as the idProperty".
func (b *batch) settle() {
	seen := make(map[string]struct{}, len(b.drafts))
	for i := range b.drafts {
		if trace := b.drafts[i].trace; trace != "" {
			seen[trace] = struct{}{}
		}
	}
	b.partial = len(seen) == len(b.drafts)
	if b.verb == upserting && b.by >= 0 && b.shape().properties[b.by].name == propEmail {
		b.partial = false
	}
}

// twice refuses ids that stand in the batch more than once, in part or not
// (batch/update/contacts/err-duplicate-ids.json).
func (b *batch) twice() *failure {
	if b.verb == creating {
		return nil
	}
	seen := make(map[string]int, len(b.drafts))
	for i := range b.drafts {
		id := b.drafts[i].id
		if b.by >= 0 {
			id = b.shape().properties[b.by].key(id)
		}
		if seen[id]++; seen[id] > 1 {
			id = b.drafts[i].id
			return refused("Duplicate IDs found in batch input: ["+id+"]. IDs must be unique").about("ids", id)
		}
	}
	return nil
}

// strangers refuses the whole batch for a property that there is none of,
// trace ids or not (batch/create/contacts/err-many-invalid-properties.json).
func (b *batch) strangers() *failure {
	if !slices.ContainsFunc(b.drafts, func(d draft) bool { return d.unknown }) {
		return nil
	}
	return notValid(b.invalid())
}

func (b *batch) invalid() []invalid {
	var all []invalid
	for i := range b.drafts {
		all = append(all, b.drafts[i].invalid...)
	}
	return all
}

// identify finds the external ids by which the script knows the inputs: the
// one given, else the one the record has, else what it is looked up by.
func (b *batch) identify() {
	mark := b.shape().marker
	b.keys = make([]string, len(b.drafts))
	for i := range b.drafts {
		d := &b.drafts[i]
		key := ""
		if mark >= 0 {
			key = d.change(mark)
			if key == "" && b.by == mark {
				key = d.id
			}
		}
		if r := b.target(d); key == "" && r != nil {
			key = b.table.marker(r)
		}
		if key == "" {
			key = d.id
		}
		b.keys[i] = key
	}
}

// apply carries the batch out, or returns why nothing of it was. It takes the
// account's lock once, so that whatever is unique stays so however many writes
// overlap.
func (b *batch) apply() *failure {
	p := b.table.portal
	p.mu.Lock()
	defer p.mu.Unlock()
	if bad := b.locked(); bad != nil {
		return bad
	}
	refused, conflict := false, false
	for i := range b.drafts {
		out := b.write(i)
		b.outcomes = append(b.outcomes, out)
		refused = refused || out.bad != nil
		conflict = conflict || out.bad != nil && len(out.bad.details) == 0
	}
	if refused && !b.partial || conflict && p.sim.strict.Load() {
		b.rollBack()
		return b.whole()
	}
	return nil
}

// locked has the script lock a record, and refuses the call for one that is
// locked: 423, for two seconds (crm/hubspot.md §8). The body is unverified.
func (b *batch) locked() *failure {
	p := b.table.portal
	now := p.sim.rig.Clock.Now()
	held := false
	for i, key := range b.keys {
		if b.plan.Locked(i) {
			held = true
			if key != "" {
				p.locks[key] = now.Add(p.sim.lockFor)
			}
			continue
		}
		until, ok := p.locks[key]
		if ok && !now.Before(until) {
			delete(p.locks, key)
		}
		held = held || ok && now.Before(until)
	}
	if !held {
		return nil
	}
	return failed(http.StatusLocked, catUnexpected, "The record is locked. Wait at least "+(2*time.Second).String()+" before trying again.")
}

func (b *batch) write(i int) outcome {
	d := &b.drafts[i]
	r := b.target(d)
	if r == nil && b.verb == updating {
		return outcome{missing: true}
	}
	if bad := b.objection(i, r); bad != nil {
		return outcome{bad: bad}
	}
	if r == nil {
		b.complete(d)
		r = b.table.insert(d.changes)
		b.undos = append(b.undos, undo{record: r})
		return outcome{record: *r, created: true, changes: d.changes}
	}
	for n, c := range d.changes {
		d.changes[n].Text = b.shape().properties[c.Field].merged(r.row.Get(c.Field), c.Text)
	}
	b.undos = append(b.undos, undo{record: r, was: *r})
	b.table.update(r, d.changes)
	return outcome{record: *r, changes: d.changes}
}

// target finds the record that a draft is about; nil is none.
func (b *batch) target(d *draft) *record {
	var r *record
	switch {
	case b.verb == creating:
	case b.by >= 0:
		r = b.table.find(b.by, d.id)
	default:
		r = b.table.get(d.id)
	}
	if r == nil || r.archived {
		return nil
	}
	return r
}

// objection says why an input is refused, or nil.
func (b *batch) objection(i int, r *record) *failure {
	d := &b.drafts[i]
	if b.plan.Refused(i) {
		d.invalid = append(d.invalid, b.refusal(d))
	}
	if len(d.invalid) > 0 {
		return notValid(d.invalid)
	}
	return b.conflict(d, r)
}

// refusal is what the script has a record refused with.
func (b *batch) refusal(d *draft) invalid {
	name := propID
	if len(d.changes) > 0 {
		name = b.shape().properties[d.changes[0].Field].name
	}
	return invalid{name: name, code: codeScripted, message: "The sandbox refuses this record until it is healed."}
}

// conflict refuses a value that must be unique and is another record's. A new
// contact's address is answered with a conflict, additional addresses of the
// other included; anything else as a value that cannot be set.
func (b *batch) conflict(d *draft, r *record) *failure {
	o := b.shape()
	for _, c := range d.changes {
		p := o.properties[c.Field]
		if !p.keyed() || c.Text == "" {
			continue
		}
		holder := b.table.find(c.Field, c.Text)
		switch {
		case holder == nil || holder == r:
		case p.name == propEmail && r == nil:
			return contactExists(holder)
		default:
			return valueTaken(b.table, p, c.Text, r, holder)
		}
	}
	return nil
}

// complete adds to a new record what it is looked up by, and HubSpot's
// defaults: a contact is a lead (batch/create/contacts/success.json), a
// company's website is its domain (wire-recordings-grouparoo.json).
func (b *batch) complete(d *draft) {
	o := b.shape()
	if b.verb == upserting {
		d.put(b.by, d.key)
	}
	for n, c := range d.changes {
		d.changes[n].Text = o.properties[c.Field].merged("", c.Text)
	}
	switch o.typeID {
	case "0-1":
		d.put(o.index[propLifecycle], "lead")
	case "0-2":
		if domain := d.change(o.index["domain"]); domain != "" {
			d.put(o.index["website"], domain)
		}
	case "0-3":
		d.put(o.index["pipeline"], defaultPipeline)
	}
}

// whole is why a batch fails that may not land in part: every value that is
// not valid, else the first conflict, without the id of the record that is in
// the way (batch/create/contacts/err-conflict.json).
func (b *batch) whole() *failure {
	if all := b.invalid(); len(all) > 0 {
		return notValid(all)
	}
	for _, out := range b.outcomes {
		if out.bad != nil && out.bad.category == catConflict {
			return failed(out.bad.status, out.bad.category, "Contact already exists")
		}
		if out.bad != nil {
			return out.bad
		}
	}
	return nil
}

// rollBack undoes what the batch did.
func (b *batch) rollBack() {
	for _, u := range slices.Backward(b.undos) {
		if u.was.id == 0 {
			b.table.withdraw(u.record)
			continue
		}
		b.table.restore(u.record, u.was)
	}
}
