package hubspot_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/hubspot"
)

// lastAuth is the latest call to the OAuth endpoints.
func (s *sandbox) lastAuth() crmsim.Call {
	s.tb.Helper()
	calls := s.calls(crmsim.CallAuth)
	return calls[len(calls)-1]
}

func TestARefreshIsThrottledThoughTheGrantLives(t *testing.T) {
	t.Parallel()

	for kind, status := range map[crmsim.FaultKind]int{
		crmsim.FaultTokenLimited:     http.StatusTooManyRequests,
		crmsim.FaultTokenBusy:        http.StatusTooManyRequests,
		crmsim.FaultTokenUnavailable: http.StatusServiceUnavailable,
	} {
		s := listen(t, hubspot.Options{})
		s.order(http.MethodPost, "/faults", fields{"spec": string(kind) + ":rows=2"})
		tok := s.connect(url.Values{})
		for range 2 {
			r, refused := s.ask("2026-03", refresh(tok.RefreshToken))
			require.Equal(t, status, r.status)
			require.Empty(t, refused.Error, "no OAuth error is named")
			require.Empty(t, r.header.Get("Retry-After"))
			require.Equal(t, kind, s.lastAuth().Fault)
			require.False(t, s.lastAuth().Applied)
		}
		r, _ := s.ask("2026-03", refresh(tok.RefreshToken))
		require.Equal(t, http.StatusOK, r.status, "the grant lives")
	}
}

func TestTheThrottlesMessageIsTheOneThatWasSeen(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	s.order(http.MethodPost, "/faults", fields{"spec": "token-429"})
	tok := s.connect(url.Values{})
	r, _ := s.ask("v1", refresh(tok.RefreshToken))
	require.Equal(t, map[string]any{"status": "error", "message": "You have reached your rate limit."}, r.anything(t))
}

// A refresh token stays the same, so that a cut costs nothing.
func TestARefreshIsCut(t *testing.T) {
	t.Parallel()

	for _, kind := range []crmsim.FaultKind{crmsim.FaultTokenCut, crmsim.FaultTokenCutAfter} {
		s := listen(t, hubspot.Options{})
		s.order(http.MethodPost, "/faults", fields{"spec": string(kind) + ":rows=1"})
		tok := s.connect(url.Values{})
		form := refresh(tok.RefreshToken)
		form.Set("client_id", "app")
		form.Set("client_secret", "app-secret")
		_, err := s.send(http.MethodPost, s.url+"/oauth/v3/token", form, nil)
		require.Error(t, err)
		require.Zero(t, s.lastAuth().Status)
		require.Equal(t, kind == crmsim.FaultTokenCutAfter, s.lastAuth().Applied)
		r, _ := s.ask("v3", refresh(tok.RefreshToken))
		require.Equal(t, http.StatusOK, r.status)
	}
}

func TestASpentDayIsOverAfterADay(t *testing.T) {
	t.Parallel()

	noon := func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	s := listen(t, hubspot.Options{Settings: crmsim.Settings{Terms: crmsim.Terms{Daily: 3}, Clock: crmsim.NewClock(noon)}})
	s.token = private
	look := func() reply { return s.call(http.MethodGet, contactsPath, nil) }
	for range 3 {
		require.Equal(t, http.StatusOK, look().status)
	}
	spent := look()
	require.Equal(t, http.StatusTooManyRequests, spent.status)
	require.Equal(t, map[string]any{
		"status": "error", "message": "You have reached your daily limit.", "errorType": "RATE_LIMIT", "policyName": "DAILY",
	}, spent.anything(t))
	require.Equal(t, "3", spent.header.Get("X-HubSpot-RateLimit-Daily"))
	require.Equal(t, "0", spent.header.Get("X-HubSpot-RateLimit-Daily-Remaining"))
	require.Empty(t, spent.header.Get("Retry-After"))

	s.pass("23h")
	require.Equal(t, http.StatusTooManyRequests, look().status)
	s.pass("1h")
	fresh := look()
	require.Equal(t, http.StatusOK, fresh.status)
	require.Equal(t, "2", fresh.header.Get("X-HubSpot-RateLimit-Daily-Remaining"))
}

// One clock moves it all: the rate's window, the token's life, the index's lag
// and a record's lock.
func TestEverythingFollowsTheClock(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{SearchLag: time.Hour, LockFor: time.Hour})
	s.upsert(contact("w.1", fields{"email": "a@example.com"}))
	found := func() float64 { return s.call(http.MethodPost, searchPath, fields{}).anything(t)["total"].(float64) }
	require.Zero(t, found())
	s.order(http.MethodPost, "/faults", fields{"spec": "lock:rows=1"})
	s.refusal(http.StatusLocked, http.MethodPost, upsertPath, traced(contact("w.1", nil)))
	s.refusal(http.StatusLocked, http.MethodPost, upsertPath, traced(contact("w.1", nil)))
	s.order(http.MethodPut, "/limits", fields{"rate": "1/1h"})
	require.Equal(t, http.StatusTooManyRequests, s.call(http.MethodGet, contactsPath, nil).status)

	s.pass("1h")
	require.Equal(t, "EXPIRED_AUTHENTICATION", s.call(http.MethodGet, contactsPath, nil).anything(t)["category"])
	s.token = private
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, contactsPath, nil).status)
	s.pass("1h")
	s.upsert(contact("w.1", nil))
	s.pass("1h")
	require.InDelta(t, 1, found(), 0)
}
