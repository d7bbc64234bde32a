package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// desk is an API with connections, and a run that goes through states, one a
// look.
type desk struct {
	connections []client.Connection
	looks       []client.Run
	refuse      *client.Problem // to choose a starting point
	chosen      []string
}

func (d *desk) serve(t *testing.T) map[string]string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/connections", func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, client.ConnectionList{Items: d.connections})
	})
	mux.HandleFunc("POST /v1/connections/{id}/starting-point", func(w http.ResponseWriter, r *http.Request) {
		if d.refuse != nil {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(d.refuse.Status)
			_ = json.NewEncoder(w).Encode(d.refuse)
			return
		}
		var choice client.ChooseStartingPoint
		if json.NewDecoder(r.Body).Decode(&choice) != nil || r.Header.Get("Idempotency-Key") == "" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		d.chosen = append(d.chosen, r.PathValue("id")+" "+string(choice.Choice))
		answer := client.StartingPointChosen{StartingPoint: choice.Choice}
		if choice.Choice == client.StartingPointImport {
			answer.RunID = &d.looks[0].ID
		}
		reply200(w, answer)
	})
	mux.HandleFunc("GET /v1/runs/{id}", func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, d.looks[0])
		if len(d.looks) > 1 {
			d.looks = d.looks[1:]
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return map[string]string{"LOCKSTEP_API": server.URL, "LOCKSTEP_API_KEY": "lsk_test"}
}

func connectionTo(vendor string, authorised bool) client.Connection {
	c := client.Connection{ID: uuid.New(), Vendor: vendor, Label: strings.ToUpper(vendor[:1]) + vendor[1:], Status: client.StatusConnecting}
	if authorised {
		c.Status, c.Account = client.StatusReady, &client.Account{Name: "Acme", Environment: "production"}
	}
	return c
}

// importOf returns the looks at an import that is parked on its way and ends in
// state.
func importOf(state client.RunState) []client.Run {
	id, now := uuid.New(), time.Now()
	begun := client.Run{ID: id, Kind: client.RunKindImport, State: client.RunStateRunning, Counts: client.Counts{Total: 10, Done: 4, Created: 4}}
	parked, ended := begun, begun
	parked.State, parked.Reason = client.RunStateParked, "The CRM is away."
	ended.State, ended.FinishedAt, ended.Reason = state, &now, "because"
	ended.Counts = client.Counts{Total: 10, Done: 10, Created: 9, Failed: 1}
	return []client.Run{begun, parked, ended}
}

func TestOnlyConnectionNeedsNoName(t *testing.T) {
	t.Parallel()

	one, begun, other := connectionTo("salesforce", true), connectionTo("salesforce", false), connectionTo("hubspot", true)
	for name, test := range map[string]struct {
		there   []client.Connection
		args    string
		chosen  *client.Connection
		problem string
	}{
		"none":                          {problem: "the workspace has no connection yet"},
		"the only one":                  {there: []client.Connection{one}, chosen: &one},
		"besides one never signed into": {there: []client.Connection{begun, one}, chosen: &one},
		"by vendor":                     {there: []client.Connection{one, other}, args: "hubspot", chosen: &other},
		"by id":                         {there: []client.Connection{one, begun, other}, args: begun.ID.String(), chosen: &begun},
		"several":                       {there: []client.Connection{one, other}, problem: other.ID.String() + "  Hubspot, Acme (production): ready"},
		"unknown":                       {there: []client.Connection{one}, args: "attio", problem: `there is no connection "attio"; there are:`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			d := &desk{connections: test.there}
			code, stdout, stderr := cli(t, d.serve(t), append([]string{"skip-import"}, strings.Fields(test.args)...)...)
			if test.chosen == nil {
				require.Equal(t, exitFailed, code)
				require.Contains(t, stderr, test.problem)
				return
			}
			require.Equal(t, exitOK, code, stderr)
			require.Equal(t, []string{test.chosen.ID.String() + " skip"}, d.chosen)
			require.Contains(t, stdout, "`starter resync` sends everything.")
		})
	}
}

func TestImportIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()

	d := &desk{connections: []client.Connection{connectionTo("salesforce", true)}, looks: importOf(client.RunStateCompleted)}
	code, stdout, stderr := cli(t, d.serve(t), "import")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "parked: The CRM is away.")
	require.Contains(t, stdout, "10 records: 9 created, 1 failed.")
	require.Contains(t, stdout, "`starter failed`")
}

func TestJSONIsAloneOnStdout(t *testing.T) {
	t.Parallel()

	d := &desk{connections: []client.Connection{connectionTo("salesforce", true)}, looks: importOf(client.RunStateCompleted)}
	code, stdout, stderr := cli(t, d.serve(t), "import", "--json")
	require.Equal(t, exitOK, code)
	var run client.Run
	require.NoError(t, json.Unmarshal([]byte(stdout), &run))
	require.Equal(t, client.RunStateCompleted, run.State)
	require.Contains(t, stderr, "9 created, 1 failed")
}

func TestCancelledImportFails(t *testing.T) {
	t.Parallel()

	d := &desk{connections: []client.Connection{connectionTo("salesforce", true)}, looks: importOf(client.RunStateCancelled)}
	code, _, stderr := cli(t, d.serve(t), "import")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "the import was cancelled: because")
}

func TestImportThatIsOpenIsFollowed(t *testing.T) {
	t.Parallel()

	conn, looks := connectionTo("salesforce", true), importOf(client.RunStateCompleted)
	conn.CurrentRun = &looks[0]
	d := &desk{connections: []client.Connection{conn}, looks: looks}
	code, _, stderr := cli(t, d.serve(t), "import", "salesforce")
	require.Equal(t, exitOK, code, stderr)
	require.Empty(t, d.chosen)
}

func TestProblemIsToldWithItsFix(t *testing.T) {
	t.Parallel()

	d := &desk{connections: []client.Connection{connectionTo("salesforce", true)}, refuse: &client.Problem{
		Type: "x", Status: http.StatusConflict, Title: "Starting point chosen already", Detail: "It is chosen once.", Fix: "Use resync.",
		Errors: &[]client.RequestError{{Where: "body.choice", Message: "is late"}},
	}}
	code, stdout, stderr := cli(t, d.serve(t), "import")
	require.Equal(t, exitFailed, code)
	require.Empty(t, stdout)
	require.Equal(t, "starter: Starting point chosen already\n  It is chosen once.\n  body.choice: is late\n  Use resync.\n", stderr)
}

func TestConnectionThatIsMeantWithoutANameIsNamedFirst(t *testing.T) {
	t.Parallel()

	meant, other, gone := live("hubspot"), live("salesforce"), connectionTo("attio", true)
	gone.Status = client.StatusDisconnected
	env := stub(t, []client.Connection{other, meant, gone}, nil)
	env["LOCKSTEP_DIR"] = noticed(t, notice{API: env["LOCKSTEP_API"], Vendor: "hubspot"})
	delete(env, "LOCKSTEP_API_KEY")
	const first = "No connection is named, so Hubspot is meant. To mean another, put its name behind the command: `salesforce`.\n"
	code, stdout, stderr := cli(t, env, "status")
	require.Equal(t, exitOK, code, stderr)
	require.True(t, strings.HasPrefix(stdout, first), stdout)
	_, stdout, stderr = cli(t, env, "status", "--json")
	require.Equal(t, first, stderr)
	require.Equal(t, meant.ID, decoded[client.Connection](t, stdout).ID)

	_, stdout, _ = cli(t, env, "status", "salesforce")
	require.NotContains(t, stdout, "is meant")
}

func TestImportThatOnlySkippedLeadsToWhy(t *testing.T) {
	t.Parallel()

	looks := importOf(client.RunStateCompleted)
	looks[2].Counts = client.Counts{Total: 4, Done: 4, Skipped: 4}
	d := &desk{connections: []client.Connection{connectionTo("salesforce", true)}, looks: looks}
	code, stdout, stderr := cli(t, d.serve(t), "import")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "Next: `starter failed` tells why records were skipped or wait.")
}
