package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// update asks the supervisor for something that wants an answer.
func (w *world) update(t testing.TB, name string, answer any, args ...any) {
	t.Helper()
	handle, err := w.temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: flow.ConnectionID(w.conn.ID), UpdateName: name, Args: args, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(t, err)
	require.NoError(t, handle.Get(t.Context(), answer))
}

// choose takes the starting point import and returns its run.
func (w *world) choose(t testing.TB) uuid.UUID {
	t.Helper()
	var started flow.Started
	w.update(t, flow.UpdateChooseStartingPoint, &started, flow.Choice{StartingPoint: lockstep.StartImport})
	require.NotNil(t, started.Run)
	return *started.Run
}

// imported imports everything and returns the run.
func (w *world) imported(t testing.TB) lockstep.Run {
	t.Helper()
	return w.finish(t, w.choose(t))
}

// disconnect ends the connection as a person does.
func (w *world) disconnect(t testing.TB, keepMapping bool) {
	t.Helper()
	w.update(t, flow.UpdateDisconnect, nil, flow.Disconnection{KeepMapping: keepMapping})
}

func (w *world) signal(t testing.TB, name string) {
	t.Helper()
	require.NoError(t, w.temporal.SignalWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "", name, nil))
}

// sync has cycles made until everything that has changed is settled.
func (w *world) sync(t testing.TB) {
	t.Helper()
	for settled := false; !settled; {
		before := w.connection(t).SyncedAt
		w.signal(t, flow.SignalSyncNow)
		w.eventually(t, "a sync", func() bool {
			at := w.connection(t).SyncedAt
			return at != nil && (before == nil || at.After(*before))
		})
		settled = w.count(t, lockstep.StatePending) == 0
	}
}

// retry asks for what has failed to be sent again, with whatever somebody may
// type, and returns once that has been done.
func (w *world) retry(t testing.TB, request any) {
	t.Helper()
	before := len(w.ended(t, lockstep.RunRetry))
	require.NoError(t, w.temporal.SignalWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "", flow.SignalRetryFailed, request))
	w.eventually(t, "a retry", func() bool { return len(w.ended(t, lockstep.RunRetry)) > before })
}

// testContact sends the test contact as the API does. A key stands for one
// request, however often it is made.
func (w *world) testContact(ctx context.Context, key string) (flow.TestContactResult, error) {
	id := flow.TestContactID(w.conn.ID, key)
	in := flow.TestContactInput{ConnectionRef: flow.ConnectionRef{Workspace: w.conn.WorkspaceID, Connection: w.conn.ID}, Vendor: w.vendor.name}
	start := w.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: w.queues.Interactive, WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, flow.TestContactName, in)
	var result flow.TestContactResult
	handle, err := w.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions:          client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: flow.UpdateAnswer, WaitForStage: client.WorkflowUpdateStageCompleted},
	})
	if err != nil {
		return result, fmt.Errorf("sending a test contact: %w", err)
	}
	if err := handle.Get(ctx, &result); err != nil {
		return result, fmt.Errorf("sending a test contact: %w", err)
	}
	return result, nil
}

// schedule returns the connection's Schedule, or nil when there is none.
func (w *world) schedule(t testing.TB) *client.ScheduleDescription {
	t.Helper()
	found, err := w.temporal.ScheduleClient().GetHandle(t.Context(), flow.SyncID(w.conn.ID)).Describe(t.Context())
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil
	}
	require.NoError(t, err)
	return found
}

func (w *world) run(t testing.TB, id uuid.UUID) lockstep.Run {
	t.Helper()
	run, err := w.store.Run(t.Context(), w.conn.WorkspaceID, id)
	require.NoError(t, err)
	return run
}

// finish waits for a run's end and returns it, each record with its outcome.
func (w *world) finish(t testing.TB, id uuid.UUID) lockstep.Run {
	t.Helper()
	var run lockstep.Run
	w.eventually(t, "the run to end", func() bool {
		run = w.run(t, id)
		return run.FinishedAt != nil
	})
	require.Equal(t, run.Counts.Total, run.Counts.Done(), "each record has its outcome")
	return run
}

// ended returns the runs of a kind that have ended, newest first.
func (w *world) ended(t testing.TB, kind lockstep.RunKind) []lockstep.Run {
	t.Helper()
	all, err := w.store.Runs(t.Context(), w.conn.WorkspaceID, w.conn.ID, 1000)
	require.NoError(t, err)
	var runs []lockstep.Run
	for _, run := range all {
		if run.Kind == kind && run.FinishedAt != nil {
			runs = append(runs, run)
		}
	}
	return runs
}
