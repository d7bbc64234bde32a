package activities

import (
	"context"
	"time"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// disconnected is what is read of a connection that somebody has ended.
const disconnected = "Disconnected by a person. Records that are in the CRM stay there. Connect it again to go on."

// Close ends a connection as far as its row goes: from now on nothing of an
// earlier epoch is written, and nothing is given out. Doing it again changes
// nothing.
func (a *Connections) Close(ctx context.Context, in flow.ConnectionRef) error {
	err := a.Book.Disconnect(ctx, in.Workspace, in.Connection, disconnected)
	if err == nil {
		err = a.arrange(ctx, in)
	}
	return forTemporal(err)
}

// Forget gives the grant of a connection back and deletes it, and its mapping
// unless it is to be kept. A vendor that does not take the grant back keeps
// nobody: it is deleted here all the same, and the activity log says so.
func (a *Connections) Forget(ctx context.Context, in flow.ConnectionRef, how flow.Disconnection) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil || conn.Status != lockstep.StatusDisconnected { // somebody has connected it again
		return forTemporal(err)
	}
	revoked := a.Grants.Revoke(ctx, in.Workspace, in.Connection)
	if err := a.Book.Forget(ctx, in.Workspace, in.Connection, how.KeepMapping); err != nil {
		return forTemporal(err)
	}
	detail := "The mapping was cleared."
	if how.KeepMapping {
		detail = "The mapping was kept."
	}
	var problem lockstep.Code
	if revoked != nil && crm.KindOf(revoked) != crm.KindNotFound {
		problem = lockstep.CodeOf(crm.AsError(revoked))
		detail += " The CRM could not be told that the login is given back: withdraw it there, under its connected apps."
	}
	return forTemporal(a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "connection_disconnected", problem, detail))
}

// The waits for runs to end when their connection does: whoever asked waits
// with us.
const (
	stopWithin = 20 * time.Second
	stopLook   = 100 * time.Millisecond
)

// Stop ends the open runs of a connection that was closed. Each is told, and
// has a moment to bring home what is in flight; then it is ended here, and what
// its worker still brings is of another epoch.
func (a *Runs) Stop(ctx context.Context, in flow.ConnectionRef) error {
	return forTemporal(a.stop(ctx, in))
}

func (a *Runs) stop(ctx context.Context, in flow.ConnectionRef) error {
	told := false
	for end := time.Now().Add(stopWithin); ; told = true {
		open, err := a.Book.OpenRuns(ctx, in.Workspace, in.Connection)
		if err != nil || len(open) == 0 {
			return err
		}
		for _, run := range open {
			switch {
			case !told:
				err = a.wake(ctx, run)
			case time.Now().After(end):
				_, err = a.Book.FinishRun(ctx, run, lockstep.RunCancelled, disconnected)
			}
			if err != nil {
				return err
			}
		}
		if err := rest(ctx, ctx, stopLook); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

// wake tells the workflow of a run to look at its row again. Runs that wait for
// nothing look by themselves.
func (a *Runs) wake(ctx context.Context, run lockstep.Run) error {
	switch run.Kind {
	case lockstep.RunImport:
		return a.Workflows.Look(ctx, flow.ImportID(run.ConnectionID))
	case lockstep.RunRetry:
		return a.Workflows.Look(ctx, flow.RetryID(run.ConnectionID))
	case lockstep.RunSync, lockstep.RunTestContact:
	}
	return nil
}
