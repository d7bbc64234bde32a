package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/secret"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

const publicURL = "https://lockstep.example"

// bundle is an API over a real database, with a fake Temporal and fake vendors.
type bundle struct {
	store       *store.Store
	supervisors *fakeSupervisors
	signIns     *fakeSignIns
	server      *Server
	handler     http.Handler
	routes      routers.Router
	logs        *observer.ObservedLogs
	tenant      tenant
}

// tenant is a workspace and a key to it.
type tenant struct {
	lockstep.Workspace

	key string
}

func setup(t *testing.T, adjust ...func(*Server)) *bundle {
	t.Helper()
	s := store.New(storetest.New(t))
	core, logs := observer.New(zap.DebugLevel)
	b := &bundle{store: s, logs: logs, supervisors: &fakeSupervisors{tested: flow.TestContactResult{Outcome: lockstep.OutcomeCreated}}, signIns: &fakeSignIns{store: s}}
	b.server = &Server{
		Keys: s, Workspaces: s, Connections: s, Links: s, Runs: s, Events: rows{s}, Mappings: rows{s}, Records: s, Ledger: s, Standings: rows{s},
		Requests: rows{s}, Audits: rows{s}, IssuedKeys: rows{s}, Guides: rows{s}, Webhooks: &fakeWebhooks{}, Sealer: sealer(t),
		SignIns: b.signIns, Supervisors: b.supervisors,
		Vendors:   vendors(),
		Probes:    map[string]func(context.Context) error{"postgresql": func(context.Context) error { return nil }},
		PublicURL: publicURL, Temporal: TemporalUI{Address: "http://ui.example", Namespace: "default"},
		Rate: 10_000, Log: zap.New(core),
	}
	for _, change := range adjust {
		change(b.server)
	}
	var err error
	b.handler, err = b.server.Handler()
	require.NoError(t, err)
	doc, err := loadDocument()
	require.NoError(t, err)
	b.routes, err = gorillamux.NewRouter(doc.spec)
	require.NoError(t, err)
	b.tenant = b.newTenant(t)
	return b
}

func sealer(t *testing.T) Sealer {
	t.Helper()
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(keyset)
	require.NoError(t, err)
	return ring
}

// vendors are what can be connected.
func vendors() map[crm.Vendor]Vendor {
	salesforce := Vendor{Label: "Salesforce", ExternalIDField: "Lockstep_External_Id__c", Types: make(map[crm.Object][]string)}
	salesforce.Types[crm.Contact] = []string{"Contact", "Lead"}
	salesforce.Types[crm.Company] = []string{"Account"}
	all := make(map[crm.Vendor]Vendor)
	all[crm.Salesforce] = salesforce
	return all
}

func (b *bundle) newTenant(t *testing.T) tenant {
	t.Helper()
	w, err := lockstep.NewWorkspace("Acme")
	require.NoError(t, err)
	key, secret, err := lockstep.NewAPIKey(w.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, b.store.CreateWorkspace(t.Context(), w, key, secret))
	return tenant{Workspace: w, key: secret}
}

// connection adds a connection of b's tenant that is at a status. But for one
// that waits to be authorised, it is linked to an account.
func (b *bundle) connection(t *testing.T, status lockstep.Status) lockstep.Connection {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	c := lockstep.Connection{ID: id, WorkspaceID: b.tenant.ID, Vendor: crm.Salesforce, Targets: make(map[crm.Object]string)}
	c.Targets[crm.Contact] = "Lead"
	require.NoError(t, b.store.CreateConnection(t.Context(), c))
	if status != lockstep.StatusConnecting {
		account := crm.Account{ID: "00D" + id.String(), Name: "Acme Inc.", Environment: crm.Production, Edition: "Enterprise Edition", UserID: "005"}
		require.NoError(t, b.store.Authorize(t.Context(), b.tenant.ID, id, 1, account, "https://acme.my.salesforce.com", []byte("sealed")))
	}
	if status == lockstep.StatusLive || status == lockstep.StatusPaused {
		require.NoError(t, b.store.SetStatus(t.Context(), b.tenant.ID, id, lockstep.StatusReady, ""))
		require.NoError(t, b.store.ChooseStartingPoint(t.Context(), b.tenant.ID, id, lockstep.StartImport, nil))
	}
	if status != lockstep.StatusConnecting {
		require.NoError(t, b.store.SetStatus(t.Context(), b.tenant.ID, id, status, ""))
	}
	c, err := b.store.Connection(t.Context(), b.tenant.ID, id)
	require.NoError(t, err)
	return c
}

// run adds an import of c with the contacts that there are.
func (b *bundle) run(t *testing.T, c lockstep.Connection) lockstep.Run {
	t.Helper()
	run, err := b.store.BeginRun(t.Context(), lockstep.Run{
		ID: uuid.Must(uuid.NewV7()), WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, Kind: lockstep.RunImport, LinkUp: lockstep.LinkUpKeys,
	}, crm.Contact, false)
	require.NoError(t, err)
	return run
}

// answer is what the API answered.
type answer struct {
	*httptest.ResponseRecorder

	t *testing.T
}

// ask sends a request with the tenant's key. Headers are given as name and
// value in turn; an empty value takes one away.
func (b *bundle) ask(t *testing.T, method, target, body string, headers ...string) answer {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+b.tenant.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	return b.send(t, req)
}

// send sends a request and holds the answer against the document.
func (b *bundle) send(t *testing.T, req *http.Request) answer {
	t.Helper()
	a := answer{httptest.NewRecorder(), t}
	b.handler.ServeHTTP(a, req)
	require.Regexp(t, `^[0-9a-f-]{36}$`, a.Header().Get("X-Request-Id"))
	require.Equal(t, "nosniff", a.Header().Get("X-Content-Type-Options"))
	if a.Code >= http.StatusBadRequest && !strings.HasPrefix(a.Header().Get("Content-Type"), "text/html") && req.Method != http.MethodHead {
		require.Contains(t, []string{"application/problem+json", "application/json"}, a.Header().Get("Content-Type"))
	}
	route, params, err := b.routes.FindRoute(req)
	if err != nil { // not one of the document's
		return a
	}
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route},
		Status:                 a.Code, Header: a.Header(), Body: io.NopCloser(bytes.NewReader(a.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
	require.NoError(t, err, a.Body.String())
	return a
}

// read decodes the answer, which must have this status.
func read[T any](a answer, status int) T {
	a.t.Helper()
	require.Equal(a.t, status, a.Code, a.Body.String())
	var v T
	dec := json.NewDecoder(bytes.NewReader(a.Body.Bytes()))
	dec.DisallowUnknownFields()
	require.NoError(a.t, dec.Decode(&v))
	return v
}

// problem returns the problem that the answer must be.
func (a answer) problem(status int, code string) Problem {
	a.t.Helper()
	p := read[Problem](a, status)
	require.Equal(a.t, code, p.Code)
	require.Equal(a.t, status, p.Status)
	require.Equal(a.t, "https://lockstep.dev/problems/"+code, p.Type)
	require.Equal(a.t, "urn:uuid:"+a.Header().Get("X-Request-Id"), p.Instance)
	require.NotEmpty(a.t, p.Title)
	require.NotEmpty(a.t, p.Detail)
	require.NotEmpty(a.t, p.Fix)
	return p
}

// fakeSupervisors notes what it is told and answers what a test wants.
type fakeSupervisors struct {
	mu      sync.Mutex
	told    []string
	started flow.Started
	tested  flow.TestContactResult
	done    func() // what an update leads to before it is answered
	err     error
	gone    bool // there is no workflow to look
}

func (f *fakeSupervisors) note(what string, in flow.ConnectionInput) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, what+" "+flow.ConnectionID(in.Connection)+" "+string(in.Vendor))
	return f.err
}

func (f *fakeSupervisors) Start(_ context.Context, in flow.ConnectionInput) error {
	return f.note("start", in)
}

func (f *fakeSupervisors) Signal(_ context.Context, in flow.ConnectionInput, signal string) error {
	return f.note(signal, in)
}

func (f *fakeSupervisors) Retry(_ context.Context, in flow.ConnectionInput, retry flow.Request) error {
	return f.note(strings.TrimSpace("retry "+string(retry.Problem)), in)
}

func (f *fakeSupervisors) ApproveMapping(_ context.Context, in flow.ConnectionInput, review flow.MappingReview, key string) error {
	return f.update(fmt.Sprintf("approve %d %s", review.Version, key), in)
}

func (f *fakeSupervisors) Discover(_ context.Context, in flow.ConnectionInput, key string) error {
	return f.update("discover "+key, in)
}

func (f *fakeSupervisors) Disconnect(_ context.Context, in flow.ConnectionInput, how flow.Disconnection, key string) error {
	return f.update(fmt.Sprintf("disconnect %t %s", how.KeepMapping, key), in)
}

func (f *fakeSupervisors) TestContact(_ context.Context, in flow.ConnectionInput, key string) (flow.TestContactResult, error) {
	return f.tested, f.note("test "+key, in)
}

// update notes what it is asked, and does it.
func (f *fakeSupervisors) update(what string, in flow.ConnectionInput) error {
	if f.done != nil {
		f.done()
	}
	return f.note(what, in)
}

func (f *fakeSupervisors) CompleteAuthorization(_ context.Context, in flow.ConnectionInput) error {
	return f.note("complete", in)
}

func (f *fakeSupervisors) ChooseStartingPoint(_ context.Context, in flow.ConnectionInput, choice flow.Choice, key string) (flow.Started, error) {
	return f.started, f.note("choose "+string(choice.StartingPoint)+" "+key, in)
}

func (f *fakeSupervisors) Look(_ context.Context, workflowID string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.told = append(f.told, "look "+workflowID)
	if f.gone {
		return &crm.Error{Kind: crm.KindNotFound, Op: "temporal.signal"}
	}
	return f.err
}

// fakeSignIns stands in for the vendors' OAuth.
type fakeSignIns struct {
	store *store.Store
	begun lockstep.Connection
	got   Callback
	lacks []string
	err   error
}

func (f *fakeSignIns) Start(_ context.Context, c lockstep.Connection) (SignIn, error) {
	f.begun = c
	return SignIn{URL: "https://login.example/authorize?state=s3cret-state", Cookie: "lockstep_oauth_1", CookieValue: "s3cret-cookie", ExpiresAt: c.CreatedAt.Add(patience)}, f.err
}

func (f *fakeSignIns) Finish(ctx context.Context, cb Callback) (lockstep.Connection, error) {
	f.got = cb
	if f.err != nil {
		return lockstep.Connection{}, f.err
	}
	return f.store.Connection(ctx, f.begun.WorkspaceID, f.begun.ID)
}

func (f *fakeSignIns) MissingScopes(lockstep.Connection) ([]string, bool) {
	return f.lacks, f.lacks != nil
}
