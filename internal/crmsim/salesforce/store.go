package salesforce

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"lockstep/internal/crmsim"
)

// org is one Salesforce account: its tables and what is configured in it.
// Everything that can change is guarded by mu; a table's schema may be read
// without it.
type org struct {
	id, name string
	edition  string
	sandbox  bool
	instance string // two characters that its ids carry, and a zero
	user     string // id of the administrator who connects
	now      func() time.Time

	mu       sync.RWMutex
	tables   map[string]*table // by object name, and by name in lower case
	ordered  []*table
	rules    map[string]string // duplicate rules: the field compared, by object
	assignee string            // user whom the active lead assignment rule names; empty is no rule
	cursors  map[string]*cursor
	issued   int // cursors
}

// table holds the records of one object.
type table struct {
	org     *org
	schema  atomic.Pointer[object]
	records []*record                    // by number, from cleared+1 on
	cleared int                          // records removed without trace
	index   map[int]map[string][]*record // live ones, by keyed field and key
}

// record is one record. It is guarded by the org's lock.
type record struct {
	id       string
	row      crmsim.Row
	created  int64 // Unix milliseconds
	modified int64
	writes   int
	deleted  bool
	master   string // id of the record that this one was merged into
}

func newOrg(name, edition, instance string, sandbox bool, issued int, now func() time.Time) *org {
	o := &org{
		name: name, edition: edition, sandbox: sandbox, instance: instance, now: now,
		tables:  make(map[string]*table),
		rules:   make(map[string]string),
		cursors: make(map[string]*cursor),
	}
	for _, shape := range objects() {
		t := &table{org: o, index: make(map[int]map[string][]*record)}
		t.schema.Store(newObject(shape))
		if !t.schema.Load().setup {
			t.cleared = issued
		}
		o.tables[shape.name] = t
		o.tables[strings.ToLower(shape.name)] = t
		o.ordered = append(o.ordered, t)
	}
	o.furnish()
	return o
}

// table returns the object's table, or nil.
func (o *org) table(object string) *table {
	if t, ok := o.tables[object]; ok {
		return t
	}
	return o.tables[strings.ToLower(object)]
}

// tableOf returns the table that an id belongs to, or nil.
func (o *org) tableOf(id string) *table {
	for _, t := range o.ordered {
		if strings.HasPrefix(id, t.schema.Load().prefix) {
			return t
		}
	}
	return nil
}

// get returns the record with that 18-character id, deleted or not, or nil.
func (t *table) get(id string) *record {
	n := number(id, t.schema.Load().prefix, t.org.instance) - t.cleared
	if n < 1 || n > len(t.records) || t.records[n-1].id != id {
		return nil
	}
	return t.records[n-1]
}

// find returns the live records that hold text in a keyed field.
func (t *table) find(field int, text string) []*record {
	return t.index[field][t.schema.Load().fields[field].key(text)]
}

// insert adds a record.
func (t *table) insert(changes []crmsim.Change) *record {
	o := t.schema.Load()
	r := &record{id: makeID(o.prefix, t.org.instance, t.cleared+len(t.records)+1), created: t.org.now().UnixMilli()}
	t.records = append(t.records, r)
	t.update(r, changes)
	return r
}

// update makes changes to a record, in ascending order of field.
func (t *table) update(r *record, changes []crmsim.Change) {
	o := t.schema.Load()
	for _, c := range changes {
		if f := o.fields[c.Field]; f.keyed() {
			t.unlist(c.Field, f.key(r.row.Get(c.Field)), r)
			t.list(c.Field, f.key(c.Text), r)
		}
	}
	r.row = r.row.With(changes)
	r.modified = t.org.now().UnixMilli()
	r.writes++
}

// remove deletes a record as a user would: it is still there for whoever asks
// for deleted ones.
func (t *table) remove(r *record) {
	r.deleted = true
	r.modified = t.org.now().UnixMilli()
	t.unlistAll(r)
}

// restore puts a record back as it was.
func (t *table) restore(r *record, was record) {
	t.unlistAll(r)
	*r = was
	if !r.deleted {
		t.listAll(r)
	}
}

func (t *table) list(field int, key string, r *record) {
	if key == "" {
		return
	}
	byKey := t.index[field]
	if byKey == nil {
		byKey = make(map[string][]*record)
		t.index[field] = byKey
	}
	holders, known := byKey[key]
	if !known {
		// The key may be a part of the body it came in.
		key = strings.Clone(key)
	}
	byKey[key] = append(holders, r)
}

func (t *table) unlist(field int, key string, r *record) {
	if key == "" {
		return
	}
	holders := t.index[field][key]
	i := slices.Index(holders, r)
	if i < 0 {
		return
	}
	if len(holders) == 1 {
		delete(t.index[field], key)
		return
	}
	t.index[field][key] = slices.Delete(slices.Clone(holders), i, i+1)
}

func (t *table) listAll(r *record)   { t.eachKey(r, t.list) }
func (t *table) unlistAll(r *record) { t.eachKey(r, t.unlist) }

func (t *table) eachKey(r *record, do func(field int, key string, r *record)) {
	o := t.schema.Load()
	for i, text := range r.row.All() {
		if f := o.fields[i]; f.keyed() {
			do(i, f.key(text), r)
		}
	}
}

// text returns a field's value of a record, derived or stored; empty is none.
func (t *table) text(r *record, i int) string {
	f := t.schema.Load().fields[i]
	if f.derived != nil {
		return f.derived(t, r)
	}
	if v := r.row.Get(i); v != "" || f.kind != typeBoolean {
		return v
	}
	return "false"
}

// marker returns a record's external id, or "".
func (t *table) marker(r *record) string {
	i := t.schema.Load().marker
	if i < 0 {
		return ""
	}
	return r.row.Get(i)
}

// stamp spells a moment as the REST API does, to the second.
func stamp(ms int64) string {
	return time.UnixMilli(ms).UTC().Truncate(time.Second).Format("2006-01-02T15:04:05.000-0700")
}
