package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestFailedRecordsAreShownByProblem(t *testing.T) {
	t.Parallel()

	rule := &client.Explanation{Code: "validation_rule", Title: "Validation rule", Meaning: "A rule refuses it.", Fix: "Follow the rule."}
	next := uuid.NewString()
	first := client.FailedPage{Next: &next, Items: []client.Failed{
		{ExternalID: "a1", Object: "contact", Outcome: "failed", Problem: rule, Detail: "No."},
		{ExternalID: "a2", Object: "contact", Outcome: "skipped", CRMType: "Contact", CRMID: "7"},
	}}
	second := client.FailedPage{Items: []client.Failed{{ExternalID: "a3", Object: "contact", Outcome: "failed", Problem: rule}}}
	var asked []string
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/failed": func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.RawQuery)
			if r.URL.Query().Get("after") == next {
				reply200(w, second)
			} else {
				reply200(w, first)
			}
		},
	})
	code, stdout, stderr := cli(t, env, "failed", "--problem", "validation_rule", "--outcome", "failed")
	require.Equal(t, exitOK, code, stderr)
	require.Len(t, asked, 2)
	require.Contains(t, asked[0], "problem=validation_rule")
	require.Contains(t, asked[0], "outcome=failed")
	require.Contains(t, stdout, "2 records failed: Validation rule (validation_rule)\n  A rule refuses it.\n  Follow the rule.\n"+
		"    contact a1  it said: No.\n    contact a3\n")
	require.Contains(t, stdout, "1 record skipped\n    contact a2  → Contact 7\n")
	require.Contains(t, stdout, "`starter retry`")

	code, stdout, _ = cli(t, env, "failed", "--json")
	require.Equal(t, exitOK, code)
	require.Len(t, strings.Split(strings.TrimSpace(stdout), "\n"), 3)

	_, stdout, _ = cli(t, env, "failed", "--limit", "2")
	require.Contains(t, stdout, "There are more")
}

func TestNothingFailedIsSaid(t *testing.T) {
	t.Parallel()

	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{"GET /v1/connections/{id}/failed": always(client.FailedPage{})})
	code, stdout, _ := cli(t, env, "failed")
	require.Equal(t, exitOK, code)
	require.Contains(t, stdout, "Everything that was sent has arrived.")
}
