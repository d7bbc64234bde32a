package oauth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

func TestSignInEndsWithAGrant(t *testing.T) {
	t.Parallel()
	b := setup(t)

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	u, err := url.Parse(started.URL)
	require.NoError(t, err)
	require.Equal(t, b.endpoint.url+"/services/oauth2/authorize", u.Scheme+"://"+u.Host+u.Path)
	q := u.Query()
	require.Equal(t, "code", q.Get("response_type"))
	require.Equal(t, "the-app", q.Get("client_id"))
	require.Equal(t, "https://lockstep.example.com/v1/oauth/callback", q.Get("redirect_uri"))
	require.Equal(t, "api refresh_token", q.Get("scope"))
	require.Equal(t, "S256", q.Get("code_challenge_method"))
	require.Equal(t, oauth.CookieName(q.Get("state")), started.Cookie)

	p, grant, err := b.flow.Finish(t.Context(), b.callback(t, started))
	require.NoError(t, err)
	bound := oauth.Request{WorkspaceID: p.WorkspaceID, ConnectionID: p.ConnectionID, Epoch: p.Epoch, Vendor: p.Vendor}
	require.Equal(t, b.request, bound)
	require.Equal(t, "access-1", grant.AccessToken.Reveal())
	require.Equal(t, "refresh-1", grant.RefreshToken.Reveal())
	require.Equal(t, "https://acme.my.salesforce.com", grant.BaseURL)
	require.Equal(t, []string{"refresh_token", "api"}, grant.Scopes)
	require.Equal(t, "Bearer", grant.TokenType)
	require.True(t, grant.ExpiresAt.IsZero(), "Salesforce does not say")
	require.False(t, grant.IssuedAt.IsZero())

	calls := b.endpoint.calls()
	require.Len(t, calls, 1)
	require.Equal(t, "authorization_code", calls[0].Get("grant_type"))
	require.Equal(t, "the-code", calls[0].Get("code"))
	require.Equal(t, "the-app", calls[0].Get("client_id"))
	require.Equal(t, "the-app-secret", calls[0].Get("client_secret"))
	require.Equal(t, q.Get("redirect_uri"), calls[0].Get("redirect_uri"))
	challenge := sha256.Sum256([]byte(calls[0].Get("code_verifier")))
	require.Equal(t, q.Get("code_challenge"), base64.RawURLEncoding.EncodeToString(challenge[:]))
}

func TestOnlyHashesAndSealsAreKept(t *testing.T) {
	t.Parallel()
	b := setup(t)

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	cb := b.callback(t, started)
	require.Len(t, cb.State, 43, "32 bytes in base64url")
	_, _, err = b.flow.Finish(t.Context(), cb)
	require.NoError(t, err)
	verifier := b.endpoint.calls()[0].Get("code_verifier")

	b.states.each(func(key string, row *stateRow) {
		hash := sha256.Sum256([]byte(cb.State))
		require.Equal(t, string(hash[:]), key)
		hash = sha256.Sum256([]byte(started.Browser.Reveal()))
		require.Equal(t, string(hash[:]), row.browser)
		require.NotContains(t, string(row.pending.SealedVerifier), verifier)
		require.WithinDuration(t, time.Now().Add(10*time.Minute), row.pending.ExpiresAt, time.Minute)
	})
}

func TestStateIsConsumedBeforeTheCodeIsSent(t *testing.T) {
	t.Parallel()
	b := setup(t)

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	var consumed atomic.Bool
	b.endpoint.answer = func(url.Values) (int, http.Header, any) {
		b.states.each(func(_ string, row *stateRow) { consumed.Store(row.consumed) })
		return http.StatusInternalServerError, nil, planted
	}
	cb := b.callback(t, started)
	_, _, err = b.flow.Finish(t.Context(), cb)
	requireCode(t, oauth.CodeUnavailable, err)
	require.True(t, consumed.Load())

	_, _, err = b.flow.Finish(t.Context(), cb)
	requireCode(t, oauth.CodeStateReplayed, err)
	require.Len(t, b.endpoint.calls(), 1, "a code is sent once, however that ended")
}

func TestOfManyCallbacksOneIsFinished(t *testing.T) {
	t.Parallel()
	b := setup(t)

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	cb := b.callback(t, started)
	var finished, replayed atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, _, err := b.flow.Finish(t.Context(), cb)
			problem, _ := errors.AsType[*oauth.Error](err)
			switch {
			case err == nil:
				finished.Add(1)
			case problem != nil && problem.Code == oauth.CodeStateReplayed:
				replayed.Add(1)
			}
		})
	}
	wg.Wait()
	require.Equal(t, int32(1), finished.Load())
	require.Equal(t, int32(7), replayed.Load())
	require.Len(t, b.endpoint.calls(), 1)
}

func TestEveryWrongReturnIsToldApart(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		damage func(b *bundle, cb *oauth.Callback)
		want   oauth.Code
	}{
		"no state":            {func(_ *bundle, cb *oauth.Callback) { cb.State = "" }, oauth.CodeStateUnknown},
		"a made up state":     {func(_ *bundle, cb *oauth.Callback) { cb.State = "x" + cb.State }, oauth.CodeStateUnknown},
		"no cookie":           {func(_ *bundle, cb *oauth.Callback) { cb.Browser = secret.Text{} }, oauth.CodeWrongBrowser},
		"another's cookie":    {func(_ *bundle, cb *oauth.Callback) { cb.Browser = secret.NewText("another") }, oauth.CodeWrongBrowser},
		"no code":             {func(_ *bundle, cb *oauth.Callback) { cb.Code = secret.Text{} }, oauth.CodeRefused},
		"after ten minutes":   {func(b *bundle, _ *oauth.Callback) { b.states.each(expire) }, oauth.CodeStateExpired},
		"no state and denied": {func(_ *bundle, cb *oauth.Callback) { cb.State, cb.Error = "", "access_denied" }, oauth.CodeDenied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)

			started, err := b.flow.Start(t.Context(), b.request)
			require.NoError(t, err)
			cb := b.callback(t, started)
			test.damage(b, &cb)
			_, _, err = b.flow.Finish(t.Context(), cb)
			problem := requireCode(t, test.want, err)
			require.NotEmpty(t, problem.Problem().Fix)
			require.Empty(t, b.endpoint.calls())
		})
	}
}

func expire(_ string, row *stateRow) { row.pending.ExpiresAt = time.Now().Add(-time.Second) }

func TestAStrangersBrowserSpoilsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	cb := b.callback(t, started)
	stranger := cb
	stranger.Browser = secret.NewText("another")
	_, _, err = b.flow.Finish(t.Context(), stranger)
	requireCode(t, oauth.CodeWrongBrowser, err)
	_, _, err = b.flow.Finish(t.Context(), cb)
	require.NoError(t, err)
}

func TestVerifierOpensForItsConnectionAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	b.states.each(func(_ string, row *stateRow) { row.pending.ConnectionID = uuid.New() })
	_, _, err = b.flow.Finish(t.Context(), b.callback(t, started))
	require.Error(t, err)
	require.Empty(t, b.endpoint.calls())
}

func TestVendorWithoutPKCEIsSentNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := b.flow.Vendors.Factories[crm.Salesforce]
	f.OAuth.PKCE = false
	b.flow.Vendors.Factories[crm.Salesforce] = f

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	require.NotContains(t, started.URL, "code_challenge")
	_, _, err = b.flow.Finish(t.Context(), b.callback(t, started))
	require.NoError(t, err)
	require.NotContains(t, b.endpoint.calls()[0], "code_verifier")
}

func TestVendorWithoutAnAppSaysWhichSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.request.Vendor = crm.HubSpot

	_, err := b.flow.Start(t.Context(), b.request)
	problem := requireCode(t, oauth.CodeNotConfigured, err)
	require.Contains(t, problem.Problem().Fix, "LOCKSTEP_HUBSPOT_CLIENT_ID")
}

// FEATURES: A10
func TestTheVendorsRefusalIsExplained(t *testing.T) {
	t.Parallel()

	for vendorCode, want := range map[string]oauth.Code{
		"access_denied":                oauth.CodeDenied,
		"redirect_uri_mismatch":        oauth.CodeRedirectMismatch,
		"invalid_client_id":            oauth.CodeAppRefused,
		"OAUTH_APP_BLOCKED":            oauth.CodeAppBlocked,
		"OAUTH_APPROVAL_ERROR_GENERIC": oauth.CodeAppBlocked,
		"inactive_user":                oauth.CodeUserInactive,
		"invalid_scope":                oauth.CodeScopeRefused,
		"temporarily_unavailable":      oauth.CodeUnavailable,
		"something_new":                oauth.CodeRefused,
		planted + " of somebody":       oauth.CodeRefused,
	} {
		t.Run(vendorCode, func(t *testing.T) {
			t.Parallel()
			b := setup(t)

			started, err := b.flow.Start(t.Context(), b.request)
			require.NoError(t, err)
			cb := b.callback(t, started)
			cb.Code, cb.Error = secret.Text{}, vendorCode
			p, _, err := b.flow.Finish(t.Context(), cb)
			problem := requireCode(t, want, err)
			require.Equal(t, crm.Salesforce, problem.Vendor)
			require.Equal(t, b.request.ConnectionID, p.ConnectionID, "so that the browser can be sent back to it")
			require.Empty(t, b.endpoint.calls())
		})
	}
}

// FEATURES: A06, A10
func TestTheTokenEndpointsRefusalIsExplained(t *testing.T) {
	t.Parallel()

	refusal := func(code string) map[string]any {
		return map[string]any{"error": code, "error_description": planted}
	}
	for name, test := range map[string]struct {
		status int
		body   any
		want   oauth.Code
		fix    string // part of it
	}{
		"code used already":     {400, refusal("invalid_grant"), oauth.CodeCodeExpired, "again"},
		"wrong secret":          {400, refusal("invalid_client"), oauth.CodeAppRefused, "LOCKSTEP_SALESFORCE_CLIENT_ID"},
		"another callback":      {400, refusal("redirect_uri_mismatch"), oauth.CodeRedirectMismatch, "https://lockstep.example.com/v1/oauth/callback"},
		"a scope not allowed":   {400, refusal("invalid_scope"), oauth.CodeScopeRefused, "Allow api refresh_token in"},
		"something new":         {400, refusal("something_new"), oauth.CodeRefused, "again"},
		"a refusal that is 200": {200, refusal("invalid_grant"), oauth.CodeCodeExpired, "again"},
		"trouble":               {500, planted, oauth.CodeUnavailable, "in a minute"},
		"too many calls":        {429, planted, oauth.CodeUnavailable, "in a minute"},
		"too many, in words":    {400, dying("login rate exceeded"), oauth.CodeUnavailable, "in a minute"},
		"not JSON":              {200, planted, oauth.CodeUnavailable, "in a minute"},
		"no access token":       {200, answer(map[string]any{"access_token": nil}), oauth.CodeUnavailable, "in a minute"},
		"no refresh token":      {200, answer(map[string]any{"refresh_token": nil}), oauth.CodeRefreshTokenMissing, "refresh_token"},
		"less than asked for":   {200, answer(map[string]any{"scope": "refresh_token id"}), oauth.CodeScopeMissing, "Allow api in"},
		"a foreign host":        {200, answer(map[string]any{"instance_url": "https://evil.example.com/" + planted}), oauth.CodeForeignHost, "support"},
		"a look-alike host":     {200, answer(map[string]any{"instance_url": "https://my.salesforce.com.evil.example"}), oauth.CodeForeignHost, "support"},
		"a host without TLS":    {200, answer(map[string]any{"instance_url": "http://acme.my.salesforce.com"}), oauth.CodeForeignHost, "support"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.endpoint.will(test.status, nil, test.body)

			started, err := b.flow.Start(t.Context(), b.request)
			require.NoError(t, err)
			_, grant, err := b.flow.Finish(t.Context(), b.callback(t, started))
			problem := requireCode(t, test.want, err)
			require.Empty(t, grant)
			require.Len(t, b.endpoint.calls(), 1, "a code is not sent twice")
			require.Contains(t, problem.Problem().Fix, test.fix)
		})
	}
}

func TestWhatIsGrantedMayBeSaidInOtherWords(t *testing.T) {
	t.Parallel()

	for name, changes := range map[string]map[string]any{
		"everything":             {"scope": "refresh_token full"},
		"no word of scopes":      {"scope": nil},
		"a list":                 {"scope": nil, "scopes": []string{"api"}},
		"the sandbox's own host": {"instance_url": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.endpoint.will(http.StatusOK, nil, answer(changes))

			started, err := b.flow.Start(t.Context(), b.request)
			require.NoError(t, err)
			_, _, err = b.flow.Finish(t.Context(), b.callback(t, started))
			require.NoError(t, err)
		})
	}
}

func TestTheConfiguredHostMayBeNamedByTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint.will(http.StatusOK, nil, answer(map[string]any{"instance_url": b.endpoint.url + "/"}))

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	_, grant, err := b.flow.Finish(t.Context(), b.callback(t, started))
	require.NoError(t, err)
	require.Equal(t, b.endpoint.url, grant.BaseURL, "without the trailing slash")
}

func TestTheAPIMayBeTheSameForEveryAccount(t *testing.T) {
	t.Parallel()

	for login, want := range map[string]string{
		"":                          "https://api.my.salesforce.com",
		"https://login.example.com": "https://login.example.com", // a sandbox
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			vendors, _ := scripted(func(r *http.Request) (*http.Response, error) {
				return respond(r, http.StatusOK, answer(map[string]any{"instance_url": nil}))
			})
			f, app := vendors.Factories[crm.Salesforce], vendors.Apps[crm.Salesforce]
			f.OAuth.APIURL, app.LoginURL = "https://api.my.salesforce.com", login
			vendors.Factories[crm.Salesforce], vendors.Apps[crm.Salesforce] = f, app
			b.flow.Vendors = vendors

			started, err := b.flow.Start(t.Context(), b.request)
			require.NoError(t, err)
			_, grant, err := b.flow.Finish(t.Context(), b.callback(t, started))
			require.NoError(t, err)
			require.Equal(t, want, grant.BaseURL)
		})
	}
}

func TestTheVendorSaysWhenATokenEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.endpoint.will(http.StatusOK, nil, answer(map[string]any{"expires_in": 1800}))

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	_, grant, err := b.flow.Finish(t.Context(), b.callback(t, started))
	require.NoError(t, err)
	require.Equal(t, 30*time.Minute, grant.ExpiresAt.Sub(grant.IssuedAt))
}

func TestASecretFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	b := setup(t)
	other := newEndpoint(t)
	b.endpoint.will(http.StatusTemporaryRedirect, http.Header{"Location": {other.url + "/services/oauth2/token"}}, nil)

	started, err := b.flow.Start(t.Context(), b.request)
	require.NoError(t, err)
	_, _, err = b.flow.Finish(t.Context(), b.callback(t, started))
	requireCode(t, oauth.CodeUnavailable, err)
	require.Empty(t, other.calls())
}

// roundTrip is an http.RoundTripper.
type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// silence never answers.
func silence(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestATokenEndpointHasTenSeconds(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		s := &states{rows: make(map[string]*stateRow)}
		e := &endpoint{url: "https://login.example.com"}
		vendors := e.vendors()
		vendors.Base = roundTrip(silence)
		flow := &oauth.Flow{Vendors: vendors, States: s, Keyring: keyring(t)}

		started, err := flow.Start(t.Context(), oauth.Request{Vendor: crm.Salesforce})
		require.NoError(t, err)
		began := time.Now()
		state := started.URL[strings.Index(started.URL, "state=")+len("state="):]
		_, _, err = flow.Finish(t.Context(), oauth.Callback{State: state, Code: secret.NewText("c"), Browser: started.Browser})
		requireCode(t, oauth.CodeUnavailable, err)
		require.Equal(t, 10*time.Second, time.Since(began))
	})
}
