package main

import (
	"testing"

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
