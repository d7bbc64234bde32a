package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// retryOf returns a retry of one record that has come to its end, or not.
func retryOf(ended bool) client.Run {
	run := client.Run{
		ID: uuid.New(), Kind: client.RunKindRetry, State: client.RunStateRunning, Counts: client.Counts{Total: 1},
	}
	if ended {
		now := time.Now()
		run.State, run.FinishedAt = client.RunStateCompleted, &now
		run.Counts = client.Counts{Total: 1, Done: 1, Landed: 1, Created: 1}
	}
	return run
}

func TestRetryIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()

	before, begun := retryOf(true), retryOf(false)
	ended := retryOf(true)
	ended.ID = begun.ID
	other := client.Run{ID: uuid.New(), Kind: client.RunKindTestContact}
	var bodies []string
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/events": always(client.EventPage{}),
		"GET /v1/connections/{id}/runs": inTurn(client.RunList{Items: []client.Run{before}}, client.RunList{Items: []client.Run{other, before}},
			client.RunList{Items: []client.Run{begun, other, before}}),
		"POST /v1/connections/{id}/retry":   asked(t, &bodies, http.StatusAccepted, live("salesforce")),
		"GET /v1/runs/" + begun.ID.String(): inTurn(begun, ended),
	})
	code, stdout, stderr := cli(t, env, "retry", "--problem", "validation_rule", "--json")
	require.Equal(t, exitOK, code, stderr)
	require.Equal(t, []string{`{"problem":"validation_rule"}`}, bodies)
	require.Equal(t, begun.ID, decoded[client.Run](t, stdout).ID)
	require.Contains(t, stderr, "1 record: 1 created.")
}

func TestRetryOfNothingSaysSo(t *testing.T) {
	t.Parallel()

	nothing := client.EventPage{Items: []client.Event{{ID: "12", Outcome: foundNothing}, {ID: "9", Outcome: foundNothing}}}
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/events": inTurn(client.EventPage{Items: nothing.Items[1:]}, client.EventPage{Items: nothing.Items[1:]}, nothing),
		"GET /v1/connections/{id}/runs":   always(client.RunList{}),
		"POST /v1/connections/{id}/retry": accepted(live("salesforce")),
	})
	code, stdout, stderr := cli(t, env, "retry")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "nothing has failed.")
}

func TestRetryJoinsOneThatIsOpen(t *testing.T) {
	t.Parallel()

	open, ended := retryOf(false), retryOf(true)
	ended.ID = open.ID
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/events": always(client.EventPage{}),
		"GET /v1/connections/{id}/runs":   always(client.RunList{Items: []client.Run{open}}),
		"POST /v1/connections/{id}/retry": accepted(live("salesforce")),
		"GET /v1/runs/{run}":              always(ended),
	})
	code, stdout, stderr := cli(t, env, "retry")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "1 record: 1 created.")
}

func TestRetryOfWhatWasCorrectedSaysThatItIsOnTheWay(t *testing.T) {
	t.Parallel()

	found := client.Event{ID: "12", Outcome: foundNothing}
	env := stub(t, []client.Connection{live("salesforce"), live("hubspot")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/events": inTurn(client.EventPage{}, client.EventPage{Items: []client.Event{found}}),
		"GET /v1/connections/{id}/runs":   always(client.RunList{}),
		"GET /v1/connections/{id}/health": always(healthOf(3)),
		"POST /v1/connections/{id}/retry": accepted(live("hubspot")),
	})
	code, stdout, stderr := cli(t, env, "retry", "hubspot")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "3 changed records are on the way with the next sync, within 5m, or at once with `starter sync hubspot`.")
}
