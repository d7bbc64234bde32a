package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestAlertsAreSentWhereverIsSaid(t *testing.T) {
	t.Parallel()

	const address = "https://alerts.example.com/hook"
	var bodies, stopped []string
	env := stub(t, nil, map[string]http.HandlerFunc{
		"GET /v1/alerts": always(client.Alerts{URL: address, UpdatedAt: time.Now()}),
		"PUT /v1/alerts": asked(t, &bodies, http.StatusOK, client.NewAlerts{URL: address, Secret: "once"}),
		"DELETE /v1/alerts": func(w http.ResponseWriter, r *http.Request) {
			stopped = append(stopped, r.Header.Get("Idempotency-Key"))
			w.WriteHeader(http.StatusNoContent)
		},
	})
	code, stdout, stderr := cli(t, env, "alerts", "set", address)
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, []string{`{"url":"` + address + `"}`}, bodies)
	require.Contains(t, stdout, "signing secret  once  (shown this once")

	_, stdout, _ = cli(t, env, "alerts", "show")
	require.Contains(t, stdout, "Alerts go to "+address+", since 20")

	code, stdout, stderr = cli(t, env, "alerts", "stop")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, address+" is sent no alerts any more")
	require.Len(t, stopped, 1)
	require.NotEmpty(t, stopped[0])
}

func TestAlertsThatGoNowhereAreNoFailure(t *testing.T) {
	t.Parallel()

	env := stub(t, nil, map[string]http.HandlerFunc{
		"GET /v1/alerts": refuse(client.Problem{Status: http.StatusNotFound, Code: "not_found", Title: "Not found"}),
	})
	for _, what := range []string{"show", "stop"} {
		code, stdout, stderr := cli(t, env, "alerts", what)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, "nowhere but into the log")

		code, stdout, _ = cli(t, env, "alerts", what, "--json")
		require.Equal(t, exitOK, code)
		require.Equal(t, "null\n", stdout)
	}
}
