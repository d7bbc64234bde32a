package e2e_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/common/v1"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/stack"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// FEATURES: V03, V04
func TestImportGoesOnAfterEverythingBelowItHasDied(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		pg, err := stack.StartPostgres(t.Context(), stack.PostgresConfig{Dir: filepath.Join(t.TempDir(), "pg"), Listen: true})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, pg.Kill()) })
		require.NoError(t, store.Migrate(t.Context(), storetest.Open(t, pg.URL())))
		server, err := startTemporal(t.Context(), t.TempDir())
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, server.Kill()) })

		const all = 6000
		w := begin(t, options{
			vendor: v, contacts: all, database: pg.URL(), server: server,
			sandbox: stack.SandboxConfig{Latency: 200 * time.Millisecond},
		})
		id := w.choose(t)
		for i, p := range []*stack.Process{w.worker, pg.Process, server.Process} {
			w.eventually(t, "a part of the import", func() bool { return w.run(t, id).Counts.Done() >= int64(i+1)*all/5 })
			require.NoError(t, p.Kill())
			require.NoError(t, p.Restart(t.Context()))
			w.pool.Reset() // ours is not what is tested
		}
		run := w.finish(t, id)
		require.Equal(t, lockstep.RunCompleted, run.State)
		require.Equal(t, lockstep.Counts{Total: all, Created: all}, run.Counts)
		w.requireLanded(t)
	})
}

// FEATURES: V03
func TestImportThatIsResetToAnEarlierPointDoublesNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		const all = 4000
		w := begin(t, options{vendor: v, contacts: all, sandbox: stack.SandboxConfig{Latency: 200 * time.Millisecond}})
		id := w.choose(t)
		w.eventually(t, "a part of the import", func() bool { return w.run(t, id).Counts.Done() > all/4 })
		w.reset(t, flow.ImportID(w.conn.ID))
		run := w.finish(t, id)
		require.Equal(t, lockstep.Counts{Total: all, Created: all}, run.Counts)
		w.requireLanded(t)

		w.eventually(t, "the workflow to close", func() bool {
			there, err := w.temporal.DescribeWorkflow(t.Context(), flow.ImportID(w.conn.ID), "")
			require.NoError(t, err)
			return there.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		})
		writes := len(w.calls(t, "write"))
		w.reset(t, flow.ImportID(w.conn.ID)) // one that has ended
		w.eventually(t, "the workflow to close again", func() bool {
			there, err := w.temporal.DescribeWorkflow(t.Context(), flow.ImportID(w.conn.ID), "")
			require.NoError(t, err)
			return there.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		})
		require.Len(t, w.calls(t, "write"), writes)
		require.Equal(t, run.Counts, w.run(t, id).Counts)
		w.requireLanded(t)
	})
}

// reset has a workflow begin anew after its first decision.
func (w *world) reset(t *testing.T, workflowID string) {
	t.Helper()
	h, _ := w.history(t, workflowID)
	for _, e := range h.Events {
		if e.EventType != enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		there, err := w.temporal.DescribeWorkflow(t.Context(), workflowID, "")
		require.NoError(t, err)
		_, err = w.temporal.ResetWorkflowExecution(t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
			Namespace:         w.server.Namespace,
			WorkflowExecution: &common.WorkflowExecution{WorkflowId: workflowID, RunId: there.WorkflowExecution.RunID},
			Reason:            "a test", WorkflowTaskFinishEventId: e.EventId, RequestId: t.Name() + there.WorkflowExecution.RunID,
		})
		require.NoError(t, err)
		return
	}
	require.Fail(t, "nothing to reset to")
}
