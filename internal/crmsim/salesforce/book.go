package salesforce

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

// book is the emulator's records behind the API's back.
type book Sim

// Records yields CRM records; those of a setup object only when it is asked
// for by name.
func (b *book) Records(object string, whole bool) iter.Seq[crmsim.Record] {
	return func(yield func(crmsim.Record) bool) {
		for _, o := range b.orgs {
			for _, t := range o.ordered {
				shape := t.schema.Load()
				if object == "" && shape.setup || object != "" && !strings.EqualFold(object, shape.name) {
					continue
				}
				if !t.each(whole, yield) {
					return
				}
			}
		}
	}
}

// each yields the table's records one by one, locking for each alone: a slow
// reader must not hold up the API.
func (t *table) each(whole bool, yield func(crmsim.Record) bool) bool {
	for i := 0; ; i++ {
		t.org.mu.RLock()
		if i >= len(t.records) {
			t.org.mu.RUnlock()
			return true
		}
		r := t.view(t.records[i])
		if whole {
			r.Fields = t.fields(t.records[i])
		}
		t.org.mu.RUnlock()
		if !yield(r) {
			return false
		}
	}
}

func (t *table) view(r *record) crmsim.Record {
	o := t.schema.Load()
	out := crmsim.Record{
		Account: t.org.id, Object: o.name, ID: r.id, Writes: r.writes, Deleted: r.deleted,
		CreatedAt: time.UnixMilli(r.created).UTC(), UpdatedAt: time.UnixMilli(r.modified).UTC(),
	}
	if mark := t.marker(r); mark != "" {
		out.ExternalID = &mark
	}
	if i, ok := o.index["Email"]; ok {
		out.Email = strings.ToLower(r.row.Get(i))
	}
	return out
}

// fields spells out the values that a record has.
func (t *table) fields(r *record) json.RawMessage {
	o := t.schema.Load()
	stored := make([]string, len(o.fields))
	for i, text := range r.row.All() {
		stored[i] = text
	}
	out := make([]byte, 1, 1024)
	out[0] = '{'
	for i, f := range o.fields {
		text := stored[i]
		if f.derived != nil || f.kind == typeBoolean {
			text = t.text(r, i)
		}
		if text != "" && !f.dropped {
			out = crmsim.AppendMember(out, f.name)
			out = f.appendJSON(out, text)
		}
	}
	return append(out, '}')
}

// Seed inserts records as the API would, field-level security aside.
func (b *book) Seed(seeds []crmsim.Seed) ([]string, error) {
	ids := make([]string, 0, len(seeds))
	for n, seed := range seeds {
		o := b.orgs[0]
		for _, other := range b.orgs {
			if other.id == seed.Account {
				o = other
			}
		}
		t := o.table(seed.Object)
		if t == nil {
			return ids, fmt.Errorf("seeding record %d: no object %q", n+1, seed.Object)
		}
		id, err := t.seed(seed)
		if err != nil {
			return ids, fmt.Errorf("seeding record %d: %w", n+1, err)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (t *table) seed(seed crmsim.Seed) (string, error) {
	members := make([]member, 0, len(seed.Fields))
	for _, name := range slices.Sorted(maps.Keys(seed.Fields)) {
		members = append(members, member{key: name, value: string(seed.Fields[name])})
	}
	shape := t.schema.Load().edited(func(fields []*field) []*field {
		for _, f := range fields {
			f.hidden = false
		}
		return fields
	})
	rd := reader{object: shape, key: -1}
	d, stop := rd.read(members)
	if stop != nil {
		return "", errors.New(string(stop.code))
	}
	w := write{batches: []*batch{{table: t, verb: inserting, key: -1, allowSave: true, drafts: []draft{d}}}}
	w.apply(t.org)
	out := w.batches[0].outcomes[0]
	if out.bad != nil {
		return "", fmt.Errorf("%s %s", out.bad.code, strings.Join(out.bad.fields, ", "))
	}
	return out.id, nil
}

// Empty removes every CRM record. Numbering goes on, so that no id comes back.
func (b *book) Empty() {
	for _, o := range b.orgs {
		o.mu.Lock()
		for _, t := range o.ordered {
			if t.schema.Load().setup {
				continue
			}
			t.cleared += len(t.records)
			t.records = nil
			clear(t.index)
		}
		clear(o.cursors)
		o.mu.Unlock()
	}
}

// locate finds a live record by id in any org.
func (b *book) locate(id string) (*org, *table, *record) {
	full, _ := longID(id)
	for _, o := range b.orgs {
		if t := o.tableOf(full); t != nil {
			o.mu.Lock()
			if r := t.get(full); r != nil && !r.deleted {
				return o, t, r
			}
			o.mu.Unlock()
		}
	}
	return nil, nil, nil
}

// Delete moves a record to the recycle bin.
func (b *book) Delete(id string) error {
	o, t, r := b.locate(id)
	if r == nil {
		return crmsim.ErrNoRecord
	}
	defer o.mu.Unlock()
	t.remove(r)
	return nil
}

// Merge deletes loser, which then names winner as its master record; values
// that winner lacks, it takes over.
func (b *book) Merge(winner, loser string) error {
	o, t, into := b.locate(winner)
	if into == nil {
		return crmsim.ErrNoRecord
	}
	defer o.mu.Unlock()
	full, _ := longID(loser)
	from := t.get(full)
	if from == nil || from.deleted || from == into {
		return crmsim.ErrNoRecord
	}
	t.remove(from)
	var taken []crmsim.Change
	for i, text := range from.row.All() {
		if into.row.Get(i) == "" {
			taken = append(taken, crmsim.Change{Field: i, Text: text})
		}
	}
	t.update(into, taken)
	from.master = into.id
	return nil
}

// DropField removes a custom field in every org that has it.
func (b *book) DropField(object, name string) error {
	dropped := false
	for _, o := range b.orgs {
		if t := o.table(object); t != nil && t.dropField(name) {
			dropped = true
		}
	}
	if !dropped {
		return fmt.Errorf("dropping field: no custom field %s.%s", object, name)
	}
	return nil
}

// convert turns a lead into a contact, as a user of the CRM would.
func (s *Sim) convert(w http.ResponseWriter, r *http.Request) {
	var in struct{ Lead string }
	if !crmsim.Decode(w, r, &in) {
		return
	}
	o, t, lead := (*book)(s).locate(in.Lead)
	if lead == nil {
		crmsim.Done(w, crmsim.ErrNoRecord)
		return
	}
	defer o.mu.Unlock()
	if t.schema.Load().name != "Lead" || t.value(lead, "IsConverted") == "true" {
		crmsim.Done(w, errors.New("converting: not a lead that is open"))
		return
	}
	crmsim.Reply(w, http.StatusOK, map[string]string{"contact": o.convert(t, lead)})
}

// convert copies the fields that lead and contact both have. Custom fields are
// not mapped by default, and neither are they here.
func (o *org) convert(t *table, lead *record) string {
	values := map[string]string{"OwnerId": t.value(lead, "OwnerId")}
	contacts := o.table("Contact").schema.Load()
	shape := t.schema.Load()
	for i, text := range lead.row.All() {
		if f := shape.fields[i]; !f.custom && contacts.has(f.name) {
			values[f.name] = text
		}
	}
	contact := o.put("Contact", values)
	changes := []crmsim.Change{
		{Field: shape.must("IsConverted"), Text: "true"},
		{Field: shape.must("ConvertedContactId"), Text: contact},
		{Field: shape.must("ConvertedDate"), Text: o.now().UTC().Format(time.DateOnly)},
		{Field: shape.must("Status"), Text: "Closed - Converted"},
	}
	slices.SortFunc(changes, func(a, b crmsim.Change) int { return a.Field - b.Field })
	t.update(lead, changes)
	return contact
}

// setDuplicateRule switches a duplicate rule on or off in every org.
func (s *Sim) setDuplicateRule(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Object, Field string
		On            bool
	}
	if !crmsim.Decode(w, r, &in) {
		return
	}
	for _, o := range s.orgs {
		if err := o.setRule(in.Object, in.Field, in.On); err != nil {
			crmsim.Done(w, err)
			return
		}
	}
	crmsim.Done(w, nil)
}

func (o *org) setRule(object, name string, on bool) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	t := o.table(object)
	if t == nil {
		return fmt.Errorf("setting duplicate rule: no object %q", object)
	}
	shape := t.schema.Load()
	i := shape.find(name)
	if i < 0 || !shape.fields[i].keyed() {
		return fmt.Errorf("setting duplicate rule: %s has no indexed field %q", shape.name, name)
	}
	delete(o.rules, shape.name)
	if on {
		o.rules[shape.name] = shape.fields[i].name
	}
	return nil
}
