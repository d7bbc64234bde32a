package hubspot_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/hubspot"
)

func TestConsentGivesACodeAndKeepsTheState(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	back := s.consent(authorization(), "approve", nil)
	require.Equal(t, "state & more", back.Get("state"))
	r, tok := s.ask("v3", exchange(back.Get("code")))
	require.Equal(t, http.StatusOK, r.status)
	require.Equal(t, 1800, tok.ExpiresIn)
	require.Equal(t, int64(44237313), tok.HubID)
	require.Contains(t, tok.Scopes, "oauth")
	require.Contains(t, tok.Scopes, "crm.objects.contacts.write")
	require.True(t, strings.HasPrefix(tok.RefreshToken, "na1-"))
	require.Equal(t, []string{"access_token", "expires_in", "hub_id", "refresh_token", "scopes", "token_type", "token_use", "user_id"},
		keysOf(r.anything(t)))
}

func TestTheFirstVersionAnswersLess(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	r, _ := s.ask("v1", exchange(s.consent(authorization(), "approve", nil).Get("code")))
	require.Equal(t, []string{"access_token", "expires_in", "refresh_token", "token_type"}, keysOf(r.anything(t)))
}

func TestDenyingIsToldToTheApplication(t *testing.T) {
	t.Parallel()

	back := listen(t, hubspot.Options{}).consent(authorization(), "deny", nil)
	require.Equal(t, "access_denied", back.Get("error"))
	require.Equal(t, "state & more", back.Get("state"))
	require.Empty(t, back.Get("code"))
}

func TestConsentIsRefusedWhereTheRedirectCannotBeTrusted(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{Client: crmsim.Client{ID: "app", Secret: "app-secret", RedirectURIs: []string{callback}}})
	for _, change := range []url.Values{
		{"client_id": {"other"}},
		{"redirect_uri": {callback + "/x"}},
		{"scope": {"crm.everything"}},
		{"scope": {""}},
		{"optional_scope": {"crm.everything"}},
	} {
		q := authorization()
		maps.Copy(q, change)
		r, err := s.send(http.MethodGet, s.url+"/oauth/authorize?"+q.Encode(), nil, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, r.status, "%v", change)
		require.Empty(t, r.header.Get("Location"))
	}
}

func TestTheTokenEndpointRefusesInHubSpotsWords(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	tok := s.connect(url.Values{})
	used := s.consent(authorization(), "approve", nil).Get("code")
	s.ask("v3", exchange(used))
	fresh := s.consent(authorization(), "approve", nil).Get("code")
	for want, form := range map[string]url.Values{
		"BAD_CLIENT_ID":     {"client_id": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {tok.RefreshToken}},
		"BAD_CLIENT_SECRET": {"client_secret": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {tok.RefreshToken}},
		"BAD_GRANT_TYPE":    {"grant_type": {"magic"}},
		"BAD_AUTH_CODE":     exchange("x"),
		"EXPIRED_AUTH_CODE": exchange(used),
		"BAD_REDIRECT_URI":  {"grant_type": {"authorization_code"}, "code": {fresh}, "redirect_uri": {"http://127.0.0.1:2/"}},
		"BAD_REFRESH_TOKEN": refresh("dead"),
	} {
		r, got := s.ask("2026-03", form)
		require.Equal(t, http.StatusBadRequest, r.status)
		require.Equal(t, want, got.Status)
	}
	r, _ := s.ask("v3", refresh("dead"))
	body := r.anything(t)
	require.Equal(t, "invalid_grant", body["error"])
	require.Equal(t, "refresh token is invalid, expired or revoked", body["error_description"])
}

func TestLaterVersionsTakeNoQuery(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	tok := s.connect(url.Values{})
	form := refresh(tok.RefreshToken)
	form.Set("client_id", "app")
	form.Set("client_secret", "app-secret")
	for version, want := range map[string]int{"v1": http.StatusOK, "v3": http.StatusBadRequest, "2026-03": http.StatusBadRequest, "v9": http.StatusNotFound} {
		r, err := s.send(http.MethodPost, s.url+"/oauth/"+version+"/token?"+form.Encode(), url.Values{}, nil)
		require.NoError(t, err)
		require.Equal(t, want, r.status, version)
	}
}

func TestARefreshTokenStaysTheSame(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	tok := s.connect(url.Values{})
	for range 2 {
		r, next := s.ask("v3", refresh(tok.RefreshToken))
		require.Equal(t, http.StatusOK, r.status)
		require.Equal(t, tok.RefreshToken, next.RefreshToken)
		require.NotEqual(t, tok.AccessToken, next.AccessToken)
	}
}

func TestPKCEIsHonoured(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	sum := sha256.Sum256([]byte("the verifier"))
	q := authorization()
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("code_challenge_method", "S256")
	form := exchange(s.consent(q, "approve", nil).Get("code"))
	r, tok := s.ask("v3", form)
	require.Equal(t, http.StatusBadRequest, r.status)
	require.Equal(t, "BAD_AUTH_CODE", tok.Status)
	form.Set("code_verifier", "the verifier")
	r, _ = s.ask("v3", form)
	require.Equal(t, http.StatusOK, r.status)
}

func TestTheChosenAccountIsTheOneConnected(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	for pick, want := range map[string][]any{
		"": {44237313.0, "STANDARD"}, sandboxID: {44622501.0, "SANDBOX"}, "sandbox": {44622501.0, "SANDBOX"}, production: {44237313.0, "STANDARD"},
	} {
		choices := url.Values{}
		if pick != "" {
			choices.Set("account", pick)
		}
		tok := s.connect(choices)
		body := s.call(http.MethodGet, "/account-info/v3/details", nil).anything(t)
		require.Equal(t, want, []any{body["portalId"], body["accountType"]})
		require.InDelta(t, want[0], float64(tok.HubID), 0)
		require.Equal(t, keysOf(recorded(t, "post-auth/account-info.json")), keysOf(body))
	}
}

func TestADeadTokenIsToldFromOneThatNeverWas(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 3, 10, 23, 4, 41, 164e6, time.UTC)
	s := listen(t, hubspot.Options{Settings: crmsim.Settings{Clock: crmsim.NewClock(func() time.Time { return now })}})
	tok := s.connect(url.Values{})
	details := func() reply { return s.call(http.MethodGet, "/account-info/2026-03/details", nil) }
	require.Equal(t, http.StatusOK, details().status)

	now = now.Add(30*time.Minute + 5*time.Second)
	r := details()
	require.Equal(t, http.StatusUnauthorized, r.status)
	require.Equal(t, map[string]any{
		"status": "error", "category": "EXPIRED_AUTHENTICATION",
		"message": "The OAuth token used to make this call expired 5 second(s) ago.",
		"context": map[string]any{"expire time": []any{"2026-03-10T23:34:41.164Z"}},
	}, r.anything(t))

	_, next := s.ask("v3", refresh(tok.RefreshToken))
	s.token = next.AccessToken
	require.Equal(t, http.StatusOK, details().status)
	s.order(http.MethodPost, "/expire", nil)
	require.Equal(t, "EXPIRED_AUTHENTICATION", details().anything(t)["category"])

	_, next = s.ask("v3", refresh(tok.RefreshToken))
	s.token = next.AccessToken
	s.order(http.MethodPost, "/revoke", nil)
	require.Equal(t, http.StatusUnauthorized, details().status)
	_, dead := s.ask("v3", refresh(tok.RefreshToken))
	require.Equal(t, "BAD_REFRESH_TOKEN", dead.Status)

	for _, token := range []string{"nonsense", "", private + "9"} {
		s.token = token
		require.Equal(t, "INVALID_AUTHENTICATION", details().anything(t)["category"])
	}
}

func TestRevokingKillsTheRefreshTokenAlone(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	for name, revoke := range map[string]func(tokens) reply{
		"v3": func(tok tokens) reply {
			form := url.Values{"client_id": {"app"}, "client_secret": {"app-secret"}, "refresh_token": {tok.RefreshToken}}
			r, err := s.send(http.MethodPost, s.url+"/oauth/v3/token/revoke", form, nil)
			require.NoError(t, err)
			return r
		},
		"v1": func(tok tokens) reply {
			r, err := s.send(http.MethodDelete, s.url+"/oauth/v1/refresh-tokens/"+tok.RefreshToken, nil, nil)
			require.NoError(t, err)
			return r
		},
	} {
		tok := s.connect(url.Values{})
		require.Less(t, revoke(tok).status, 300, name)
		require.Equal(t, http.StatusOK, s.call(http.MethodGet, "/account-info/v3/details", nil).status, name)
		_, dead := s.ask("v3", refresh(tok.RefreshToken))
		require.Equal(t, "BAD_REFRESH_TOKEN", dead.Status, name)
	}
	r, err := s.send(http.MethodDelete, s.url+"/oauth/v1/refresh-tokens/na1-none", nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, r.status)
	require.NotContains(t, s.order(http.MethodGet, "/calls", nil).text(), "na1-")
}

func TestIntrospectionTellsDeadFromAlive(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	tok := s.connect(url.Values{"account": {"sandbox"}})
	for _, c := range []struct {
		name, token, use string
	}{
		{"access_token", tok.AccessToken, "access_token"},
		{"refresh_token", tok.RefreshToken, "refresh_token"},
		{"token", tok.AccessToken, ""}, // RFC 7662's name, which HubSpot does not take
		{"access_token", "dead", ""},
	} {
		form := url.Values{c.name: {c.token}, "client_id": {"app"}, "client_secret": {"app-secret"}}
		r, err := s.send(http.MethodPost, s.url+"/oauth/2026-03/token/introspect", form, nil)
		require.NoError(t, err)
		body := r.anything(t)
		require.Equal(t, c.use != "", body["active"])
		if c.use != "" {
			require.Equal(t, c.use, body["token_use"])
			require.InDelta(t, 44622501, body["hub_id"], 0)
		}
	}
	for path, token := range map[string]string{"access-tokens": tok.AccessToken, "refresh-tokens": tok.RefreshToken} {
		r, err := s.send(http.MethodGet, s.url+"/oauth/v1/"+path+"/"+token, nil, nil)
		require.NoError(t, err)
		require.InDelta(t, 44622501, r.anything(t)["hub_id"], 0)
		r, err = s.send(http.MethodGet, s.url+"/oauth/v1/"+path+"/x", nil, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusNotFound, r.status)
	}
}

// A token without the scope is told which it needs, as recorded.
func TestScopesAreNeeded(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	q := authorization()
	q.Set("scope", "crm.objects.contacts.read")
	q.Set("optional_scope", "crm.objects.deals.read")
	_, tok := s.ask("v3", exchange(s.consent(q, "approve", nil).Get("code")))
	s.token = tok.AccessToken
	for path, want := range map[string]int{
		"/crm/v3/objects/contacts": http.StatusOK, "/crm/v3/objects/deals": http.StatusOK, "/crm/v3/properties/contacts": http.StatusOK,
		"/account-info/v3/details": http.StatusOK, "/crm/v3/objects/companies": http.StatusForbidden, "/crm/v3/owners": http.StatusForbidden,
	} {
		require.Equal(t, want, s.call(http.MethodGet, path, nil).status, path)
	}
	body := s.call(http.MethodPost, "/crm/v3/properties/contacts", property("x")).anything(t)
	want := recorded(t, "metadata-err-schemas-scope.json")
	require.Equal(t, []any{"crm.schemas.contacts.write"}, body["context"].(map[string]any)["requiredGranularScopes"])
	body["context"].(map[string]any)["requiredGranularScopes"] = want["context"].(map[string]any)["requiredGranularScopes"]
	require.Equal(t, want, body)
}

func TestAPrivateAppMayDoAnything(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	s.token = private
	require.InDelta(t, 44237313, s.call(http.MethodGet, "/account-info/v3/details", nil).anything(t)["portalId"], 0)
	s.provision()
	s.order(http.MethodPost, "/revoke", nil)
	s.order(http.MethodPost, "/expire", nil)
	require.Len(t, s.upsert(contact("w.1", nil)), 1)
}

func TestWithheldScopesAreMissedAsIfNeverGranted(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	s.order(http.MethodPut, "/scopes", map[string][]string{"withheld": {"crm.schemas.contacts.write"}})
	body := s.call(http.MethodPost, "/crm/v3/properties/contacts", property("x")).anything(t)
	require.Equal(t, "MISSING_SCOPES", body["category"])
	_, tok := s.ask("v3", exchange(s.consent(authorization(), "approve", nil).Get("code")))
	require.NotContains(t, tok.Scopes, "crm.schemas.contacts.write")
	require.Contains(t, tok.Scopes, "crm.schemas.contacts.read")

	s.order(http.MethodPut, "/scopes", map[string][]string{})
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, "/crm/v3/properties/contacts", property("x")).status)
}
