package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// FEATURES: B01, B02
func TestStatusShowsTheChecklistUntilItIsDismissed(t *testing.T) {
	t.Parallel()

	conn := live("salesforce")
	conn.Checklist = []client.Step{
		{ID: "connect", Title: "Connect", Done: true},
		{ID: "mapping", Title: "Review the mapping", Current: true},
	}
	_, stdout, _ := cli(t, stub(t, []client.Connection{conn}, nil), "status")
	require.Contains(t, stdout, "[x] Connect\n  [>] Review the mapping\n")
	require.Contains(t, stdout, "`starter mapping` shows which field goes where")
	require.NotContains(t, stdout, "Setup complete")

	conn.Checklist[1].Done, conn.Checklist[1].Current = true, false
	conn.MissingScopes = &[]string{"api"}
	_, stdout, _ = cli(t, stub(t, []client.Connection{conn}, nil), "status")
	require.Contains(t, stdout, "[x] Review the mapping\n  Setup complete.\n")
	require.Contains(t, stdout, "its login lacks api")

	conn.GuideDismissed = true
	_, stdout, _ = cli(t, stub(t, []client.Connection{conn}, nil), "status")
	require.NotContains(t, stdout, "[x]")
}

func TestStatusTellsHowTheRecordsStandAndWhatToDo(t *testing.T) {
	t.Parallel()

	off := live("salesforce")
	off.Syncs.Contacts = false
	parked, until := live("salesforce"), time.Now().Add(time.Hour)
	parked.CurrentRun = &client.Run{
		Kind: client.RunKindImport, State: client.RunStateParked, ParkedUntil: &until, Reason: "What changes is kept meanwhile.",
		Counts: client.Counts{Total: 11}, Progress: client.Progress{},
	}
	failed, skipped := cardOf(client.FailedOutcomeFailed, "value_invalid", 3), cardOf(client.FailedOutcomeSkipped, "missing_email", 150)
	skipped.Problem.Retry = client.ExplanationRetryNotNecessary
	for name, test := range map[string]struct {
		conn   client.Connection
		health client.ConnectionHealth
		says   []string
	}{
		"well":     {live("salesforce"), healthOf(0), []string{"  So it stands.\n  So the day was.\n", "Next: `starter events`"}},
		"failed":   {live("salesforce"), healthOf(0, skipped, failed), []string{"  3 records failed: Title of value_invalid (value_invalid)\n  150 records skipped:", "Next: `starter failed`"}},
		"skipped":  {live("salesforce"), healthOf(0, skipped), []string{"  150 records skipped:", "Next: `starter events`"}},
		"on a way": {live("salesforce"), healthOf(15_000), []string{"  15,000 changed records are on the way", "or at once with `starter sync`."}},
		"off":      {off, healthOf(2), []string{"  2 changed records are kept", "  contacts are switched off", "Next: `starter settings --on contacts`"}},
		"parked":   {parked, healthOf(11), []string{"  import parked until " + moment(until) + ": 0 %, 0 of 11\n    What changes is kept meanwhile.\n"}},
	} {
		env := stub(t, []client.Connection{test.conn}, map[string]http.HandlerFunc{"GET /v1/connections/{id}/health": always(test.health)})
		code, stdout, stderr := cli(t, env, "status")
		require.Equal(t, exitOK, code, stderr)
		for _, want := range test.says {
			require.Contains(t, stdout, want, name)
		}
		_, stdout, _ = cli(t, env, "status", "--json")
		said := decoded[standings](t, stdout)
		require.Equal(t, test.conn.ID, said.ID)
		require.Equal(t, test.health.Freshness.Pending, said.Health.Freshness.Pending)
	}
}
