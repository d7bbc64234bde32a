package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestRunsTellWhatBecameOfThemSoFar(t *testing.T) {
	t.Parallel()

	open, waiting := retryOf(false), retryOf(true)
	waiting.Counts, waiting.Reason = client.Counts{}, "The CRM is having trouble."
	idle := client.Run{ID: uuid.New(), Kind: client.RunKindSync, FinishedAt: waiting.FinishedAt}
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/runs": always(client.RunList{Items: []client.Run{open, waiting, idle}}),
	})
	_, stdout, _ := cli(t, env, "runs")
	lines := strings.Split(stdout, "\n")
	require.True(t, strings.HasSuffix(lines[1], "nothing yet"), stdout)
	require.True(t, strings.HasSuffix(lines[2], "The CRM is having trouble."), stdout)
	require.True(t, strings.HasSuffix(lines[3], "nothing to do"), stdout)
}
