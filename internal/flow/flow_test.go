package flow_test

import (
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

var update = flag.Bool("update", false, "write the golden file anew")

// A payload is a promise to every history that holds one: members may be
// added, none renamed or removed.
func TestPayloadsAreFrozen(t *testing.T) {
	t.Parallel()

	id := uuid.MustParse("01990000-0000-7000-8000-000000000001")
	ref := flow.ConnectionRef{Workspace: id, Connection: id}
	at := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	got, err := json.MarshalIndent(map[string]any{
		"ConnectionInput":  flow.ConnectionInput{Workspace: id, Connection: id, Vendor: "salesforce"},
		"ConnectionRef":    ref,
		"Standing":         flow.Standing{Status: lockstep.StatusLive, StartingPoint: lockstep.StartImport, FirstImport: &id},
		"StatusChange":     flow.StatusChange{ConnectionRef: ref, Status: lockstep.StatusError, Problem: lockstep.CodeInternal, Epoch: 3},
		"Choice":           flow.Choice{StartingPoint: lockstep.StartImport, Import: &id},
		"StartRun":         flow.StartRun{ConnectionRef: ref, Vendor: "salesforce", Run: id, Force: true, Problem: lockstep.CodeRefused},
		"Started":          flow.Started{Run: &id},
		"ImportInput":      flow.RunInput{ConnectionRef: ref, Vendor: "salesforce", Run: id, Stamp: true},
		"MappingReview":    flow.MappingReview{Version: 2},
		"Disconnection":    flow.Disconnection{KeepMapping: true},
		"Request":          flow.Request{Problem: lockstep.CodeRefused, By: flow.AskerAPI},
		"Heard":            flow.Heard{ConnectionRef: ref, Signals: []flow.HeardSignal{{Name: flow.SignalRetryFailed, Problem: lockstep.CodeRefused, Times: 2}}},
		"Ended":            flow.Ended{Counts: lockstep.Counts{Total: 2, Failed: 1}, Open: true},
		"SyncInput":        flow.SyncInput{ConnectionRef: ref, Vendor: "salesforce"},
		"CycleInput":       flow.CycleInput{ConnectionRef: ref, Run: id},
		"SyncResult":       flow.SyncResult{Verdict: flow.VerdictEmpty, Counts: lockstep.Counts{Total: 1}, Epoch: 3},
		"TestContactInput": flow.TestContactInput{ConnectionRef: ref, Vendor: "salesforce"},
		"TestContactRun":   flow.TestContactRun{ConnectionRef: ref, Run: id},
		"TestContactResult": flow.TestContactResult{
			Run: id, Outcome: lockstep.OutcomeCreated, Problem: lockstep.CodeRefused, CRMType: "Contact", CRMID: "003", URL: "https://x", Elapsed: time.Second, Epoch: 3,
		},
		"Reconciled":  flow.Reconciled{Supervisors: 1, Schedules: 2, Runs: 3},
		"ChunkInput":  flow.ChunkInput{ConnectionRef: ref, Run: id},
		"ChunkResult": flow.ChunkResult{Verdict: flow.VerdictWait, Until: at, Counts: lockstep.Counts{Total: 1, Created: 1}, Rate: 1.5, ETA: time.Second, Epoch: 3},
		"RunChange":   flow.RunChange{ConnectionRef: ref, Run: id, State: lockstep.RunParked, Problem: lockstep.CodeQuotaSpent, Until: at},
	}, "", "  ")
	require.NoError(t, err)

	const golden = "testdata/payloads.json"
	if *update {
		require.NoError(t, os.WriteFile(golden, append(got, '\n'), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func TestRetrySignalIsReadHoweverAPersonTypedIt(t *testing.T) {
	t.Parallel()

	for typed, want := range map[string]lockstep.Code{
		`{"problem":"refused"}`:        "refused",
		`"refused"`:                    "refused",
		`{}`:                           "",
		`null`:                         "",
		`""`:                           "",
		`["refused"]`:                  "",
		`7`:                            "",
		`{"problem":7}`:                "",
		`{"problem":"refused","by":7}`: "refused",
		`" Refused "`:                  "refused",
		`not JSON`:                     "",
		``:                             "",
	} {
		require.Equal(t, want, flow.ReadRequest([]byte(typed)).Problem, typed)
	}
}

func TestConnectionIsReadFromItsIDsAlone(t *testing.T) {
	t.Parallel()

	id := uuid.New()
	got, ok := flow.ConnectionOf(flow.SyncID, flow.SyncID(id))
	require.True(t, ok)
	require.Equal(t, id, got)
	for _, other := range []string{flow.ConnectionID(id), id.String(), "sync/", "sync", "", "sync/x/" + id.String(), "sync/" + id.String() + "/x"} {
		_, ok := flow.ConnectionOf(flow.SyncID, other)
		require.False(t, ok, other)
	}
}
