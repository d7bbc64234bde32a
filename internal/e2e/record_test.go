package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

var record = flag.String("record", "", "the directory into which TestRecordHistories writes; empty leaves it out")

// TestRecordHistories lets every workflow do what it does, and writes down their
// histories, which package workflows replays: `make record`.
func TestRecordHistories(t *testing.T) {
	t.Parallel()
	if *record == "" {
		t.Skip("make record")
	}
	w := begin(t, options{contacts: 300})
	w.fault(t, "poison:rows=1", "cut-after:every=2")
	w.imported(t)
	w.lift(t)
	w.load(t, changed(contacts(0, 3), "Changed")...)
	w.sync(t)
	w.retry(t, map[string]string{"problem": "validation_rule"})
	w.signal(t, flow.SignalPause)
	w.eventually(t, "the connection to be paused", func() bool { return w.connection(t).Status == lockstep.StatusPaused })
	w.signal(t, flow.SignalResync)
	w.signal(t, flow.SignalResume)
	w.eventually(t, "the resync to end", func() bool { return len(w.ended(t, lockstep.RunImport)) == 2 })
	_, err := w.testContact(t.Context(), "recorded")
	require.NoError(t, err)
	first, err := w.temporal.DescribeWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "")
	require.NoError(t, err)
	w.eventually(t, "the supervisor to roll over", func() bool {
		now, err := w.temporal.DescribeWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "")
		require.NoError(t, err)
		return now.WorkflowExecution.RunID != first.WorkflowExecution.RunID
	})
	w.disconnect(t, true)

	written := make(map[string]int)
	for _, execution := range w.executions(t) {
		h, _ := w.historyOf(t, execution.GetExecution().GetWorkflowId(), execution.GetExecution().GetRunId())
		text, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(h)
		require.NoError(t, err)
		name := strings.ToLower(h.Events[0].GetWorkflowExecutionStartedEventAttributes().GetWorkflowType().GetName())
		if written[name]++; written[name] > 4 {
			continue
		}
		file := filepath.Join(*record, name+"-"+string(rune('a'+written[name]-1))+".json")
		require.NoError(t, os.WriteFile(file, text, 0o600))
	}
	for _, name := range []string{flow.ConnectionName, flow.ImportName, flow.SyncName, flow.RetryFailedName, flow.TestContactName, flow.ReconcileName} {
		require.NotZero(t, written[strings.ToLower(name)], name)
	}
}

// executions returns the runs of all workflows of the world's worker, those of
// its reconciler too, that have ended.
func (w *world) executions(t *testing.T) []*workflow.WorkflowExecutionInfo {
	t.Helper()
	query := fmt.Sprintf("TaskQueue IN ('%s', '%s') AND ExecutionStatus != 'Running'", w.queues.Interactive, w.queues.Bulk)
	var found []*workflow.WorkflowExecutionInfo
	w.eventually(t, "visibility to know of them", func() bool {
		page, err := w.temporal.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{Query: query, PageSize: 1000})
		require.NoError(t, err)
		found = page.GetExecutions()
		kinds := make(map[string]int)
		for _, e := range found {
			kinds[e.GetType().GetName()]++
		}
		return len(kinds) == 6 && kinds[flow.ConnectionName] > 1 // one that rolled over, and the one that was ended
	})
	return found
}
