package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestProblemsAreExplained(t *testing.T) {
	t.Parallel()

	env := stub(t, nil, map[string]http.HandlerFunc{"GET /v1/problems": always(client.ProblemList{Items: []client.Explanation{
		{Code: "outage", Title: "Outage", Meaning: "It is away.", Fix: "Wait.", Retry: client.ExplanationRetryByItself},
		{Code: "validation_rule", Title: "Refused by a rule", Meaning: "A rule refused it.", Fix: "Mend the record.", Retry: client.ExplanationRetryAfterFix},
		{Code: "left_alone", Title: "Left alone", Meaning: "On purpose.", Fix: "Nothing.", Retry: client.ExplanationRetryNotNecessary},
	}})})
	_, stdout, _ := cli(t, env, "problems")
	require.Contains(t, stdout, "Outage (outage)\n  It is away.\n  Wait.\n  Lockstep tries again by itself.\n")
	require.Contains(t, stdout, "There is nothing to try again.")

	_, stdout, _ = cli(t, env, "problems", "validation_rule")
	require.Equal(t, "Refused by a rule (validation_rule)\n  A rule refused it.\n  Mend the record.\n"+
		"  It is tried again once a person has mended that.\n", stdout)

	code, _, stderr := cli(t, env, "problems", "validation")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "no problem has the code \"validation\": `starter problems` lists them")
}
