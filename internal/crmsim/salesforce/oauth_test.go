package salesforce_test

import (
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/salesforce"
)

func TestConsentGivesACodeAndKeepsTheState(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	back := s.consent(authorization(), "approve", nil)
	require.NotEmpty(t, back.Get("code"))
	require.Equal(t, "state & more", back.Get("state"))

	r, tok := s.ask(url.Values{"grant_type": {"authorization_code"}, "code": {back.Get("code")}, "redirect_uri": {callback}})
	require.Equal(t, http.StatusOK, r.status)
	require.Equal(t, s.url, tok.InstanceURL)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+/id/00D\w{15}/005\w{15}$`, tok.ID)
	require.Regexp(t, `^00D\w{12}!`, tok.AccessToken)

	var answer, recorded map[string]any
	r.into(t, &answer)
	require.IsType(t, "", answer["issued_at"])
	require.NotContains(t, answer, "expires_in")
	recording(t, "restforce-fixtures/auth_success_response.json", &recorded)
	for key := range recorded {
		require.Contains(t, answer, key)
	}
}

func TestDenyingIsToldToTheApplication(t *testing.T) {
	t.Parallel()

	back := listen(t, salesforce.Options{}).consent(authorization(), "deny", nil)
	require.Equal(t, "access_denied", back.Get("error"))
	require.Equal(t, "state & more", back.Get("state"))
	require.Empty(t, back.Get("code"))
}

func TestConsentIsRefusedWhereTheRedirectCannotBeTrusted(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{Client: crmsim.Client{ID: "app", Secret: "app-secret", RedirectURIs: []string{callback}}})
	for want, change := range map[string]url.Values{
		"error=invalid_client_id":     {"client_id": {"other"}},
		"error=redirect_uri_mismatch": {"redirect_uri": {callback + "/x"}},
	} {
		q := authorization()
		maps.Copy(q, change)
		r, err := s.send(http.MethodGet, s.url+"/services/oauth2/authorize?"+q.Encode(), nil, nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, r.status)
		require.Contains(t, r.text(), want)
		require.Empty(t, r.header.Get("Location"))
	}

	q := authorization()
	q.Set("scope", "api everything")
	r, err := s.send(http.MethodGet, s.url+"/services/oauth2/authorize?"+q.Encode(), nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusFound, r.status)
	require.Contains(t, r.header.Get("Location"), "error=invalid_scope")
}

func TestTheTokenEndpointRefusesInSalesforcesWords(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	tok := s.connect(url.Values{})
	for want, form := range map[string]url.Values{
		"invalid_client_id":      {"client_id": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {tok.RefreshToken}},
		"invalid_client":         {"client_secret": {"x"}, "grant_type": {"refresh_token"}, "refresh_token": {tok.RefreshToken}},
		"unsupported_grant_type": {"grant_type": {"magic"}},
		"invalid_grant":          {"grant_type": {"authorization_code"}, "code": {"x"}, "redirect_uri": {callback}},
	} {
		r, got := s.ask(form)
		require.Equal(t, http.StatusBadRequest, r.status)
		require.Equal(t, want, got.Error)
	}

	var recorded map[string]any
	recording(t, "restforce-fixtures/refresh_error_response.json", &recorded)
	r, _ := s.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"dead"}})
	var got map[string]any
	r.into(t, &got)
	require.Equal(t, recorded, got)
}

func TestRefreshRotatesUnlessToldNotTo(t *testing.T) {
	t.Parallel()

	for _, keep := range []bool{false, true} {
		s := listen(t, salesforce.Options{KeepRefreshTokens: keep})
		first := s.connect(url.Values{})
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}}
		r, second := s.ask(form)
		require.Equal(t, http.StatusOK, r.status)
		require.Equal(t, keep, second.RefreshToken == "")
		r, _ = s.ask(form)
		require.Equal(t, keep, r.status == http.StatusOK)
	}
}

func TestPKCEIsHonoured(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	sum := sha256.Sum256([]byte("the verifier"))
	q := authorization()
	q.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	q.Set("code_challenge_method", "S256")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {s.consent(q, "approve", nil).Get("code")}, "redirect_uri": {callback}}
	r, tok := s.ask(form)
	require.Equal(t, http.StatusBadRequest, r.status)
	require.Equal(t, "invalid_grant", tok.Error)
	form.Set("code_verifier", "the verifier")
	r, _ = s.ask(form)
	require.Equal(t, http.StatusOK, r.status)
}

func TestWithoutTheScopesThereIsNoRefreshTokenOrNoAPI(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	for scope, want := range map[string]int{"api": http.StatusOK, "id refresh_token": http.StatusUnauthorized} {
		q := authorization()
		q.Set("scope", scope)
		_, tok := s.ask(url.Values{
			"grant_type": {"authorization_code"}, "code": {s.consent(q, "approve", nil).Get("code")}, "redirect_uri": {callback},
		})
		require.Equal(t, scope == "api", tok.RefreshToken == "")
		s.token = tok.AccessToken
		require.Equal(t, want, s.call(http.MethodGet, "/limits", nil).status)
	}
}

func TestTheChosenOrgIsTheOneConnected(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	s.connect(url.Values{})
	production := s.rows("SELECT Id, Name, OrganizationType, IsSandbox, InstanceName FROM Organization")[0]
	require.Equal(t, false, production["IsSandbox"])

	s.connect(url.Values{"org": {"sandbox"}})
	sandbox := s.rows("SELECT Id, IsSandbox FROM Organization")[0]
	require.Equal(t, true, sandbox["IsSandbox"])
	require.NotEqual(t, production["Id"], sandbox["Id"])
	s.connect(url.Values{"org": {production["Id"].(string)}})
	require.Equal(t, production["Id"], s.rows("SELECT Id FROM Organization")[0]["Id"])
}

func TestIdentityNeedsALiveToken(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	tok := s.connect(url.Values{})
	for _, target := range []string{tok.ID, s.url + "/services/oauth2/userinfo"} {
		r, err := s.send(http.MethodGet, target, nil, map[string]string{"Authorization": "Bearer " + tok.AccessToken})
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, r.status)
		var who map[string]any
		r.into(t, &who)
		require.Equal(t, s.user, who["user_id"])
		require.Regexp(t, `^00D`, who["organization_id"])

		bad, err := s.send(http.MethodGet, target, nil, map[string]string{"Authorization": "Bearer nonsense"})
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, bad.status)
		require.Equal(t, "Bad_OAuth_Token", bad.text())
	}
}

func TestADeadTokenIsAnInvalidSession(t *testing.T) {
	t.Parallel()

	var recorded any
	recording(t, "restforce-fixtures/expired_session_response.json", &recorded)
	now := time.Now()
	s := listen(t, salesforce.Options{Settings: crmsim.Settings{Clock: crmsim.NewClock(func() time.Time { return now })}})
	check := func() {
		r := s.call(http.MethodGet, "/limits", nil)
		require.Equal(t, http.StatusUnauthorized, r.status)
		var got any
		r.into(t, &got)
		require.Equal(t, recorded, got)
	}
	check()
	tok := s.connect(url.Values{})
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, "/limits", nil).status)
	s.order(http.MethodPost, "/expire", nil)
	check()

	_, next := s.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tok.RefreshToken}})
	s.token = next.AccessToken
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, "/limits", nil).status)
	s.order(http.MethodPost, "/revoke", nil)
	check()
	r, _ := s.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {next.RefreshToken}})
	require.Equal(t, http.StatusBadRequest, r.status)
}

func TestRevokingAnswersNothing(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	tok := s.connect(url.Values{})
	for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
		r, err := s.send(http.MethodPost, s.url+"/services/oauth2/revoke", url.Values{"token": {tok.RefreshToken}}, nil)
		require.NoError(t, err)
		require.Equal(t, want, r.status)
	}
	require.Equal(t, http.StatusUnauthorized, s.call(http.MethodGet, "/limits", nil).status)
}

func TestIntrospectionTellsDeadFromAlive(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	tok := s.connect(url.Values{})
	for token, want := range map[string]bool{tok.AccessToken: true, "dead": false} {
		form := url.Values{"token": {token}, "client_id": {"app"}, "client_secret": {"app-secret"}}
		r, err := s.send(http.MethodPost, s.url+"/services/oauth2/introspect", form, nil)
		require.NoError(t, err)
		var got struct{ Active bool }
		r.into(t, &got)
		require.Equal(t, want, got.Active)
	}
}

func TestVersionsAreListedToAnybody(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	r, err := s.send(http.MethodGet, s.url+"/services/data/", nil, nil)
	require.NoError(t, err)
	var got []map[string]string
	r.into(t, &got)
	require.Contains(t, got, map[string]string{"version": "63.0", "url": "/services/data/v63.0", "label": "Spring '25"})
}

func TestWithheldScopesAreMissedAsIfNeverGranted(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	first := s.connect(url.Values{})
	s.order(http.MethodPut, "/scopes", map[string][]string{"withheld": {"api"}})
	require.Equal(t, http.StatusUnauthorized, s.call(http.MethodGet, "/limits", nil).status)
	r, _ := s.ask(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.RefreshToken}})
	var granted struct{ Scope string }
	r.into(t, &granted)
	require.Equal(t, "refresh_token", granted.Scope)
}
