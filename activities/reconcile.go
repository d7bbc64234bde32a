package activities

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

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
	var faults []error
	for _, conn := range conns {
		mended, err := a.reconcileConnection(ctx, conn, supervised[conn.ID], syncs)
		done.Supervisors, done.Schedules = done.Supervisors+mended.Supervisors, done.Schedules+mended.Schedules
		faults = append(faults, err) // one that cannot be mended keeps no other from it
		delete(syncs, conn.ID)
	}
	for orphan := range syncs {
		faults = append(faults, a.Schedules.Delete(ctx, orphan))
		done.Schedules++
	}
	faults = append(faults, a.forgetLogins(ctx, supervised))
	done.Runs, err = a.reconcileRuns(ctx)
	faults = append(faults, err)
	begun, err := a.beginImports(ctx) // last, for it may mark a million records
	done.Runs += begun
	return done, errors.Join(append(faults, err)...)
}

// reconcileConnection sees to the supervisor and the Schedule of a connection.
func (a *Runs) reconcileConnection(ctx context.Context, conn lockstep.Connection, supervised bool, syncs map[uuid.UUID]SyncState) (flow.Reconciled, error) {
	var (
		done flow.Reconciled
		err  error
	)
	switch {
	case conn.Status == lockstep.StatusConnecting || conn.Status == lockstep.StatusDisconnected:
	case !supervised:
		done.Supervisors++
		err = a.Workflows.StartSupervisor(ctx, flow.ConnectionInput{Workspace: conn.WorkspaceID, Connection: conn.ID, Vendor: conn.Vendor})
	case conn.Status == lockstep.StatusSettingUp: // it may not have been told that somebody has signed in
		err = a.Workflows.WakeSupervisor(ctx, conn.ID)
	}
	if err != nil {
		return done, err
	}
	if state, there := syncs[conn.ID]; fits(conn, state, there) {
		return done, nil
	}
	done.Schedules++
	return done, a.arrange(ctx, flow.ConnectionRef{Workspace: conn.WorkspaceID, Connection: conn.ID}) // as it is by now
}

// fits tells whether a Schedule is what its connection asks for.
func fits(conn lockstep.Connection, state SyncState, there bool) bool {
	wanted := conn.StartingPoint != lockstep.StartUndecided && conn.Status != lockstep.StatusDisconnected
	if !there || !wanted {
		return there == wanted
	}
	return state.Every == conn.SyncEvery && state.Paused == (conn.Status != lockstep.StatusLive)
}

// forgetLogins gives back and deletes the logins of connections whose supervisor
// died while it disconnected them. What was to become of the mapping went with
// it, so that is kept.
func (a *Runs) forgetLogins(ctx context.Context, supervised map[uuid.UUID]bool) error {
	abandoned, err := a.Book.AbandonedGrants(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for connection, workspace := range abandoned {
		if !supervised[connection] {
			ref := flow.ConnectionRef{Workspace: workspace, Connection: connection}
			faults = append(faults, a.Logins.Forget(ctx, ref, flow.Disconnection{KeepMapping: true}))
		}
	}
	return errors.Join(faults...)
}

// beginImports begins the imports that somebody has chosen, and whose supervisor
// died before it came to them.
func (a *Runs) beginImports(ctx context.Context) (int, error) {
	unbegun, err := a.Book.UnbegunImports(ctx)
	if err != nil {
		return 0, err
	}
	begun := 0
	var faults []error
	for _, run := range unbegun {
		ref := flow.ConnectionRef{Workspace: run.WorkspaceID, Connection: run.ConnectionID}
		started, err := a.startImport(ctx, flow.StartRun{ConnectionRef: ref, Vendor: run.Vendor, Run: run.ID, Force: true})
		faults = append(faults, err)
		if started.Run != nil {
			begun++
		}
	}
	return begun, errors.Join(faults...)
}

// reconcileRuns sees to it that each open run has a workflow, and ends those
// that nobody will go on with.
func (a *Runs) reconcileRuns(ctx context.Context) (int, error) {
	open, err := a.Book.AllOpenRuns(ctx)
	if err != nil {
		return 0, err
	}
	mended := 0
	var faults []error
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
			faults = append(faults, err)
		}
	}
	return mended, errors.Join(faults...)
}
