package salesforce_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/salesforce"
)

func renewal(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}
}

// refresh sends a refresh that may get no answer, or none in JSON.
func (s *sandbox) refresh(token string) (reply, error) {
	s.tb.Helper()
	form := renewal(token)
	form.Set("client_id", "app")
	form.Set("client_secret", "app-secret")
	return s.send(http.MethodPost, s.url+"/services/oauth2/token", form, nil)
}

// lastAuth is the latest call to the OAuth endpoints.
func (s *sandbox) lastAuth() crmsim.Call {
	s.tb.Helper()
	calls := s.calls(crmsim.CallAuth)
	return calls[len(calls)-1]
}

func TestARefreshIsThrottledThoughTheGrantLives(t *testing.T) {
	t.Parallel()

	for kind, body := range map[crmsim.FaultKind]string{
		crmsim.FaultTokenLimited: `{"error":"rate_limit_exceeded","error_description":"login rate exceeded"}`,
		crmsim.FaultTokenBusy:    `{"error":"invalid_grant","error_description":"token request is already being processed"}`,
	} {
		s := listen(t, salesforce.Options{})
		s.order(http.MethodPost, "/faults", fields{"spec": string(kind) + ":rows=2"})
		tok := s.connect(url.Values{})
		for range 2 {
			r, _ := s.ask(renewal(tok.RefreshToken))
			require.Equal(t, http.StatusBadRequest, r.status)
			require.JSONEq(t, body, r.text())
			require.Equal(t, kind, s.lastAuth().Fault)
			require.False(t, s.lastAuth().Applied)
			require.Equal(t, kind == crmsim.FaultTokenLimited, s.lastAuth().Throttled)
		}
		r, next := s.ask(renewal(tok.RefreshToken))
		require.Equal(t, http.StatusOK, r.status, "the grant lives")
		require.NotEmpty(t, next.AccessToken)
		require.Empty(t, s.lastAuth().Fault)
	}
}

func TestTheTokenEndpointIsDown(t *testing.T) {
	t.Parallel()

	s := listen(t, salesforce.Options{})
	s.order(http.MethodPost, "/faults", fields{"spec": "token-503:rows=1"})
	tok := s.connect(url.Values{})
	r, err := s.refresh(tok.RefreshToken)
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, r.status)
	require.Equal(t, "text/html", r.header.Get("Content-Type"))
	r, _ = s.ask(renewal(tok.RefreshToken))
	require.Equal(t, http.StatusOK, r.status)
}

// What is cut before leaves the refresh token alive; what is cut after has
// killed it, with nobody knowing the next.
func TestARefreshIsCut(t *testing.T) {
	t.Parallel()

	for kind, want := range map[crmsim.FaultKind]int{
		crmsim.FaultTokenCut: http.StatusOK, crmsim.FaultTokenCutAfter: http.StatusBadRequest,
	} {
		s := listen(t, salesforce.Options{})
		s.order(http.MethodPost, "/faults", fields{"spec": string(kind) + ":rows=1"})
		tok := s.connect(url.Values{})
		_, err := s.refresh(tok.RefreshToken)
		require.Error(t, err)
		call := s.lastAuth()
		require.Equal(t, kind, call.Fault)
		require.Zero(t, call.Status)
		require.Equal(t, kind == crmsim.FaultTokenCutAfter, call.Applied)
		r, _ := s.ask(renewal(tok.RefreshToken))
		require.Equal(t, want, r.status, kind)
	}
}

func TestASpentDayIsOverAfterADay(t *testing.T) {
	t.Parallel()

	noon := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	s := open(t, salesforce.Options{
		TokenLifetime: 48 * time.Hour, Settings: crmsim.Settings{Terms: crmsim.Terms{Daily: 3}, Clock: crmsim.NewClock(noon)},
	})
	look := func() reply { return s.call(http.MethodGet, "/limits", nil) }
	for range 3 {
		require.Equal(t, http.StatusOK, look().status)
	}
	spent := look()
	require.Equal(t, http.StatusForbidden, spent.status)
	require.JSONEq(t, `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, spent.text())
	require.Equal(t, "api-usage=3/3", spent.header.Get("Sforce-Limit-Info"))
	require.Empty(t, spent.header.Get("Retry-After"))

	s.pass("23h")
	require.Equal(t, http.StatusForbidden, look().status)
	s.pass("1h")
	fresh := look()
	require.Equal(t, http.StatusOK, fresh.status)
	require.Equal(t, "api-usage=1/3", fresh.header.Get("Sforce-Limit-Info"))
	require.Equal(t, "Mon, 02 Mar 2026 12:00:00 GMT", fresh.header.Get("Date"))
	refused, _ := s.ask(renewal("nobody's"))
	require.Equal(t, "Mon, 02 Mar 2026 12:00:00 GMT", refused.header.Get("Date"))
	s.pass("25h")
	require.Equal(t, http.StatusUnauthorized, look().status, "the access token is as old as the clock says")
}
