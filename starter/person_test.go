package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"lockstep/internal/crmsim"
)

func TestConsentIsGivenAsTheSandboxAsksForIt(t *testing.T) {
	t.Parallel()

	page := crmsim.Consent{
		Vendor: "Salesforce", App: "app", Action: "/services/oauth2/authorize", Scopes: []string{"api"}, Account: "org",
		Hidden:   []crmsim.Hidden{{Name: "state", Value: `a"b&c`}, {Name: "client_id", Value: "app"}},
		Accounts: []crmsim.Choice{{ID: "1", Label: "One"}, {ID: "2", Label: "Two", Chosen: true}},
	}
	w := httptest.NewRecorder()
	require.NoError(t, page.Write(w))
	parsed, err := html.Parse(w.Body)
	require.NoError(t, err)

	f, err := consentForm(parsed)
	require.NoError(t, err)
	require.Equal(t, form{
		action: "/services/oauth2/authorize", method: http.MethodPost,
		values: url.Values{"state": {`a"b&c`}, "client_id": {"app"}, "org": {"2"}, "approve": {"1"}},
	}, f)
}

func TestFirstOptionIsChosenWhenNoneIs(t *testing.T) {
	t.Parallel()

	f, err := consentForm(parse(t, `<form><select name=org><option value=1>One<option value=2>Two</select><button name=ok value=1>Go</button></form>
		<form><input name=other value=x><button>Other</button></form>`))
	require.NoError(t, err)
	require.Equal(t, form{method: http.MethodGet, values: url.Values{"org": {"1"}, "ok": {"1"}}}, f)
}

func TestPageWithoutFormIsQuoted(t *testing.T) {
	t.Parallel()

	_, err := consentForm(parse(t, "<title>x</title><style>p {}</style><p>Sorry,   not <b>today</b>."))
	require.ErrorContains(t, err, "Sorry, not today .")
}

func TestBrowserKeepsCookiesAndComesBack(t *testing.T) {
	t.Parallel()

	var back bool
	mux := http.NewServeMux()
	mux.HandleFunc("GET /connect", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "browser", Value: "mine", Path: "/"})
		http.Redirect(w, r, "/consent", http.StatusFound)
	})
	mux.HandleFunc("GET /consent", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`<form method=post action="give"><input type=hidden name=state value=s><button name=approve value=1>Allow</button></form>`))
	})
	mux.HandleFunc("POST /give", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/callback?code=secret&state="+r.PostFormValue("state")+"&approve="+r.PostFormValue("approve"), http.StatusFound)
	})
	mux.HandleFunc("GET /callback", func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie("browser")
		back = err == nil && cookie.Value == "mine" && r.FormValue("state") == "s" && r.FormValue("approve") == "1"
		if !back {
			http.Error(w, "<h1>Not yours</h1>", http.StatusForbidden)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	somebody, err := newPerson()
	require.NoError(t, err)
	require.NoError(t, somebody.allow(t.Context(), server.URL+"/connect"))
	require.True(t, back)

	forgetful := &person{browser: &http.Client{}}
	err = forgetful.allow(t.Context(), server.URL+"/connect")
	require.ErrorContains(t, err, "Not yours")
	require.NotContains(t, err.Error(), "secret")
}

func parse(t *testing.T, text string) *html.Node {
	t.Helper()
	page, err := html.Parse(strings.NewReader(text))
	require.NoError(t, err)
	return page
}
