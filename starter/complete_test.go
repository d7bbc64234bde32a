package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestShellsAreToldWhatCanCome(t *testing.T) {
	t.Parallel()

	conn := live("salesforce")
	env := stub(t, []client.Connection{conn}, nil)
	named := conn.ID.String() + "\tSalesforce, Acme (production): live\n"
	for _, tc := range []struct {
		words []string
		want  string
	}{
		{[]string{"import", ""}, named},
		{[]string{"mapping", "approve", ""}, named},
		{[]string{"connect", ""}, "hubspot\nsalesforce\n" + named},
		{[]string{"import", "x", ""}, ""},
		{[]string{"up", "--crm", ""}, "hubspot\nsalesforce\n"},
		{[]string{"records", "load", "x.csv", "--object", ""}, "contact\ncompany\n"},
	} {
		code, stdout, _ := cli(t, env, append([]string{"__complete"}, tc.words...)...)
		require.Equal(t, exitOK, code)
		require.Equal(t, tc.want+":4\n", stdout, tc.words) // 4: no names of files
	}

	gone := stub(t, nil, map[string]http.HandlerFunc{})
	gone["LOCKSTEP_API"] = "http://127.0.0.1:1"
	code, stdout, _ := cli(t, gone, "__complete", "connect", "")
	require.Equal(t, exitOK, code)
	require.Equal(t, "hubspot\nsalesforce\n:4\n", stdout)
}

func TestCompletionIsPrintedForEachShell(t *testing.T) {
	t.Parallel()

	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, stdout, stderr := cli(t, nil, "completion", shell)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, "starter")
	}
}
