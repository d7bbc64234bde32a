package hubspot

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lockstep/internal/crmsim"
)

// portal is one HubSpot account: its tables and what is configured in it.
// Everything that can change is guarded by mu; a table's schema may be read
// without it.
type portal struct {
	id      int64
	name    string
	kind    string // accountType
	user    user   // who connects
	owners  []owner
	private string // token of its private app
	sim     *Sim
	opened  int64 // Unix milliseconds

	mu     sync.RWMutex
	tables []*table
	groups map[string][]group   // made through the API, by object
	locks  map[string]time.Time // until when records are locked, by external id
}

// table holds the records of one object.
type table struct {
	portal  *portal
	schema  atomic.Pointer[object]
	base    int64                      // its ids are above
	records []*record                  // by number, from cleared+1 on
	cleared int                        // records removed without trace
	index   map[int]map[string]*record // live ones, by keyed property and key
	journal journal
}

// record is one record. It is guarded by the portal's lock.
type record struct {
	id       int64
	row      crmsim.Row
	created  int64 // Unix milliseconds
	modified int64
	writes   int
	archived bool
	into     *record // what it was merged into
}

func newPortal(n int, name, kind string, s *Sim) *portal {
	p := &portal{
		id: firstPortal + int64(n)*385_188, name: name, kind: kind, sim: s, opened: s.rig.Clock.Now().UnixMilli(),
		user:   user{id: 76_070_032 + int64(n), email: "ada@" + strings.ToLower(kind) + ".crmsim.test"},
		groups: make(map[string][]group),
		locks:  make(map[string]time.Time),
	}
	p.owners = staff(p.user)
	p.private = privatePrefix + fmt.Sprintf("00000000-0000-0000-0000-%012d", p.id)
	// No id means two things: not within an account, nor across the two.
	for i, shape := range objects() {
		t := &table{portal: p, base: int64(1+3*n+i) * 50_000_000_000, cleared: s.rig.Issued, index: make(map[int]map[string]*record)}
		for _, prop := range shape.properties {
			prop.created, prop.updated = p.opened, p.opened
		}
		t.schema.Store(newObject(shape))
		p.tables = append(p.tables, t)
	}
	return p
}

// table returns the table that a path's object type means, or nil.
func (p *portal) table(object string) *table {
	for _, t := range p.tables {
		if t.schema.Load().answersTo(object) {
			return t
		}
	}
	return nil
}

func (p *portal) account() string { return strconv.FormatInt(p.id, 10) }

// get returns the record with that id, archived or not, or nil. The id of a
// record that was merged means what it was merged into: "both of the previous
// IDs will point to the resulting merged record"
// (developers.hubspot.com/changelog/updated-merge-functionality-for-contacts-and-companies).
func (t *table) get(id string) *record {
	r := t.exact(id)
	for r != nil && r.into != nil {
		r = r.into
	}
	return r
}

// exact is get for the record of that id and no other.
func (t *table) exact(id string) *record {
	n, err := strconv.ParseInt(id, 10, 64)
	n -= t.base + int64(t.cleared)
	if err != nil || n < 1 || n > int64(len(t.records)) {
		return nil
	}
	return t.records[n-1]
}

// find returns the live record that holds text in a keyed property, or nil.
func (t *table) find(i int, text string) *record {
	return t.index[i][t.schema.Load().properties[i].key(text)]
}

// insert adds a record.
func (t *table) insert(changes []crmsim.Change) *record {
	now := t.portal.sim.rig.Clock.Now()
	r := &record{id: t.base + int64(t.cleared+len(t.records)+1), created: now.UnixMilli()}
	t.journal.add(now, t.lag(), r, record{})
	t.records = append(t.records, r)
	t.write(r, changes, now)
	return r
}

// update makes changes to a record, in ascending order of property.
func (t *table) update(r *record, changes []crmsim.Change) {
	now := t.portal.sim.rig.Clock.Now()
	t.journal.add(now, t.lag(), r, *r)
	t.write(r, changes, now)
}

func (t *table) write(r *record, changes []crmsim.Change, now time.Time) {
	o := t.schema.Load()
	for _, c := range changes {
		if p := o.properties[c.Field]; p.keyed() {
			t.unlist(c.Field, p.key(r.row.Get(c.Field)), r)
			t.list(c.Field, p.key(c.Text), r)
		}
	}
	t.relistOthers(r, changes)
	r.row = r.row.With(changes)
	r.modified = now.UnixMilli()
	r.writes++
}

// relistOthers keeps a contact's additional addresses findable as its address.
func (t *table) relistOthers(r *record, changes []crmsim.Change) {
	o := t.schema.Load()
	others := o.find(propOtherMails)
	for _, c := range changes {
		if c.Field != others {
			continue
		}
		mail := o.index[propEmail]
		for address := range strings.SplitSeq(r.row.Get(others), ";") {
			t.unlist(mail, strings.ToLower(address), r)
		}
		for address := range strings.SplitSeq(c.Text, ";") {
			t.list(mail, strings.ToLower(address), r)
		}
	}
}

// archive deletes a record as a user would: it is still there for whoever asks
// for archived ones.
func (t *table) archive(r *record) {
	now := t.portal.sim.rig.Clock.Now()
	t.journal.add(now, t.lag(), r, *r)
	r.archived = true
	r.modified = now.UnixMilli()
	t.eachKey(r, t.unlist)
}

// restore puts a record back as it was.
func (t *table) restore(r *record, was record) {
	t.eachKey(r, t.unlist)
	*r = was
	t.eachKey(r, t.list)
}

// withdraw takes back the latest insert.
func (t *table) withdraw(r *record) {
	t.eachKey(r, t.unlist)
	t.records = t.records[:len(t.records)-1]
}

func (t *table) list(i int, key string, r *record) {
	if key == "" {
		return
	}
	holders := t.index[i]
	if holders == nil {
		holders = make(map[string]*record)
		t.index[i] = holders
	}
	if _, held := holders[key]; !held {
		// The key may be a part of the body it came in.
		holders[strings.Clone(key)] = r
	}
}

func (t *table) unlist(i int, key string, r *record) {
	if key != "" && t.index[i][key] == r {
		delete(t.index[i], key)
	}
}

// eachKey calls do for every key that a live record is found by.
func (t *table) eachKey(r *record, do func(i int, key string, r *record)) {
	o := t.schema.Load()
	for i, text := range r.row.All() {
		switch p := o.properties[i]; {
		case p.keyed():
			do(i, p.key(text), r)
		case p.name == propOtherMails && !p.archived:
			for address := range strings.SplitSeq(text, ";") {
				do(o.index[propEmail], strings.ToLower(address), r)
			}
		}
	}
}

// value returns a stored value by the property's name, or "".
func (t *table) value(r *record, name string) string {
	i := t.schema.Load().find(name)
	if i < 0 {
		return ""
	}
	return r.row.Get(i)
}

// marker returns a record's external id, or "".
func (t *table) marker(r *record) string {
	i := t.schema.Load().marker
	if i < 0 {
		return ""
	}
	return r.row.Get(i)
}

func (t *table) lag() time.Duration { return time.Duration(t.portal.sim.lag.Load()) }

// spell spells a moment as the API does.
func spell(ms int64) string {
	return time.UnixMilli(ms).UTC().Format(layout)
}

const layout = "2006-01-02T15:04:05.000Z"
