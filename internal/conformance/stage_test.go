package conformance

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/crm/all"
	"lockstep/internal/crmsim"
	simhubspot "lockstep/internal/crmsim/hubspot"
	simsalesforce "lockstep/internal/crmsim/salesforce"
)

const (
	clientID     = "app"
	clientSecret = "app-secret"
	callback     = "http://127.0.0.1:1/callback"
)

// stage is a sandbox that listens, its administration, and an adapter that is
// connected to it, all of whose calls are kept.
type stage struct {
	vendor  crm.Vendor
	factory adapter.Factory
	url     string
	admin   string
	grant   grant
	conn    crm.Connector
	sent    *recorder
	http    *http.Client
}

// grant is what the token endpoint answers.
type grant struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id"` // Salesforce: …/organisation/user
}

// overlay answers a call in the sandbox's place, or leaves it to the sandbox.
type overlay func(w http.ResponseWriter, r *http.Request, sim http.Handler) (answered bool)

// open starts a sandbox and connects to it. From then on over, if that is not
// nil, answers before it.
func open(t *testing.T, vendor crm.Vendor, over overlay) *stage {
	t.Helper()

	var connected atomic.Bool
	wire, sim := sandbox(vendor)
	s := &stage{vendor: vendor, factory: all.Factories()[vendor]}
	s.url = serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if over == nil || !connected.Load() || !over(w, r, wire) {
			wire.ServeHTTP(w, r)
		}
	}))
	s.admin = serve(t, crmsim.Admin(sim))
	base := &http.Transport{MaxIdleConnsPerHost: 8}
	t.Cleanup(base.CloseIdleConnections)
	s.http = &http.Client{
		Transport:     base,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	s.grant = s.exchange(t, s.code(t))
	s.sent = &recorder{next: base}
	conn, err := s.connect(s.identity())
	require.NoError(t, err)
	s.conn = conn
	connected.Store(true)
	return s
}

// connect returns an adapter that is connected as the account and the user,
// both empty where they are not known yet.
func (s *stage) connect(account, user string) (crm.Connector, error) {
	return s.factory.Open(adapter.Deps{
		BaseURL: s.url, LoginURL: s.url, AccountID: account, UserID: user,
		Client: adapter.Registration{ID: clientID, Secret: clientSecret},
		HTTP:   adapter.Client(s.sent, adapter.Chain{Tokens: still(s.grant.Access)}),
		Log:    zap.NewNop(),
	})
}

// sandbox returns a sandbox of the vendor, without the limits that a check
// would run into.
func sandbox(vendor crm.Vendor) (http.Handler, crmsim.Vendor) {
	client := crmsim.Client{ID: clientID, Secret: clientSecret}
	settings := crmsim.Settings{Terms: crmsim.Terms{Rate: crmsim.Rate{Calls: 1_000_000, Window: time.Second}}}
	if vendor == crm.HubSpot {
		sim := simhubspot.New(simhubspot.Options{Settings: settings, Client: client, SearchLag: -1})
		return sim, sim.Vendor()
	}
	sim := simsalesforce.New(simsalesforce.Options{Settings: settings, Client: client})
	return sim, sim.Vendor()
}

func serve(t *testing.T, h http.Handler) string {
	t.Helper()

	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// still is a token source that has one token.
type still string

// Token implements adapter.TokenSource.
func (s still) Token(context.Context, string) (string, error) { return string(s), nil }

// identity returns the account that is connected, and the user.
func (s *stage) identity() (account, user string) {
	if s.vendor == crm.HubSpot {
		return "44237313", ""
	}
	parts := strings.Split(s.grant.ID, "/")
	return parts[len(parts)-2], parts[len(parts)-1]
}

// oauth returns the paths of consent and of tokens, as a client that follows the
// vendor's documents finds them.
func (s *stage) oauth() (consent, token string) {
	if s.vendor == crm.HubSpot {
		return s.url + "/oauth/authorize", s.url + "/oauth/v1/token"
	}
	return s.url + "/services/oauth2/authorize", s.url + "/services/oauth2/token"
}

// code returns the code that the application gets for the scopes that Lockstep
// asks for, and for those that what is held against it takes besides.
func (s *stage) code(t *testing.T) string {
	t.Helper()

	scopes := s.factory.OAuth.Scopes
	if s.factory.Vendor == crm.HubSpot { // what the recordings and the clients ask for as well
		for _, object := range []string{"companies", "deals"} {
			scopes = append(slices.Clone(scopes), "crm.objects."+object+".read", "crm.objects."+object+".write",
				"crm.schemas."+object+".read", "crm.schemas."+object+".write")
		}
	}
	return s.codeFor(t, strings.Join(scopes, " "))
}

// codeFor walks through the consent page as a browser would.
func (s *stage) codeFor(t *testing.T, scopes string) string {
	t.Helper()

	consent, _ := s.oauth()
	asked := url.Values{
		"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {callback}, "state": {"1"},
		"scope": {scopes},
	}
	page := s.send(t, http.MethodGet, consent+"?"+asked.Encode(), nil, nil)
	require.Equal(t, http.StatusOK, page.status, string(page.answer))
	form := url.Values{"approve": {"1"}}
	for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(string(page.answer), -1) {
		form.Set(m[1], strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(m[2]))
	}
	sent := s.send(t, http.MethodPost, consent, form, nil)
	require.Equal(t, http.StatusFound, sent.status, string(sent.answer))
	back, err := url.Parse(sent.header.Get("Location"))
	require.NoError(t, err)
	return back.Query().Get("code")
}

// exchange turns a code into a grant.
func (s *stage) exchange(t *testing.T, code string) grant {
	t.Helper()

	answer := s.token(t, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}})
	require.Equal(t, http.StatusOK, answer.status, string(answer.answer))
	var g grant
	require.NoError(t, json.Unmarshal(answer.answer, &g))
	return g
}

// token asks the token endpoint.
func (s *stage) token(t *testing.T, form url.Values) call {
	t.Helper()

	_, token := s.oauth()
	full := url.Values{"client_id": {clientID}, "client_secret": {clientSecret}}
	maps.Copy(full, form)
	return s.send(t, http.MethodPost, token, full, nil)
}

// call makes a data call by hand; body is sent as JSON unless nil.
func (s *stage) call(t *testing.T, method, path string, body any) call {
	t.Helper()

	return s.send(t, method, s.url+path, body, http.Header{"Authorization": {"Bearer " + s.grant.Access}})
}

// order gives the administration an order.
func (s *stage) order(t *testing.T, method, path string, body any) call {
	t.Helper()

	c := s.send(t, method, s.admin+"/_sim/"+string(s.vendor)+path, body, nil)
	require.Less(t, c.status, 300, string(c.answer))
	return c
}

// send makes a request and returns it with its answer; the header is the
// answer's.
func (s *stage) send(t *testing.T, method, target string, body any, header http.Header) call {
	t.Helper()

	var sent string
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case url.Values:
		sent, kind = b.Encode(), "application/x-www-form-urlencoded"
	case string:
		sent = b
	default:
		raw, err := json.Marshal(b)
		require.NoError(t, err)
		sent = string(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, target, strings.NewReader(sent))
	require.NoError(t, err)
	maps.Copy(req.Header, header)
	if sent != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := s.http.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return call{method: method, url: req.URL, header: res.Header, body: []byte(sent), status: res.StatusCode, answer: answer}
}
