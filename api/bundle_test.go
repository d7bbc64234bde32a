package main

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"lockstep/api/rest"
	"lockstep/internal/config"
	"lockstep/internal/crm"
	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/hubspot"
	"lockstep/internal/crmsim/salesforce"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// bundle is the API as it is wired, over a real database and the sandbox's
// Salesforce and HubSpot; only Temporal is not there.
type bundle struct {
	store       *store.Store
	vault       *oauth.Vault
	vendor      *vendor
	supervisors *deaf
	api         *httptest.Server
	logs        *observer.ObservedLogs
	workspace   uuid.UUID
	key         string
}

// vendor is the sandbox, with what it is asked to fail at and what it was
// asked.
type vendor struct {
	http.Handler

	grants *crmsim.Grants

	mu      sync.Mutex
	refuses string // the path it answers with a refusal
	status  int    // of that; 503 if zero
	body    string // and what it says
	asked   map[string]int
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.asked[r.URL.Path]++
	refused := v.refuses != "" && strings.HasSuffix(r.URL.Path, v.refuses)
	v.mu.Unlock()
	if refused {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(cmp.Or(v.status, http.StatusServiceUnavailable))
		_, _ = io.WriteString(w, v.body)
		return
	}
	v.Handler.ServeHTTP(w, r)
}

// times returns how often a path was asked for.
func (v *vendor) times(path string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.asked[path]
}

// deaf supervisors hear everything and do nothing.
type deaf struct {
	rest.Supervisors

	mu   sync.Mutex
	told []uuid.UUID
}

func (*deaf) Start(context.Context, flow.ConnectionInput) error { return nil }

func (d *deaf) CompleteAuthorization(_ context.Context, in flow.ConnectionInput) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.told = append(d.told, in.Connection)
	return nil
}

func setup(t *testing.T) *bundle {
	t.Helper()
	pool := storetest.New(t)
	b := &bundle{store: store.New(pool), supervisors: &deaf{}}
	sim := salesforce.New(salesforce.Options{Client: crmsim.Client{ID: "app", Secret: "planted-app-secret"}})
	b.vendor = &vendor{asked: make(map[string]int), Handler: sim, grants: sim.Vendor().Grants}
	sandbox := httptest.NewServer(b.vendor)
	t.Cleanup(sandbox.Close)

	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(keyset)
	require.NoError(t, err)
	b.vault = &oauth.Vault{Rows: b.store, Keyring: ring}

	b.api = httptest.NewUnstartedServer(nil)
	hub := httptest.NewServer(hubspot.New(hubspot.Options{Client: crmsim.Client{ID: "app", Secret: "planted-app-secret"}}))
	t.Cleanup(hub.Close)
	app := config.App{ClientID: "app", ClientSecret: secret.NewText("planted-app-secret"), LoginURL: sandbox.URL}
	apps := salesforceApp(app)
	app.LoginURL = hub.URL
	apps[crm.HubSpot] = app
	cfg := reachedAt(config.API{PublicURL: "http://127.0.0.1:0", Process: config.Process{Keyring: ring, Apps: apps}}, b.api.Listener.Addr())
	core, logs := observer.New(zap.DebugLevel)
	b.logs = logs
	s := server(cfg, pool, nil, zap.New(core))
	s.Supervisors = b.supervisors
	b.api.Config.Handler, err = s.Handler()
	require.NoError(t, err)
	b.api.Start()
	t.Cleanup(b.api.Close)

	w, err := lockstep.NewWorkspace("Acme")
	require.NoError(t, err)
	key, text, err := lockstep.NewAPIKey(w.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, b.store.CreateWorkspace(t.Context(), w, key, text))
	b.workspace, b.key = w.ID, text
	return b
}

// salesforceApp returns the apps of someone who has one for Salesforce.
func salesforceApp(app config.App) map[crm.Vendor]config.App {
	apps := make(map[crm.Vendor]config.App)
	apps[crm.Salesforce] = app
	return apps
}

// link returns a fresh link to sign in for c.
func (b *bundle) link(t *testing.T, c lockstep.Connection) string {
	t.Helper()
	token := uuid.NewString()
	require.NoError(t, b.store.PutConnectLink(t.Context(), c.WorkspaceID, c.ID, token, soon()))
	return b.api.URL + "/v1/connect/" + token
}

// connection adds a connection to a Salesforce that nobody has signed in to.
func (b *bundle) connection(t *testing.T) lockstep.Connection {
	t.Helper()
	return b.connectionTo(t, crm.Salesforce)
}

func (b *bundle) connectionTo(t *testing.T, vendor crm.Vendor) lockstep.Connection {
	t.Helper()
	c := lockstep.Connection{ID: uuid.Must(uuid.NewV7()), WorkspaceID: b.workspace, Vendor: vendor}
	require.NoError(t, b.store.CreateConnection(t.Context(), c))
	return b.reread(t, c)
}

func (b *bundle) reread(t *testing.T, c lockstep.Connection) lockstep.Connection {
	t.Helper()
	c, err := b.store.Connection(t.Context(), c.WorkspaceID, c.ID)
	require.NoError(t, err)
	return c
}

// person is somebody at a browser.
type person struct {
	t       *testing.T
	browser *http.Client
	pages   []string // all that they were shown
}

func newPerson(t *testing.T) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &person{t: t, browser: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// shown is what a browser was answered.
type shown struct {
	status   int
	location *url.URL // where it is sent, if it is
}

// get opens an address.
func (p *person) get(address string) shown {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, address, nil)
	require.NoError(p.t, err)
	req.Header.Set("Accept", "text/html")
	return p.do(req)
}

func (p *person) do(req *http.Request) shown {
	p.t.Helper()
	resp, err := p.browser.Do(req)
	require.NoError(p.t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	require.NoError(p.t, resp.Body.Close())
	p.pages = append(p.pages, string(page))
	location, err := resp.Location()
	if err != nil {
		require.ErrorIs(p.t, err, http.ErrNoLocation)
	}
	return shown{status: resp.StatusCode, location: location}
}

// page is what they see.
func (p *person) page() string { return p.pages[len(p.pages)-1] }

// decide opens a link, and on the CRM's page picks an account and presses a
// button. It returns where the CRM sends them.
func (p *person) decide(link, account, button string) string {
	p.t.Helper()
	opened := p.get(link)
	require.Equal(p.t, http.StatusFound, opened.status, p.page())
	form := opened.location.Query()
	form.Set("org", account) // as Salesforce's page calls it
	form.Set("account", account)
	form.Set(button, "1")
	opened.location.RawQuery = ""
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, opened.location.String(), strings.NewReader(form.Encode()))
	require.NoError(p.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	decided := p.do(req)
	require.Equal(p.t, http.StatusFound, decided.status, p.page())
	return decided.location.String()
}

// connect signs in and returns the status of the page at the end.
func (p *person) connect(link, account string) int {
	p.t.Helper()
	return p.get(p.decide(link, account, "approve")).status
}

// secretOf returns what is secret in a callback's address.
func secretOf(t *testing.T, callback string) []string {
	t.Helper()
	u, err := url.Parse(callback)
	require.NoError(t, err)
	return []string{u.Query().Get("code"), u.Query().Get("state")}
}
