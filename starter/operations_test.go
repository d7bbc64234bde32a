package main

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"lockstep/internal/client"
)

// way is how an operation of the API is asked for on the command line: by a
// line that does, or by none for a reason.
type way struct {
	line   string // CONNECTION stands for a connection's id, RUN for a run's
	reason string
}

// ways says of every operation how it is asked for. What the API learns to do
// has to be put here.
func ways() map[string]way {
	return map[string]way{
		"getWorkspace": {line: "workspace show"},
		"listKeys":     {line: "api-keys list"},
		"createKey":    {line: "api-keys issue CI --role standard"},
		"revokeKey":    {line: "api-keys revoke CI --yes"},
		"getAlerts":    {line: "alerts show"},
		"setAlerts":    {line: "alerts set https://alerts.example.com"},
		"stopAlerts":   {line: "alerts stop"},
		"listAudit":    {line: "audit"},

		"listConnections":      {line: "connections"},
		"createConnection":     {line: "connect hubspot"},
		"authorizeConnection":  {line: "connect CONNECTION"},
		"getConnection":        {line: "connect CONNECTION"}, // until it is ready; `status` shows the one of the list
		"updateConnection":     {line: "settings --sync-every 5m"},
		"chooseStartingPoint":  {line: "skip-import"},
		"pauseConnection":      {line: "pause"},
		"resumeConnection":     {line: "resume"},
		"resyncConnection":     {line: "resync"},
		"retryConnection":      {line: "retry"},
		"syncConnection":       {line: "sync"},
		"sendTestContact":      {line: "test-contact"},
		"disconnectConnection": {line: "disconnect --yes"},
		"setGuide":             {line: "guide dismiss"},
		"listOwners":           {line: "owners"},
		"getConnectionHealth":  {line: "health"},
		"discoverConnection":   {line: "discover"},

		"getMapping":     {line: "mapping"},
		"saveMapping":    {line: "mapping set title=Title"},
		"resetMapping":   {line: "mapping reset --yes"},
		"approveMapping": {line: "mapping approve"},
		"getSchema":      {line: "fields"},

		"listRuns":   {line: "runs"},
		"getRun":     {line: "runs show RUN"},
		"cancelRun":  {line: "cancel RUN"},
		"listEvents": {line: "events"},
		"listFailed": {line: "failed --json"},
		"followRun":  {reason: "`runs show RUN --follow` asks getRun again and again, which outlasts a restart of the API"},

		"listRecords":  {line: "records list"},
		"loadRecords":  {line: "records load -"},
		"listProblems": {line: "problems"},

		"getReadiness": {line: "doctor"},
		"getHealth":    {reason: "`doctor` asks getReadiness, which says that the process runs and more"},

		"openConnectLink":       {reason: "a person's browser is sent there, by the link that `connect` prints"},
		"completeAuthorization": {reason: "a person's browser is sent there, by the CRM"},
	}
}

// routes returns the API's operations by their ids, as patterns of http.ServeMux.
func routes(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../api/rest/openapi.yaml")
	require.NoError(t, err)
	var document struct {
		Paths map[string]map[string]yaml.Node
	}
	require.NoError(t, yaml.Unmarshal(text, &document))
	all := make(map[string]string)
	for path, item := range document.Paths {
		for method, node := range item {
			if method == "parameters" {
				continue
			}
			var operation struct {
				ID string `yaml:"operationId"`
			}
			require.NoError(t, node.Decode(&operation))
			require.NotEmpty(t, operation.ID, "%s %s", method, path)
			all[operation.ID] = strings.ToUpper(method) + " " + path
		}
	}
	return all
}

func TestEveryOperationHasACommandOrAReason(t *testing.T) {
	t.Parallel()

	there := routes(t)
	require.Greater(t, len(there), 40)
	require.ElementsMatch(t, slices.Collect(maps.Keys(there)), slices.Collect(maps.Keys(ways())))
	for id, by := range ways() {
		if by.line == "" {
			require.NotEmpty(t, by.reason, id)
			continue
		}
		t.Run(id, func(t *testing.T) {
			t.Parallel()

			env := willing(t)
			var called []string
			env["LOCKSTEP_API"] = listening(t, env["LOCKSTEP_API"], there, &called)
			_, stdout, _ := cli(t, env, "connections", "--json")
			connection := decoded[client.ConnectionList](t, stdout).Items[0].ID.String()
			called = nil
			line := strings.NewReplacer("CONNECTION", connection, "RUN", uuid.NewString()).Replace(by.line)
			code, _, stderr := answered(t, env, "external_id\n1\n", strings.Fields(line)...)
			require.Contains(t, called, id, line)
			if by.line != "doctor" { // which finds no Temporal here
				require.Equal(t, exitOK, code, stderr)
			}
		})
	}
}

// listening returns the address of an API that is the one at address, and keeps
// the operations that it is asked for.
func listening(t *testing.T, address string, there map[string]string, called *[]string) string {
	t.Helper()
	target, err := url.Parse(address)
	require.NoError(t, err)
	var mu sync.Mutex
	behind := httputil.NewSingleHostReverseProxy(target)
	mux := http.NewServeMux()
	for id, pattern := range there {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			*called = append(*called, id)
			mu.Unlock()
			behind.ServeHTTP(w, r)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
