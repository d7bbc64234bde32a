package activities

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// RunBook keeps the runs.
type RunBook interface {
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
	SetStatus(ctx context.Context, workspace, id uuid.UUID, status lockstep.Status, reason string) error
	BeginRun(ctx context.Context, run lockstep.Run, object crm.Object, force bool) (lockstep.Run, error)
	Run(ctx context.Context, workspace, id uuid.UUID) (lockstep.Run, error)
	OpenRuns(ctx context.Context, workspace, connection uuid.UUID) ([]lockstep.Run, error)
	SetRunState(ctx context.Context, workspace, id uuid.UUID, state lockstep.RunState, reason string, until *time.Time) error
	ResumeRuns(ctx context.Context, workspace, connection uuid.UUID) ([]lockstep.Run, error)
	FinishRun(ctx context.Context, run lockstep.Run, state lockstep.RunState, reason string) (lockstep.Run, error)
}

// Workflows starts and wakes workflows. Starting one that is there already,
// and waking one that is not, is success.
type Workflows interface {
	StartImport(ctx context.Context, in flow.ImportInput) error
	Look(ctx context.Context, workflowID string) error
}

// Runs begins, moves and ends runs.
type Runs struct {
	Book      RunBook
	Opener    Opener
	Workflows Workflows
	Vendors   map[crm.Vendor]Facts
}

// StartImport marks every record pending and starts the workflow that drains
// them. Asking again with the same run id changes nothing; asking while another
// import is open starts nothing, and says so by naming no run.
func (a *Runs) StartImport(ctx context.Context, in flow.StartRun) (flow.Started, error) {
	started, err := a.startImport(ctx, in)
	return started, forTemporal(err)
}

func (a *Runs) startImport(ctx context.Context, in flow.StartRun) (flow.Started, error) {
	if _, err := a.Book.Run(ctx, in.Workspace, in.Run); crm.KindOf(err) == crm.KindNotFound {
		err = a.begin(ctx, in)
		if crm.KindOf(err) == crm.KindConflict {
			return flow.Started{}, nil
		}
		if err != nil {
			return flow.Started{}, err
		}
	} else if err != nil {
		return flow.Started{}, err
	}
	err := a.Workflows.StartImport(ctx, flow.ImportInput{ConnectionRef: in.ConnectionRef, Vendor: in.Vendor, Run: in.Run})
	return flow.Started{Run: &in.Run}, err
}

// begin adds the run. A CRM that is empty needs no looking for what it has.
func (a *Runs) begin(ctx context.Context, in flow.StartRun) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	connector, err := a.Opener.Open(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	finder, err := crm.As[crm.Finder](connector)
	if err != nil {
		return err
	}
	there, err := finder.Count(ctx, conn.Target(crm.Contact, a.Vendors[conn.Vendor].Types[crm.Contact]), 1)
	if err != nil {
		return err
	}
	run := lockstep.Run{
		ID: in.Run, WorkspaceID: in.Workspace, ConnectionID: in.Connection, Kind: lockstep.RunImport, LinkUp: lockstep.LinkUpKeys,
	}
	if there == 0 {
		run.LinkUp = lockstep.LinkUpNone
	}
	_, err = a.Book.BeginRun(ctx, run, crm.Contact, in.Force)
	return err
}

// Move sets the state of an open run.
func (a *Runs) Move(ctx context.Context, in flow.RunChange) error {
	var until *time.Time
	if !in.Until.IsZero() {
		until = &in.Until
	}
	return forTemporal(a.Book.SetRunState(ctx, in.Workspace, in.Run, in.State, reason(in.Problem), until))
}

// Finish ends a run and returns its final counts. Ending it again changes
// nothing.
func (a *Runs) Finish(ctx context.Context, in flow.RunChange) (lockstep.Counts, error) {
	run := lockstep.Run{ID: in.Run, WorkspaceID: in.Workspace, ConnectionID: in.Connection}
	ended, err := a.Book.FinishRun(ctx, run, in.State, reason(in.Problem))
	return ended.Counts, forTemporal(err)
}

// Pause stops a connection and its open runs until somebody resumes them. Calls
// that are under way are finished.
func (a *Runs) Pause(ctx context.Context, in flow.ConnectionRef) error {
	return forTemporal(a.pause(ctx, in))
}

func (a *Runs) pause(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	if conn.Status == lockstep.StatusLive {
		if err := a.Book.SetStatus(ctx, in.Workspace, in.Connection, lockstep.StatusPaused, "Paused by a person."); err != nil {
			return err
		}
	}
	runs, err := a.Book.OpenRuns(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	for _, run := range runs {
		err := a.Book.SetRunState(ctx, in.Workspace, run.ID, lockstep.RunPaused, "Paused by a person.", nil)
		if err != nil {
			return err
		}
	}
	return nil
}

// Resume sets a connection and its open runs going again: one that was paused,
// or that has been set up anew. On any other it does nothing.
func (a *Runs) Resume(ctx context.Context, in flow.ConnectionRef) error {
	return forTemporal(a.resume(ctx, in))
}

func (a *Runs) resume(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	switch conn.Status {
	case lockstep.StatusConnecting, lockstep.StatusReady, lockstep.StatusUnauthorized, lockstep.StatusError, lockstep.StatusDisconnected:
		return nil
	case lockstep.StatusSettingUp, lockstep.StatusPaused, lockstep.StatusLive:
	}
	if err := a.Book.SetStatus(ctx, in.Workspace, in.Connection, lockstep.StatusLive, ""); err != nil {
		return err
	}
	if _, err := a.Book.ResumeRuns(ctx, in.Workspace, in.Connection); err != nil {
		return err
	}
	open, err := a.Book.OpenRuns(ctx, in.Workspace, in.Connection) // those that an earlier attempt has set going too
	if err != nil {
		return err
	}
	for _, run := range open {
		if run.Kind != lockstep.RunImport {
			continue
		}
		if err := a.Workflows.Look(ctx, flow.ImportID(in.Connection)); err != nil {
			return err
		}
	}
	return nil
}

// reason returns what a person reads of a problem.
func reason(problem lockstep.Code) string {
	if problem == "" {
		return ""
	}
	p := lockstep.Explain(problem)
	return p.Meaning + " " + p.Fix
}
