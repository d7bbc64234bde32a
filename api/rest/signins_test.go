package rest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// visit opens an address as a browser does.
func (b *bundle) visit(t *testing.T, target string, headers ...string) answer {
	t.Helper()
	return b.ask(t, http.MethodGet, target, "", append([]string{"Authorization", "", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}, headers...)...)
}

// link returns the path of a fresh link to sign in for c.
func (b *bundle) link(t *testing.T, c lockstep.Connection) string {
	t.Helper()
	link := read[Authorization](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/authorize", ""), http.StatusOK)
	path, ok := strings.CutPrefix(link.AuthorizeURL, publicURL)
	require.True(t, ok)
	return path
}

func TestLinkBindsTheBrowserAndWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusConnecting)
	link := b.link(t, c)

	a := b.visit(t, link)
	require.Equal(t, http.StatusFound, a.Code)
	require.Equal(t, "https://login.example/authorize?state=s3cret-state", a.Header().Get("Location"))
	require.Equal(t, "no-store", a.Header().Get("Cache-Control"))
	require.Equal(t, "no-referrer", a.Header().Get("Referrer-Policy"))
	cookies := a.Result().Cookies()
	require.Len(t, cookies, 1)
	require.Equal(t, "s3cret-cookie", cookies[0].Value)
	require.Equal(t, "/v1/oauth/callback", cookies[0].Path)
	require.True(t, cookies[0].HttpOnly)
	require.True(t, cookies[0].Secure)
	require.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
	require.Equal(t, c.ID, b.signIns.begun.ID)
	require.Equal(t, c.Epoch, b.signIns.begun.Epoch)

	again := b.visit(t, link)
	require.Equal(t, http.StatusGone, again.Code)
	require.Contains(t, again.Body.String(), "Ask for a new link")
	require.Empty(t, again.Result().Cookies())
	b.visit(t, link, "Accept", "application/json").problem(http.StatusGone, "connect_link_used")

	head := httptest.NewRequestWithContext(t.Context(), http.MethodHead, b.link(t, c), nil)
	require.Equal(t, http.StatusMethodNotAllowed, b.send(t, head).Code, "those who only look do not use it up")
}

func TestCookiesAreSentOverPlainHTTPOnlyWhereThatIsPublic(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) { s.PublicURL = "http://127.0.0.1:8080" })
	c := b.connection(t, lockstep.StatusConnecting)
	link := read[Authorization](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/authorize", ""), http.StatusOK)

	a := b.visit(t, strings.TrimPrefix(link.AuthorizeURL, "http://127.0.0.1:8080"))
	require.False(t, a.Result().Cookies()[0].Secure)
	require.Empty(t, a.Header().Get("Strict-Transport-Security"))
}

// FEATURES: A07, A11
func TestCallbackTellsAPersonWhatIsConnected(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusSettingUp)
	b.signIns.begun = c

	a := b.visit(t, "/v1/oauth/callback?state=s3cret-state&code=s3cret-code", "Cookie", "other=1; lockstep_oauth_1=s3cret-cookie")
	require.Equal(t, http.StatusOK, a.Code)
	require.Equal(t, "text/html", a.Header().Get("Content-Type"))
	require.Contains(t, a.Body.String(), "<h1>Salesforce is connected: Acme Inc. (production)</h1>")
	require.NotContains(t, a.Body.String(), "s3cret")
	require.NotContains(t, a.Body.String(), "<script")
	policy := a.Header().Get("Content-Security-Policy")
	require.Contains(t, policy, "default-src 'none'; style-src 'sha256-")
	require.Equal(t, "DENY", a.Header().Get("X-Frame-Options"))
	require.Equal(t, "no-store", a.Header().Get("Cache-Control"))

	require.Equal(t, "s3cret-state", b.signIns.got.State)
	require.Equal(t, "s3cret-code", b.signIns.got.Code)
	require.Equal(t, "s3cret-cookie", b.signIns.got.Cookie("lockstep_oauth_1"))
	require.Empty(t, b.signIns.got.Cookie("lockstep_oauth_2"))
	require.Equal(t, []string{"complete " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)

	got := read[Connection](b.visit(t, "/v1/oauth/callback?state=s&code=c", "Accept", "application/json"), http.StatusOK)
	require.Equal(t, c.ID, got.ID)
}

func TestCallbackTellsAPersonWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signIns.err = &Error{Code: "oauth_denied", Kind: crm.KindForbidden, Title: "Access denied", Detail: "Somebody pressed <Deny>.", Fix: "Begin again."}

	a := b.visit(t, "/v1/oauth/callback?state=s3cret-state&error=access_denied")
	require.Equal(t, http.StatusForbidden, a.Code)
	require.Contains(t, a.Body.String(), "<h1>Access denied</h1>\n<p>Somebody pressed &lt;Deny&gt;.</p>\n<p>Begin again.</p>")
	require.Contains(t, a.Body.String(), a.Header().Get("X-Request-Id"))
	p := b.visit(t, "/v1/oauth/callback?state=s3cret-state&error=access_denied", "Accept", "application/json").problem(http.StatusForbidden, "oauth_denied")
	require.Equal(t, "Begin again.", p.Fix)
	require.Equal(t, "access_denied", b.signIns.got.Error)
	require.Empty(t, b.supervisors.told)

	b.signIns.err = &Error{Code: lockstep.CodeWrongAccount, Kind: crm.KindConflict}
	a = b.visit(t, "/v1/oauth/callback?state=s&code=c")
	require.Equal(t, http.StatusConflict, a.Code)
	require.Contains(t, a.Body.String(), lockstep.Explain(lockstep.CodeWrongAccount).Title)
}

func TestSignInIsKeptWhenTheSupervisorDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.signIns.begun = b.connection(t, lockstep.StatusSettingUp)
	b.supervisors.err = errors.New("no worker")

	a := b.visit(t, "/v1/oauth/callback?state=s&code=c")
	require.Equal(t, http.StatusOK, a.Code)
	require.Contains(t, a.Body.String(), "Salesforce is connected")
	require.Contains(t, a.Body.String(), "cannot go on by itself at the moment")
	require.Equal(t, 1, b.logs.FilterMessage("telling the supervisor").Len())
}
