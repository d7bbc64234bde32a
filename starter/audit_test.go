package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestAuditShowsTheLatestLast(t *testing.T) {
	t.Parallel()

	next := "2"
	newest := client.AuditEntry{ID: "3", At: time.Now(), Actor: client.AuditEntryActor("api_key"), KeyName: "CI", Role: "admin", Action: "saveMapping", Target: "connection/1", Detail: "contact, version 2"}
	older := client.AuditEntry{ID: "2", At: time.Now(), Actor: client.AuditEntryActor("somebody_else"), Action: "setAlerts"}
	oldest := client.AuditEntry{ID: "1", At: time.Now(), KeyName: "first", Role: "admin", Action: "createKey", Target: "key/1"}
	var queries []string
	env := stub(t, nil, map[string]http.HandlerFunc{
		"GET /v1/audit": func(w http.ResponseWriter, r *http.Request) {
			queries = append(queries, r.URL.RawQuery)
			if r.URL.Query().Get("before") == next {
				reply200(w, client.AuditPage{Items: []client.AuditEntry{oldest}})
			} else {
				reply200(w, client.AuditPage{Items: []client.AuditEntry{newest, older}, Next: &next})
			}
		},
	})
	code, stdout, stderr := cli(t, env, "audit", "--target", "connection/1")
	require.Equal(t, exitOK, code, stderr)
	require.Len(t, queries, 2)
	require.Contains(t, queries[1], "target=connection%2F1")
	require.Regexp(t, `(?s)first \(admin\) +createKey +key/1.*somebody else +setAlerts +the workspace.*CI \(admin\) +saveMapping +connection/1 +contact, version 2`, stdout)

	_, stdout, _ = cli(t, env, "audit", "--json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, "1", decoded[client.AuditEntry](t, lines[0]).ID)

	_, stdout, _ = cli(t, env, "audit", "--limit", "2")
	require.Contains(t, stdout, "There are earlier ones")
	require.NotContains(t, stdout, "createKey")
}

func TestNothingChangedIsSaid(t *testing.T) {
	t.Parallel()

	env := stub(t, nil, map[string]http.HandlerFunc{"GET /v1/audit": always(client.AuditPage{})})
	_, stdout, _ := cli(t, env, "audit")
	require.Contains(t, stdout, "Nothing of that kind has been changed.")
}
