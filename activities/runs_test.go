package activities_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/activities"
	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// woken is a Temporal that cannot be reached the first time.
type woken struct{ calls, looks int }

func (w *woken) StartSupervisor(context.Context, flow.ConnectionInput) error { return nil }
func (w *woken) WakeSupervisor(context.Context, uuid.UUID) error             { return nil }
func (w *woken) StartImport(context.Context, flow.RunInput) error            { return nil }
func (w *woken) StartRetry(context.Context, flow.RunInput) error             { return nil }

func (w *woken) Look(context.Context, string) error {
	w.calls++
	if w.calls == 1 {
		return &crm.Error{Kind: crm.KindUnavailable}
	}
	w.looks++
	return nil
}

func TestResumeThatDiedHalfWayIsFinishedByItsRepetition(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	temporal := &woken{}
	runs := &activities.Runs{Book: b.store, Workflows: temporal, Schedules: b.schedules}
	ref := flow.ConnectionRef{Workspace: b.conn.WorkspaceID, Connection: b.conn.ID}
	require.NoError(t, runs.Pause(ctx, ref))

	require.Error(t, runs.Resume(ctx, ref))
	require.NoError(t, runs.Resume(ctx, ref))
	require.Equal(t, 1, temporal.looks, "the run was set going by the first attempt, and is woken by the second")
	run, err := b.store.Run(ctx, b.conn.WorkspaceID, b.run.ID)
	require.NoError(t, err)
	require.Equal(t, lockstep.RunRunning, run.State)
	require.Equal(t, 1, b.schedules.triggered, "what has changed meanwhile does not wait for the next cycle")
}
