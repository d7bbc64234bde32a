package e2e_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"golang.org/x/net/html"

	"lockstep/internal/connect"
	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

// Lockstep's registration with the sandbox.
const (
	clientID     = "lockstep-sandbox"
	clientSecret = "lockstep-sandbox-secret"
)

func (w *world) apps() map[crm.Vendor]oauth.App {
	return map[crm.Vendor]oauth.App{w.vendor.name: {
		ClientID: clientID, ClientSecret: secret.NewText(clientSecret),
		RedirectURL: "http://127.0.0.1:1/v1/oauth/callback", LoginURL: w.sandbox.Vendors[string(w.vendor.name)],
	}}
}

// grant authorises the connection, for the first time or again, and keeps the
// grant as the API does.
func (w *world) grant(t testing.TB) {
	t.Helper()
	ring, err := secret.ParseKeyring(w.keyset)
	require.NoError(t, err)
	grant := w.authorize(t, ring)
	vault := &oauth.Vault{Rows: w.store, Keyring: ring}
	sealed, err := vault.Seal(w.conn.WorkspaceID, w.conn.ID, grant)
	require.NoError(t, err)
	conn := w.connection(t)
	require.NoError(t, w.store.Authorize(t.Context(), conn.WorkspaceID, conn.ID, conn.Epoch, w.identify(t, grant), grant.BaseURL, sealed))
}

// identify asks the CRM whose a grant is.
func (w *world) identify(t testing.TB, grant oauth.Grant) crm.Account {
	t.Helper()
	conn := w.connection(t)
	conn.BaseURL, conn.Account = grant.BaseURL, crm.Account{}
	account, err := w.open(t, conn, grant.AccessToken.Reveal()).Identify(t.Context())
	require.NoError(t, err)
	return account
}

// open opens a connection with an access token.
func (w *world) open(t testing.TB, conn lockstep.Connection, token string) crm.Connector {
	t.Helper()
	opener := connect.Opener{
		Vendors: all.Factories(), Base: http.DefaultTransport, Log: zap.NewNop(),
		Logins: map[crm.Vendor]string{w.vendor.name: w.sandbox.Vendors[string(w.vendor.name)]},
	}
	connector, err := opener.OpenWith(conn, bearer(token))
	require.NoError(t, err)
	return connector
}

// bearer is an access token that nobody renews.
type bearer string

func (b bearer) Token(context.Context, string) (string, error) { return string(b), nil }

// reconnect authorises the connection again and tells its supervisor.
func (w *world) reconnect(t testing.TB) {
	t.Helper()
	w.grant(t)
	w.update(t, flow.UpdateCompleteAuthorization, nil)
}

// states remembers the one sign-in of a test.
type states struct{ pending oauth.Pending }

func (s *states) Put(_ context.Context, _, _ []byte, p oauth.Pending) error {
	s.pending = p
	return nil
}

func (s *states) Consume(context.Context, []byte, []byte) (oauth.Pending, error) {
	return s.pending, nil
}

// authorize gives consent in the sandbox and returns the grant.
func (w *world) authorize(t testing.TB, ring *secret.Keyring) oauth.Grant {
	t.Helper()
	f := oauth.Flow{
		Vendors: &oauth.Vendors{Factories: all.Factories(), Base: http.DefaultTransport, Apps: w.apps()},
		States:  &states{}, Keyring: ring,
	}
	started, err := f.Start(t.Context(), oauth.Request{Vendor: w.vendor.name})
	require.NoError(t, err)
	back := consent(t, started.URL)
	_, grant, err := f.Finish(t.Context(), oauth.Callback{
		State: back.Get("state"), Code: secret.NewText(back.Get("code")), Browser: started.Browser,
	})
	require.NoError(t, err)
	w.secrets = append(w.secrets, grant.AccessToken.Reveal(), grant.RefreshToken.Reveal(), clientSecret, back.Get("code"))
	return grant
}

// consent opens a consent page, approves, and returns what the redirect says.
func consent(t testing.TB, page string) url.Values {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
	require.NoError(t, err)
	resp, err := browser.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	form, action := url.Values{"approve": {"1"}}, ""
	for z := html.NewTokenizer(resp.Body); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		attrs := map[string]string{}
		for _, a := range token.Attr {
			attrs[a.Key] = a.Val
		}
		switch {
		case token.Data == "form" && kind == html.StartTagToken:
			action = attrs["action"]
		case token.Data == "input" && attrs["type"] == "hidden":
			form.Set(attrs["name"], attrs["value"])
		}
	}
	target, err := req.URL.Parse(action)
	require.NoError(t, err)
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	require.NoError(t, err)
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := browser.Do(post)
	require.NoError(t, err)
	defer answer.Body.Close()
	back, err := answer.Location()
	require.NoError(t, err)
	return back.Query()
}
