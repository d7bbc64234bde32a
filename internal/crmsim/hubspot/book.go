package hubspot

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

// book is the emulator's records as the administration sees them.
type book Sim

// Records yields the records account by account, object by object.
func (b *book) Records(object string, whole bool) iter.Seq[crmsim.Record] {
	return func(yield func(crmsim.Record) bool) {
		for _, p := range b.portals {
			for _, t := range p.tables {
				if object != "" && !t.schema.Load().answersTo(object) {
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
		t.portal.mu.RLock()
		if i >= len(t.records) {
			t.portal.mu.RUnlock()
			return true
		}
		r := t.view(t.records[i])
		if whole {
			r.Fields = t.fields(t.records[i])
		}
		t.portal.mu.RUnlock()
		if !yield(r) {
			return false
		}
	}
}

func (t *table) view(r *record) crmsim.Record {
	out := crmsim.Record{
		Account: t.portal.account(), Object: t.schema.Load().name, ID: strconv.FormatInt(r.id, 10), Writes: r.writes, Deleted: r.archived,
		CreatedAt: time.UnixMilli(r.created).UTC(), UpdatedAt: time.UnixMilli(r.modified).UTC(),
		Email: strings.ToLower(t.value(r, propEmail)),
	}
	if mark := t.marker(r); mark != "" {
		out.ExternalID = &mark
	}
	return out
}

// fields spells out the values that a record has, but for those that all
// records have.
func (t *table) fields(r *record) json.RawMessage {
	w := newRenderer(t)
	w.load(r)
	out := []byte{'{'}
	for _, i := range w.shape.sorted {
		if text := w.text(r, i); text != "" && !w.shape.properties[i].constant {
			out = crmsim.AppendString(crmsim.AppendMember(out, w.shape.properties[i].name), text)
		}
	}
	return append(out, '}')
}

// Seed creates records as the API would, read-only properties among them.
func (b *book) Seed(seeds []crmsim.Seed) ([]string, error) {
	ids := make([]string, 0, len(seeds))
	for n, seed := range seeds {
		p := b.portals[0]
		for _, other := range b.portals {
			if other.account() == seed.Account {
				p = other
			}
		}
		t := p.table(seed.Object)
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
	rd := reader{portal: t.portal, object: t.schema.Load(), free: true}
	var d draft
	raw, err := json.Marshal(seed.Fields)
	if err != nil {
		return "", err
	}
	if !rd.properties(crmsim.NewScanner(string(raw)), &d) {
		return "", errors.New("a value is neither a text nor a number")
	}
	b := &batch{table: t, verb: creating, by: -1, drafts: []draft{d}}
	if bad := b.apply(); bad != nil {
		return "", errors.New(bad.message)
	}
	return strconv.FormatInt(b.outcomes[0].record.id, 10), nil
}

// Empty removes every record. Numbering goes on, so that no id comes back.
func (b *book) Empty() {
	for _, p := range b.portals {
		p.mu.Lock()
		for _, t := range p.tables {
			t.cleared += len(t.records)
			t.records = nil
			t.journal = journal{}
			clear(t.index)
		}
		clear(p.locks)
		p.mu.Unlock()
	}
}

// locate finds the table that has a live record of that id in any account. The
// account is locked then.
func (b *book) locate(id string) (*table, *record) {
	for _, p := range b.portals {
		p.mu.Lock()
		for _, t := range p.tables {
			if r := t.get(id); r != nil && !r.archived {
				return t, r
			}
		}
		p.mu.Unlock()
	}
	return nil, nil
}

// Delete archives a record.
func (b *book) Delete(id string) error {
	t, r := b.locate(id)
	if r == nil {
		return crmsim.ErrNoRecord
	}
	defer t.portal.mu.Unlock()
	t.archive(r)
	return nil
}

// Merge makes a new record of two; both ids mean it from then on.
func (b *book) Merge(winner, loser string) error {
	t, r := b.locate(winner)
	if r == nil {
		return crmsim.ErrNoRecord
	}
	defer t.portal.mu.Unlock()
	if t.merge(winner, loser) == nil {
		return crmsim.ErrNoRecord
	}
	return nil
}

// DropField removes a custom property in every account that has it.
func (b *book) DropField(object, name string) error {
	dropped := false
	for _, p := range b.portals {
		if t := p.table(object); t != nil && t.dropProperty(name, b.rig.Clock.Now().UnixMilli()) {
			dropped = true
		}
	}
	if !dropped {
		return fmt.Errorf("dropping field: no custom property %s.%s", object, name)
	}
	return nil
}

// setSearchLag changes how long the search index takes to hear of a write.
func (s *Sim) setSearchLag(w http.ResponseWriter, r *http.Request) {
	var in struct{ Lag string }
	if !crmsim.Decode(w, r, &in) {
		return
	}
	lag, err := time.ParseDuration(in.Lag)
	if err != nil || lag < 0 {
		crmsim.Done(w, fmt.Errorf("setting search lag: %q is no length of time", in.Lag))
		return
	}
	s.lag.Store(int64(lag))
	crmsim.Done(w, nil)
}

// setConflicts says whether an address or a unique value that is taken refuses
// the whole batch even where every input has a trace id. Public logs tell of
// upserts that do (airbytehq/airbyte#76340), the notes of none.
func (s *Sim) setConflicts(w http.ResponseWriter, r *http.Request) {
	var in struct{ Whole bool }
	if crmsim.Decode(w, r, &in) {
		s.strict.Store(in.Whole)
		crmsim.Done(w, nil)
	}
}
