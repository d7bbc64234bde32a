package activities

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// Estate is what Temporal has of this database's connections. It may be some
// seconds late.
type Estate interface {
	// Supervisors returns the connections whose supervisor runs.
	Supervisors(ctx context.Context) (map[uuid.UUID]bool, error)

	// Syncs returns the Schedules there are, by connection.
	Syncs(ctx context.Context) (map[uuid.UUID]SyncState, error)
}

// SyncState is a Schedule as it is.
type SyncState struct {
	Every  time.Duration
	Paused bool
}

// lost is how long after its start a run that waits for nothing is taken for
// one whose worker has died.
const lost = 15 * time.Minute

// Reconcile makes what Temporal has fit what the database says: a supervisor
// for each connection that can use one, a Schedule as each asks for, none for
// those that are gone, and a workflow for each open run. It changes nothing
// that is in order, and may be called at any time.
func (a *Runs) Reconcile(ctx context.Context) (flow.Reconciled, error) {
	done, err := a.reconcile(ctx)
	return done, forTemporal(err)
}

func (a *Runs) reconcile(ctx context.Context) (flow.Reconciled, error) {
	var done flow.Reconciled
	conns, err := a.Book.AllConnections(ctx)
	if err != nil {
		return done, err
	}
	supervised, err := a.Estate.Supervisors(ctx)
	if err != nil {
		return done, err
	}
	syncs, err := a.Estate.Syncs(ctx)
	if err != nil {
		return done, err
	}
	for _, conn := range conns {
		activity.RecordHeartbeat(ctx, done)
		if !supervised[conn.ID] && conn.Status != lockstep.StatusConnecting && conn.Status != lockstep.StatusDisconnected {
			in := flow.ConnectionInput{Workspace: conn.WorkspaceID, Connection: conn.ID, Vendor: conn.Vendor}
			if err := a.Workflows.StartSupervisor(ctx, in); err != nil {
				return done, err
			}
			done.Supervisors++
		}
		state, there := syncs[conn.ID]
		delete(syncs, conn.ID)
		if fits(conn, state, there) {
			continue
		}
		if err := arrange(ctx, a.Schedules, conn); err != nil {
			return done, err
		}
		done.Schedules++
	}
	for orphan := range syncs {
		if err := a.Schedules.Delete(ctx, orphan); err != nil {
			return done, err
		}
		done.Schedules++
	}
	done.Runs, err = a.reconcileRuns(ctx)
	return done, err
}

// fits tells whether a Schedule is what its connection asks for.
func fits(conn lockstep.Connection, state SyncState, there bool) bool {
	wanted := conn.StartingPoint != lockstep.StartUndecided && conn.Status != lockstep.StatusDisconnected
	if !there || !wanted {
		return there == wanted
	}
	return state.Every == conn.SyncEvery && state.Paused == (conn.Status != lockstep.StatusLive)
}

// reconcileRuns sees to it that each open run has a workflow, and ends those
// that nobody will go on with.
func (a *Runs) reconcileRuns(ctx context.Context) (int, error) {
	open, err := a.Book.AllOpenRuns(ctx)
	if err != nil {
		return 0, err
	}
	mended := 0
	for _, run := range open {
		in := flow.RunInput{
			ConnectionRef: flow.ConnectionRef{Workspace: run.WorkspaceID, Connection: run.ConnectionID}, Vendor: run.Vendor, Run: run.ID,
		}
		switch run.Kind {
		case lockstep.RunImport:
			err = a.Workflows.StartImport(ctx, in)
		case lockstep.RunRetry:
			err = a.Workflows.StartRetry(ctx, in)
		case lockstep.RunSync, lockstep.RunTestContact:
			if time.Since(run.StartedAt) < lost {
				continue
			}
			mended++
			_, err = a.Book.ReleaseRun(ctx, lockstep.Run{ID: run.ID, WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID},
				"Its worker was lost. What it had not come to went to the next run.")
		}
		if err != nil && crm.KindOf(err) != crm.KindUnavailable { // one that is closing is there
			return mended, err
		}
	}
	return mended, nil
}
