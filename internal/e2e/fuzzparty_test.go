package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// party is a workspace that is asked about, and from which things are kept.
type party struct {
	name      string
	fuzz      *fuzzer
	other     *party
	workspace lockstep.Workspace
	canary    string              // stands in its names and its records, and in nobody else's
	keys      map[string][]string // by role
	steward   string              // a key of an admin beside, for what has to succeed
	own       map[string]bool     // the ids of those keys, which are not to be revoked
	worlds    []*world            // its connections, one to each CRM
	corpus    *corpus
	values    *values
	asked     repeats
}

// planted is how many records a party begins with, and keysOf how many keys of
// an admin: one key may ask a hundred times a second.
const (
	planted = 40
	keysOf  = 8
)

// newParty makes a workspace with keys of every role, and gives it what it is to
// keep.
func (f *fuzzer) newParty(t *testing.T, name string) *party {
	t.Helper()
	p := &party{name: name, fuzz: f, canary: "canary" + name + uuid.NewString()[:8], keys: make(map[string][]string), own: make(map[string]bool), corpus: newCorpus()}
	p.values = &values{party: p, made: make(map[string]*rapid.Generator[any])}
	var err error
	p.workspace, err = lockstep.NewWorkspace(p.canary)
	require.NoError(t, err)
	p.workspace.Name = p.canary
	roles := []lockstep.Role{lockstep.RoleRevOps, lockstep.RoleOperator, lockstep.RoleCRMOwner, lockstep.RoleStandard, lockstep.RoleSpectator}
	roles = append(slices.Repeat([]lockstep.Role{lockstep.RoleAdmin}, 1+keysOf), roles...)
	for i, role := range roles {
		key, text, err := lockstep.NewAPIKey(p.workspace.ID, fmt.Sprintf("%s %d", p.canary, i), role)
		require.NoError(t, err)
		p.own[key.ID.String()] = true
		f.owned(p, key.ID.String())
		if i == 0 {
			require.NoError(t, f.world.store.CreateWorkspace(t.Context(), p.workspace, key, text))
			p.steward = text
			continue
		}
		p.keys[string(role)] = append(p.keys[string(role)], text)
		require.NoError(t, f.world.store.IssueKey(t.Context(), key, text, store.AuditEntry{Actor: "api_key", Action: "createKey", RequestID: "planted"}))
	}
	f.owned(p, p.workspace.ID.String())
	return p
}

// connects loads p's records and gives it a connection to each CRM.
func (p *party) connects(t *testing.T) {
	t.Helper()
	var records []lockstep.Record
	for i := range planted {
		r := contact(fmt.Sprintf("%s-%03d", p.canary, i), fmt.Sprintf("%s-%03d@example.com", p.canary, i), p.canary)
		records = append(records, r)
		p.fuzz.owned(p, r.ID.String())
		p.corpus.add("record", r.ID.String())
	}
	for i, v := range []vendor{salesforce, hubspot} {
		w := *p.fuzz.world
		w.vendor = v
		id := uuid.Must(uuid.NewV7())
		require.NoError(t, w.store.CreateConnection(t.Context(), lockstep.Connection{ID: id, WorkspaceID: p.workspace.ID, Vendor: v.name, Targets: map[crm.Object]string{}}))
		w.conn = lockstep.Connection{ID: id, WorkspaceID: p.workspace.ID}
		if i == 0 {
			w.load(t, records...)
		}
		w.grant(t)
		w.supervise(t)
		p.worlds = append(p.worlds, &w)
		p.fuzz.owned(p, id.String())
		p.corpus.add("connection", id.String())
	}
}

// imports sends p's records to its CRMs. Some are refused there, and go on being
// refused.
func (p *party) imports(t *testing.T) {
	t.Helper()
	for _, w := range p.worlds {
		w.ready(t)
		id := w.choose(t).String()
		p.fuzz.owned(p, id)
		p.corpus.add("run", id)
	}
	for _, w := range p.worlds {
		w.eventually(t, "the import to end", func() bool { return len(w.ended(t, lockstep.RunImport)) == 1 })
	}
}

// mend brings p's connections back to where they send: whoever asks at random
// for ten minutes disconnects and pauses them again and again, at this moment
// too.
func (p *party) mend(t *testing.T) {
	t.Helper()
	for _, w := range p.worlds {
		base := "/v1/connections/" + w.conn.ID.String()
		switch w.connection(t).Status {
		case lockstep.StatusDisconnected, lockstep.StatusUnauthorized, lockstep.StatusError, lockstep.StatusConnecting:
			p.signIn(t, base)
		case lockstep.StatusPaused:
			p.must(t, http.MethodPost, base+"/resume", "", http.StatusAccepted, http.StatusConflict)
		case lockstep.StatusReady:
			p.must(t, http.MethodPatch, base, `{"syncs":{"contacts":true}}`, http.StatusOK)
			p.must(t, http.MethodPost, base+"/starting-point", `{"choice":"import"}`, http.StatusOK, http.StatusConflict, http.StatusNotFound)
		case lockstep.StatusLive:
			p.must(t, http.MethodPatch, base, `{"syncs":{"contacts":true}}`, http.StatusOK)
		case lockstep.StatusSettingUp: // it goes on by itself
		}
	}
}

// signIn signs in to the CRM as a person does, through the API. Somebody may
// disconnect it meanwhile.
func (p *party) signIn(t *testing.T, base string) {
	t.Helper()
	var link struct {
		URL string `json:"authorize_url"`
	}
	a := p.must(t, http.MethodPost, base+"/authorize", "", http.StatusOK)
	require.NoError(t, json.Unmarshal(a.body, &link))
	opened := p.must(t, http.MethodGet, strings.TrimPrefix(link.URL, p.fuzz.api.URL), "", http.StatusFound)
	back := consent(t, opened.header.Get("Location"))
	cookie, _, _ := strings.Cut(opened.header.Get("Set-Cookie"), ";")
	p.must(t, http.MethodGet, "/v1/oauth/callback?"+back.Encode(), cookie, http.StatusOK, http.StatusConflict)
}

// must asks for something as p's admin, or as a browser with a cookie, and holds
// the answer to one of the statuses.
func (p *party) must(t *testing.T, method, target, content string, statuses ...int) fuzzAnswer {
	t.Helper()
	r := &fuzzRequest{method: method, target: target, by: p, role: "admin", op: p.fuzz.operationAt(method, target)}
	switch {
	case r.op.open:
		r.set("Cookie", content)
		r.set("Accept", "text/html")
	default:
		r.set("Authorization", "Bearer "+p.steward)
		r.set("Content-Type", "application/json")
		r.body = []byte(content)
	}
	l := &line{ctx: t.Context(), host: p.fuzz.host}
	defer l.close()
	a, _ := p.fuzz.ask(l, r) // what it names is not for those who ask at random: a link works once
	require.Contains(t, statuses, a.status, "%s\n%s", r.curl(p.fuzz.host), a.body)
	return a
}

// repeats are requests with their keys and answers, to be made again.
type repeats struct {
	mu   sync.Mutex
	all  []*fuzzRequest
	last map[string]carried // by key
}

// carried is what was carried out under a key.
type carried struct {
	request *fuzzRequest
	answer  fuzzAnswer
}

// pick returns a request that was carried out under a key.
func (s *repeats) pick(d *drawer) *fuzzRequest {
	n := d.Uint64()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) == 0 {
		return nil
	}
	return s.all[n%uint64(len(s.all))]
}

// add notes that r was carried out, and returns what was before under its key.
func (s *repeats) add(r *fuzzRequest, a fuzzAnswer) (carried, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, ok := s.last[r.stored]
	if ok || a.status >= http.StatusBadRequest {
		return before, ok
	}
	if s.last == nil {
		s.last = make(map[string]carried)
	}
	s.last[r.stored] = carried{r, a}
	if len(s.all) < 200 {
		s.all = append(s.all, r)
	} else {
		s.all[len(s.last)%200] = r
	}
	return carried{}, false
}
