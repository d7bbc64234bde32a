package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// FEATURES: Q01, Q02
func TestHealthIsToldInPlainEnglish(t *testing.T) {
	t.Parallel()

	now := time.Now()
	health := client.ConnectionHealth{
		Headline: "2 records need somebody's attention.", Summary: "In the last 24 hours 1 record was synced and 2 failed.",
		Freshness: client.Freshness{SyncedAt: &now, Pending: 3, PendingSeconds: 90},
		Problems: []client.ProblemCard{{
			Outcome: client.FailedOutcomeFailed, Records: 2, Examples: []string{"7", "8"}, Retry: &client.Action{},
			Problem: client.Explanation{Code: "validation_rule", Title: "Refused by a rule", Meaning: "A rule refused it.", Fix: "Mend the record."},
		}},
	}
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{"GET /v1/connections/{id}/health": always(health)})
	code, stdout, stderr := cli(t, env, "health")
	require.Equal(t, exitOK, code, stderr)
	for _, said := range []string{
		"2 records need somebody's attention.", "In the last 24 hours 1 record was synced and 2 failed.", "On the way: 3 records; the first has waited for 1m30s.",
		"2 records failed: Refused by a rule (validation_rule)", "A rule refused it.", "Mend the record.", "such as 7, 8", "`starter retry --problem validation_rule`",
	} {
		require.Contains(t, stdout, said)
	}
}
