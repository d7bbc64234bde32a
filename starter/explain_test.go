package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// commands returns every command that does something, with arguments that make
// its line of use complete.
func commands(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	var walk func(cmd *cobra.Command, path []string)
	walk = func(cmd *cobra.Command, path []string) {
		for _, sub := range cmd.Commands() {
			walk(sub, append(append([]string{}, path...), sub.Name()))
		}
		words := strings.Fields(cmd.Use)[1:]
		if !cmd.HasSubCommands() || len(words) > 0 {
			for _, word := range words {
				if !strings.HasPrefix(word, "[") {
					path = append(path, "01a8c7a0-0000-7000-8000-000000000000")
				}
			}
			all = append(all, path)
		}
	}
	walk((&face{getenv: func(string) string { return "" }}).command(), nil)
	require.Greater(t, len(all), 25)
	return all
}

// TestEveryCommandFailsInJSON runs each command where nothing of what it needs
// is there, or what there is refuses it.
func TestEveryCommandFailsInJSON(t *testing.T) {
	t.Parallel()

	problem := client.Problem{Code: "key_unknown", Title: "Key not accepted", Detail: "It was revoked.", Fix: "Use another.", Status: http.StatusUnauthorized}
	for _, args := range commands(t) {
		name := strings.Join(args, " ")
		if name == "up" || name == "keys new" { // need nothing
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for _, env := range []map[string]string{
				{"LOCKSTEP_DIR": t.TempDir(), "LOCKSTEP_KEYSET_FILE": "/nowhere"}, // and no key
				{"LOCKSTEP_DIR": t.TempDir(), "LOCKSTEP_API_KEY": "k", "LOCKSTEP_API": "http://127.0.0.1:1", "DATABASE_URL": "postgres://lockstep@127.0.0.1:1/lockstep", "LOCKSTEP_KEYSET_FILE": "/nowhere"},
				refusing(t, problem),
			} {
				code, stdout, stderr := cli(t, env, append(args, "--json")...)
				require.NotEqual(t, exitOK, code)
				require.NotEmpty(t, stderr, "a person is told, too")
				if name == "doctor" { // whose findings tell it
					require.False(t, decoded[examined](t, stdout).OK)
					continue
				}
				said := decoded[failed](t, stdout).Error
				require.NotEmpty(t, said.Code)
				require.NotEmpty(t, said.Title)
				require.NotEmpty(t, said.Detail)
				if said.Code == problem.Code {
					require.Equal(t, failureOf(&problem), said)
				}
			}
		})
	}
}

// refusing returns the environment of an API that refuses everything.
func refusing(t *testing.T, problem client.Problem) map[string]string {
	t.Helper()
	server := httptest.NewServer(refuse(problem))
	t.Cleanup(server.Close)
	return map[string]string{"LOCKSTEP_API": server.URL, "LOCKSTEP_API_KEY": "lsk_test", "LOCKSTEP_DIR": t.TempDir(), "LOCKSTEP_KEYSET_FILE": "/nowhere"}
}

func TestUsageIsToldInJSONWhicheverFlagIsWrong(t *testing.T) {
	t.Parallel()

	for _, args := range [][]string{{"status", "--json", "--fast"}, {"status", "--fast", "--json"}, {"frobnicate", "--json"}} {
		code, stdout, stderr := cli(t, nil, args...)
		require.Equal(t, exitUsage, code)
		require.Contains(t, stderr, "Usage: ")
		require.Equal(t, "usage", decoded[failed](t, stdout).Error.Code, args)
	}
}

func TestWhatADocumentTellsIsNotToldTwice(t *testing.T) {
	t.Parallel()

	env := stub(t, nil, map[string]http.HandlerFunc{"GET /readyz": refuse(client.Problem{Status: http.StatusServiceUnavailable})})
	code, stdout, _ := cli(t, env, "doctor", "--json")
	require.Equal(t, exitFailed, code)
	require.Len(t, strings.Split(strings.TrimSpace(stdout), "\n"), 1)
	require.True(t, json.Valid([]byte(stdout)))
}
