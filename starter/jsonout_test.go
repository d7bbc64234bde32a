package main

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
	"lockstep/internal/store/storetest"
)

// willing returns the environment of an API that does whatever it is asked.
func willing(t *testing.T) map[string]string {
	t.Helper()
	now := time.Now()
	conn, ready := live("salesforce"), live("hubspot")
	ready.Status, ready.ConnectedAt, ready.Account = client.StatusReady, &now, &client.Account{Name: "Acme"}
	waiting := ready
	waiting.Status, waiting.ConnectedAt, waiting.Account = client.StatusConnecting, nil, nil
	synced := conn
	synced.SyncedAt, synced.ConnectedAt = &now, &now
	ended := retryOf(true)
	imported := ended
	imported.ID, imported.Kind = uuid.New(), client.RunKindImport
	one := "/v1/connections/{id}"
	routes := map[string]http.HandlerFunc{
		"GET " + one:                               always(synced),
		"PATCH " + one:                             always(conn),
		"GET /v1/connections/{id}/owners":          always(client.OwnerList{CanList: true, Items: []client.Owner{{ID: "5", Active: true}}}),
		"GET /v1/connections/{id}/events":          always(client.EventPage{Items: []client.Event{{ID: "1", Outcome: "created", At: now}}}),
		"GET /v1/connections/{id}/failed":          always(client.FailedPage{Items: []client.Failed{{ExternalID: "7", Outcome: client.FailedOutcomeFailed}}}),
		"GET /v1/connections/{id}/runs":            inTurn(client.RunList{}, client.RunList{Items: []client.Run{ended, imported}}),
		"GET /v1/connections/{id}/mapping":         always(client.Mapping{Object: client.ObjectContact, Type: "Contact", Version: 1}),
		"POST /v1/connections/{id}/starting-point": always(client.StartingPointChosen{StartingPoint: client.StartingPointImport, RunID: &imported.ID}),
		"POST /v1/connections/{id}/test-contact":   always(contactThat(client.TestContactOutcomeCreated)),
		"POST /v1/connections": func(w http.ResponseWriter, _ *http.Request) {
			replyWith(w, http.StatusCreated, signIn{Connection: waiting, Authorization: client.Authorization{ExpiresAt: now.Add(time.Hour)}})
		},
		"GET /v1/connections/" + waiting.ID.String(): always(ready),
		"POST /v1/records":                           always(client.LoadReport{Rows: 1, Accepted: 1, Created: 1, Encoding: "utf-8"}),
		"GET /v1/runs/{run}":                         always(ended),
		"POST /v1/runs/{run}/cancel":                 accepted(ended),
		"GET /v1/connections/{id}/health":            always(client.ConnectionHealth{}),
		"GET /v1/connections/{id}/schema":            always(client.Schema{Type: "Contact"}),
		"GET /v1/workspace":                          always(client.Workspace{Name: "Acme", Role: client.RoleAdmin}),
		"GET /readyz":                                always(client.Health{Status: client.HealthStatusOK, Checks: map[string]bool{"postgresql": true}}),
	}
	maps.Copy(routes, administration())
	for _, what := range []string{"mapping/approve", "discover", "disconnect"} {
		routes["POST "+one+"/"+what] = always(conn)
	}
	for _, what := range []string{"pause", "resume", "sync", "resync", "retry"} {
		routes["POST "+one+"/"+what] = accepted(conn)
	}
	return stub(t, []client.Connection{conn}, routes)
}

func TestEveryCommandAnswersInJSON(t *testing.T) {
	t.Parallel()

	lines := map[string][]string{ // the commands that take more than their names
		"up":               nil, // is run for real by package e2e
		"workspace create": {"Acme"},
		"records load":     {"-"},
		"connect":          {"hubspot"},
		"disconnect":       {"--yes"},
		"cancel":           {uuid.NewString()},
		"keys rotate":      {},
		"mapping set":      {"title=Title"},
		"api-keys issue":   {"CI", "--role", "standard"},
		"api-keys revoke":  {"CI"},
		"alerts set":       {"https://alerts.example.com"},
		"problems":         {"validation_rule"},
		"runs show":        {uuid.NewString()},
	}
	for _, words := range commands(t) {
		for len(words) > 1 && strings.Count(words[len(words)-1], "-") == 4 {
			words = words[:len(words)-1] // an id that stands for an argument
		}
		name := strings.Join(words, " ")
		more, ok := lines[name]
		if ok && more == nil || name == "doctor" || name == "grants rotate-key" { // which have tests of their own
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			env := willing(t)
			env["LOCKSTEP_KEYSET"] = keysetText(t)
			if name == "migrate" || name == "workspace create" {
				env["DATABASE_URL"] = storetest.URL(t)
			}
			code, stdout, stderr := answered(t, env, "external_id\n1\n", append(append(append([]string{}, words...), more...), "--json")...)
			require.Equal(t, exitOK, code, stderr)
			require.NotEmpty(t, stdout)
			for line := range strings.Lines(stdout) {
				require.True(t, json.Valid([]byte(line)), line)
			}
		})
	}
}
