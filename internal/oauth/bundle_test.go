package oauth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

// planted stands where a secret would, in what endpoints answer.
const planted = "planted-secret"

// bundle is a flow against a token endpoint that answers as the test says.
type bundle struct {
	flow     *oauth.Flow
	states   *states
	endpoint *endpoint
	request  oauth.Request
}

func setup(t *testing.T) *bundle {
	t.Helper()

	e := newEndpoint(t)
	s := &states{rows: make(map[string]*stateRow)}
	return &bundle{
		flow:     &oauth.Flow{Vendors: e.vendors(), States: s, Keyring: keyring(t)},
		states:   s,
		endpoint: e,
		request: oauth.Request{
			WorkspaceID: uuid.New(), ConnectionID: uuid.New(), Epoch: 3, Vendor: crm.Salesforce,
		},
	}
}

// callback is what a browser brings that has pressed Allow.
func (b *bundle) callback(t *testing.T, started oauth.Started) oauth.Callback {
	t.Helper()

	u, err := url.Parse(started.URL)
	require.NoError(t, err)
	return oauth.Callback{
		State:   u.Query().Get("state"),
		Code:    secret.NewText("the-code"),
		Browser: started.Browser,
	}
}

func keyring(t *testing.T) *secret.Keyring {
	t.Helper()

	data, err := secret.NewKeyset()
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(data)
	require.NoError(t, err)
	return ring
}

// factory describes a vendor as Salesforce is (crm/salesforce.md §1).
func factory() adapter.Factory {
	return adapter.Factory{
		Vendor: crm.Salesforce,
		OAuth: adapter.OAuth{
			Endpoint: oauth2.Endpoint{
				AuthURL:  "https://login.salesforce.com/services/oauth2/authorize",
				TokenURL: "https://login.salesforce.com/services/oauth2/token",
			},
			Scopes: []string{"api", "refresh_token"},
			PKCE:   true,
		},
		Hosts: []string{".my.salesforce.com"},
	}
}

// endpoint is a vendor's token endpoint.
type endpoint struct {
	url string

	mu     sync.Mutex
	forms  []url.Values // what it was sent
	answer func(form url.Values) (status int, header http.Header, body any)
}

func newEndpoint(t *testing.T) *endpoint {
	t.Helper()

	e := &endpoint{answer: func(url.Values) (int, http.Header, any) { return http.StatusOK, nil, answer(nil) }}
	server := httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(server.Close)
	e.url = server.URL
	return e
}

func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.URL.Path != "/services/oauth2/token" || r.ParseForm() != nil {
		http.NotFound(w, r)
		return
	}
	e.mu.Lock()
	e.forms = append(e.forms, r.PostForm)
	answer := e.answer
	e.mu.Unlock()

	status, header, body := answer(r.PostForm)
	maps.Copy(w.Header(), header)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// will makes the endpoint answer so from now on.
func (e *endpoint) will(status int, header http.Header, body any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = func(url.Values) (int, http.Header, any) { return status, header, body }
}

// calls returns what the endpoint was sent.
func (e *endpoint) calls() []url.Values {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.forms)
}

// vendors knows one vendor, whose login is at the endpoint.
func (e *endpoint) vendors() *oauth.Vendors {
	v := &oauth.Vendors{
		Factories: make(map[crm.Vendor]adapter.Factory),
		Apps:      make(map[crm.Vendor]oauth.App),
		Base:      &http.Transport{},
	}
	v.Factories[crm.Salesforce] = factory()
	v.Apps[crm.Salesforce] = oauth.App{
		ClientID: "the-app", ClientSecret: secret.NewText("the-app-secret"),
		RedirectURL: "https://lockstep.example.com/v1/oauth/callback", LoginURL: e.url,
	}
	return v
}

// answer is Salesforce's token answer, changed by the given members; nil takes
// one away.
func answer(changes map[string]any) map[string]any {
	body := map[string]any{
		"access_token":  "access-1",
		"refresh_token": "refresh-1",
		"instance_url":  "https://acme.my.salesforce.com",
		"id":            "https://login.salesforce.com/id/00Dx0000000BV7z/005x00000012Q9P",
		"issued_at":     "1278448832702",
		"signature":     planted,
		"scope":         "refresh_token api",
		"token_type":    "Bearer",
	}
	for name, value := range changes {
		if value == nil {
			delete(body, name)
			continue
		}
		body[name] = value
	}
	return body
}

// states is States in memory.
type states struct {
	mu   sync.Mutex
	rows map[string]*stateRow
}

type stateRow struct {
	browser  string
	pending  oauth.Pending
	consumed bool
}

// Put implements oauth.States.
func (s *states) Put(_ context.Context, state, browser []byte, p oauth.Pending) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows[string(state)] = &stateRow{browser: string(browser), pending: p}
	return nil
}

// Consume implements oauth.States.
func (s *states) Consume(_ context.Context, state, browser []byte) (oauth.Pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	row, ok := s.rows[string(state)]
	switch {
	case !ok:
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeStateUnknown}
	case row.browser != string(browser):
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeWrongBrowser}
	case row.consumed:
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeStateReplayed}
	case time.Now().After(row.pending.ExpiresAt):
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeStateExpired}
	}
	row.consumed = true
	return row.pending, nil
}

// each calls do with every row.
func (s *states) each(do func(key string, row *stateRow)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, row := range s.rows {
		do(key, row)
	}
}

// requireCode requires err to be an *oauth.Error of code that shows nothing
// planted, however it is printed.
func requireCode(t *testing.T, code oauth.Code, err error) oauth.Error {
	t.Helper()

	var problem *oauth.Error
	require.ErrorAs(t, err, &problem)
	require.Equal(t, code, problem.Code)
	requireNothingPlanted(t, err)
	require.NotContains(t, fmt.Sprintf("%+v", problem.Problem()), planted)
	return *problem
}

// requireKind requires err to be a crm.Error of kind that shows nothing
// planted, nor does anything it wraps.
func requireKind(t *testing.T, kind crm.Kind, err error) crm.Error {
	t.Helper()

	var e *crm.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Kind, "%v", err)
	requireNothingPlanted(t, err)
	return *e
}

func requireNothingPlanted(t *testing.T, err error) {
	t.Helper()

	for ; err != nil; err = unwrap(err) {
		require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, err), planted)
	}
}

func unwrap(err error) error {
	if u, ok := err.(interface{ Unwrap() error }); ok {
		return u.Unwrap()
	}
	return nil
}

// scripted returns a vendor whose token endpoint is a function, and a count of
// its calls: for tests that own the clock.
func scripted(answer roundTrip) (*oauth.Vendors, *atomic.Int32) {
	e := &endpoint{url: "https://login.example.com"}
	calls := new(atomic.Int32)
	vendors := e.vendors()
	vendors.Base = roundTrip(func(r *http.Request) (*http.Response, error) {
		calls.Add(1)
		return answer(r)
	})
	return vendors, calls
}

// respond answers r with body in JSON.
func respond(r *http.Request, status int, body any) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", "application/json")
	recorder.WriteHeader(status)
	if err := json.NewEncoder(recorder).Encode(body); err != nil {
		return nil, err
	}
	resp := recorder.Result()
	resp.Request = r
	return resp, nil
}
