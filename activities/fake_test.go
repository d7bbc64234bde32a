package activities_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
)

// fake is a CRM in memory, with faults that a test scripts. It is a vendor
// that upserts by external id and refuses what it is told to.
type fake struct {
	mu      sync.Mutex
	records map[string]*fakeRecord // by CRM id
	next    int
	calls   int

	// write, when not nil, is asked before each call is applied; lost, after.
	write func(call int, batch crm.Batch) error
	lost  func(call int) error
	// list, when not nil, is asked before each page.
	list  func(call int) error
	lists int
	finds int
	// refuse, when not nil, is asked for each record.
	refuse func(w crm.Write) *crm.Error
}

type fakeRecord struct {
	id, typ, external, email string
	fields                   map[string]any
	deleted                  bool
	moved                    *crm.Moved
	writes                   int
}

func newFake() *fake { return &fake{records: make(map[string]*fakeRecord)} }

func (f *fake) add(r fakeRecord) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.insert(r)
}

func (f *fake) insert(r fakeRecord) string {
	f.next++
	r.id = fmt.Sprintf("%s-%04d", r.typ, f.next)
	f.records[r.id] = &r
	return r.id
}

func (f *fake) live() []fakeRecord {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []fakeRecord
	for _, r := range f.records {
		if !r.deleted {
			out = append(out, *r)
		}
	}
	return out
}

func (f *fake) Vendor() crm.Vendor                                                { return crm.Salesforce }
func (f *fake) Check(context.Context) error                                       { return nil }
func (f *fake) Identify(context.Context) (crm.Account, error)                     { return crm.Account{ID: "00D"}, nil }
func (f *fake) RecordURL(_, id string) string                                     { return id }
func (f *fake) Open(context.Context, uuid.UUID, uuid.UUID) (crm.Connector, error) { return f, nil }

func (f *fake) Write(_ context.Context, batch crm.Batch) ([]crm.Outcome, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls++
	if f.write != nil {
		if err := f.write(f.calls, batch); err != nil {
			return nil, err
		}
	}
	out := make([]crm.Outcome, 0, len(batch.Writes))
	for _, w := range batch.Writes {
		out = append(out, f.apply(batch, w))
	}
	if f.lost != nil {
		if err := f.lost(f.calls); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (f *fake) apply(batch crm.Batch, w crm.Write) crm.Outcome {
	if f.refuse != nil {
		if e := f.refuse(w); e != nil {
			return crm.Outcome{Ref: w.Ref, Err: e}
		}
	}
	r := f.records[w.ID]
	if batch.Match == crm.ByExternalID {
		r = f.byExternal(batch.Type, w.ExternalID)
	}
	email, _ := w.Fields["Email"].(string)
	if r == nil && batch.Match == crm.ByExternalID {
		id := f.insert(fakeRecord{typ: batch.Type, external: w.ExternalID, email: email, fields: w.Fields, writes: 1})
		return crm.Outcome{Ref: w.Ref, ID: id, Effect: crm.Created}
	}
	if r == nil || r.deleted || r.moved != nil {
		return crm.Outcome{Ref: w.Ref, Err: &crm.Error{Kind: crm.KindNotFound, Reason: crm.ReasonDeleted}}
	}
	if w.ExternalID != "" {
		r.external = w.ExternalID
	}
	r.fields, r.email = w.Fields, email
	r.writes++
	return crm.Outcome{Ref: w.Ref, ID: r.id, Effect: crm.Updated}
}

func (f *fake) byExternal(typ, external string) *fakeRecord {
	for _, r := range f.records {
		if r.typ == typ && r.external == external && !r.deleted && r.moved == nil {
			return r
		}
	}
	return nil
}

func (f *fake) Find(_ context.Context, typ string, key crm.Key, values []string) ([]crm.Found, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finds++
	var out []crm.Found
	for _, v := range values {
		for _, r := range f.records {
			hit := key == crm.KeyID && r.id == v
			hit = hit || !r.deleted && r.moved == nil && (key == crm.KeyExternalID && r.external == v || key == crm.KeyEmail && strings.EqualFold(r.email, v))
			if r.typ == typ && hit {
				out = append(out, crm.Found{ID: r.id, ExternalID: r.external, Email: r.email, Deleted: r.deleted, MovedTo: r.moved})
			}
		}
	}
	return out, nil
}

func (f *fake) Count(context.Context, string, int) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.records), nil
}

// List answers pages of ten, in the order of ids.
func (f *fake) List(_ context.Context, typ, cursor string) ([]crm.Found, string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lists++
	if f.list != nil {
		if err := f.list(f.lists); err != nil {
			return nil, "", err
		}
	}
	const page = 10
	var out []crm.Found
	for _, id := range slices.Sorted(maps.Keys(f.records)) {
		r := f.records[id]
		if id < cursor || r.deleted || r.typ != typ {
			continue
		}
		if len(out) == page {
			return out, id, nil
		}
		out = append(out, crm.Found{ID: id, ExternalID: r.external, Email: r.email})
	}
	return out, "", nil
}

// schedules is a Temporal that keeps Schedules in memory.
type schedules struct {
	mu        sync.Mutex
	there     map[uuid.UUID]schedule
	triggered int
}

type schedule struct {
	every  time.Duration
	paused bool
	note   string
}

func (s *schedules) Put(_ context.Context, in flow.SyncInput, every time.Duration, paused bool, note string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.there[in.Connection] = schedule{every, paused, note}
	return nil
}

func (s *schedules) Trigger(context.Context, uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.triggered++
	return nil
}

func (s *schedules) Delete(_ context.Context, connection uuid.UUID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.there, connection)
	return nil
}
