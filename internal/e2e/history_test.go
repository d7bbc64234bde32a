package e2e_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"google.golang.org/protobuf/proto"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/stack"
)

// history returns a workflow's latest run as operators export it, payloads in
// plain text.
func (w *world) history(t testing.TB, workflowID string) (*history.History, string) {
	t.Helper()
	return w.historyOf(t, workflowID, "")
}

// historyOf is history of one run.
func (w *world) historyOf(t testing.TB, workflowID, runID string) (*history.History, string) {
	t.Helper()
	h := &history.History{}
	iter := w.temporal.GetWorkflowHistory(t.Context(), workflowID, runID, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for iter.HasNext() {
		event, err := iter.Next()
		require.NoError(t, err)
		h.Events = append(h.Events, event)
	}
	text, err := temporalproto.CustomJSONMarshalOptions{
		Metadata: map[string]any{common.EnablePayloadShorthandMetadataKey: true},
	}.Marshal(h)
	require.NoError(t, err)
	return h, string(text)
}

// actions counts what Temporal bills for in a history. Heartbeats are billed
// too and leave no trace in it.
func actions(h *history.History) int {
	n := 0
	for _, e := range h.Events {
		switch e.EventType {
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED, enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED, enums.EVENT_TYPE_TIMER_STARTED,
			enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
			enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			n++
		case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED: // an attempt after the first is billed again
			n += int(e.GetActivityTaskStartedEventAttributes().GetAttempt()) - 1
		default:
		}
	}
	return n
}

// FEATURES: A09
func TestHistoriesAndLogsHoldNoSecretAndNoPerson(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 1000, sandbox: stack.SandboxConfig{Faults: []string{
		"cut-after:every=3", "expire:every=4", "503:every=5", "poison:every=2", "whole-400:rows=2",
	}}})
	run := w.finish(t, w.choose(t))
	require.NotZero(t, run.Counts.Failed)
	w.requireTrue(t)
	w.sim(t, http.MethodPost, "revoke", "", nil)
	w.load(t, contacts(1000, 1010)...)
	w.signal(t, flow.SignalResync)
	w.eventually(t, "the connection to have lost its authorisation", func() bool {
		return w.connection(t).Status == lockstep.StatusUnauthorized
	})

	log, err := os.ReadFile(w.log)
	require.NoError(t, err)
	texts := map[string]string{"worker log": string(log)}
	_, texts["import history"] = w.history(t, flow.ImportID(w.conn.ID))
	_, texts["connection history"] = w.history(t, flow.ConnectionID(w.conn.ID))
	require.NotEmpty(t, w.secrets)
	for where, text := range texts {
		for _, planted := range append([]string{"@example.com", "Number 1", "planted-note", "Example Ltd", "1234567"}, w.secrets...) {
			require.NotContains(t, text, planted, where)
			require.NotContains(t, text, strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(planted)), "="), where)
		}
	}
}

func TestImportKeepsItsBudgetOfTemporalActions(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 30_000})
	run := w.finish(t, w.choose(t))
	require.EqualValues(t, 30_000, run.Counts.Created)
	w.eventually(t, "the workflow to close", func() bool {
		there, err := w.temporal.DescribeWorkflow(t.Context(), flow.ImportID(w.conn.ID), "")
		require.NoError(t, err)
		return there.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})

	h, _ := w.history(t, flow.ImportID(w.conn.ID))
	heartbeats := int(run.LastSettleAt.Sub(*run.FirstClaimAt)/(12*time.Second)) + 1 // the server hears of one in 12 s
	require.LessOrEqual(t, actions(h)+heartbeats, 15+30_000/2000, "0.5 for 1,000 records and 15")
	for _, e := range h.Events {
		require.Less(t, proto.Size(e), 4<<10, "no payload over 4 KB: %s", e.EventType)
	}
}
