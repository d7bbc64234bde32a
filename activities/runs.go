package activities

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// RunBook keeps the runs.
type RunBook interface {
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
	SetPaused(ctx context.Context, workspace, id uuid.UUID, paused bool, status lockstep.Status, reason string) error
	BeginRun(ctx context.Context, run lockstep.Run, object crm.Object, force bool) (lockstep.Run, error)
	BeginRetry(ctx context.Context, run lockstep.Run, problem lockstep.Code) (lockstep.Run, error)
	RecordEvent(ctx context.Context, workspace, connection uuid.UUID, what string, problem lockstep.Code, detail string) error
	ReleaseRun(ctx context.Context, run lockstep.Run, reason string) (lockstep.Run, error)
	Unpark(ctx context.Context, workspace, connection uuid.UUID) error
	AllConnections(ctx context.Context) ([]lockstep.Connection, error)
	AllOpenRuns(ctx context.Context) ([]lockstep.OpenRun, error)
	AbandonedGrants(ctx context.Context) (workspaces map[uuid.UUID]uuid.UUID, err error)
	UnbegunImports(ctx context.Context) ([]lockstep.OpenRun, error)
	Run(ctx context.Context, workspace, id uuid.UUID) (lockstep.Run, error)
	OpenRuns(ctx context.Context, workspace, connection uuid.UUID) ([]lockstep.Run, error)
	SetRunState(ctx context.Context, workspace, id uuid.UUID, state lockstep.RunState, reason string, until *time.Time) error
	ResumeRuns(ctx context.Context, workspace, connection uuid.UUID) ([]lockstep.Run, error)
	FinishRun(ctx context.Context, run lockstep.Run, state lockstep.RunState, reason string) (lockstep.Run, error)
}

// Workflows starts and wakes workflows. Starting one that is there already,
// and waking one that is not, is success.
type Workflows interface {
	StartSupervisor(ctx context.Context, in flow.ConnectionInput) error
	WakeSupervisor(ctx context.Context, connection uuid.UUID) error
	StartImport(ctx context.Context, in flow.RunInput) error
	StartRetry(ctx context.Context, in flow.RunInput) error
	Look(ctx context.Context, workflowID string) error
}

// Runs begins, moves and ends runs.
type Runs struct {
	Book      RunBook
	Workflows Workflows
	Schedules Schedules
	Estate    Estate
	Logins    Logins
}

// Logins forgets the logins of connections that are disconnected.
type Logins interface {
	Forget(ctx context.Context, in flow.ConnectionRef, how flow.Disconnection) error
}

// StartImport marks every record pending and starts the workflow that drains
// them. Asking again with the same run id changes nothing; asking while another
// import is open starts nothing, and says so by naming no run.
func (a *Runs) StartImport(ctx context.Context, in flow.StartRun) (flow.Started, error) {
	started, err := a.startImport(ctx, in)
	return started, forTemporal(err)
}

func (a *Runs) startImport(ctx context.Context, in flow.StartRun) (flow.Started, error) {
	_, err := a.Book.Run(ctx, in.Workspace, in.Run)
	if crm.KindOf(err) == crm.KindNotFound {
		err = a.begin(ctx, in)
	}
	if crm.KindOf(err) == crm.KindConflict { // another import is open, or somebody else has begun this one
		_, err = a.Book.Run(ctx, in.Workspace, in.Run)
		if crm.KindOf(err) == crm.KindNotFound {
			return flow.Started{}, nil
		}
	}
	if err != nil {
		return flow.Started{}, err
	}
	err = a.Workflows.StartImport(ctx, flow.RunInput{ConnectionRef: in.ConnectionRef, Vendor: in.Vendor, Run: in.Run})
	return flow.Started{Run: &in.Run}, err
}

// begin adds the run. It asks the CRM nothing: what that has is found out when
// the run is drained.
func (a *Runs) begin(ctx context.Context, in flow.StartRun) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	if problem := inTheWay(conn); problem != "" {
		err := a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "resync_refused", problem, "")
		return errors.Join(err, &crm.Error{Kind: crm.KindConflict, Op: "runs.begin"})
	}
	_, err = a.Book.BeginRun(ctx, lockstep.Run{
		ID: in.Run, WorkspaceID: in.Workspace, ConnectionID: in.Connection, Kind: lockstep.RunImport, LinkUp: lockstep.LinkUpList,
	}, crm.Contact, in.Force)
	return err
}

// inTheWay returns the problem that keeps a connection from beginning a run, if
// there is one.
func inTheWay(conn lockstep.Connection) lockstep.Code {
	switch {
	case conn.StartingPoint == lockstep.StartUndecided:
		return lockstep.CodeNotLive
	case !conn.Syncs(lockstep.SyncContacts):
		return lockstep.CodeSwitchedOff
	}
	return ""
}

// Move sets the state of an open run.
func (a *Runs) Move(ctx context.Context, in flow.RunChange) error {
	var until *time.Time
	if !in.Until.IsZero() {
		until = &in.Until
	}
	return forTemporal(a.Book.SetRunState(ctx, in.Workspace, in.Run, in.State, reason(in.Problem), until))
}

// StartRetry marks what has failed, all of it or one problem, and starts the
// workflow that drains it, or lets the one that is open go on with more. It
// names no run when nothing has failed.
func (a *Runs) StartRetry(ctx context.Context, in flow.StartRun) (flow.Started, error) {
	started, err := a.startRetry(ctx, in)
	return started, forTemporal(err)
}

func (a *Runs) startRetry(ctx context.Context, in flow.StartRun) (flow.Started, error) {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return flow.Started{}, err
	}
	if problem := inTheWay(conn); problem != "" {
		return flow.Started{}, a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "retry_refused", problem, "")
	}
	run, err := a.Book.BeginRetry(ctx, lockstep.Run{
		ID: in.Run, WorkspaceID: in.Workspace, ConnectionID: in.Connection, Kind: lockstep.RunRetry, LinkUp: lockstep.LinkUpKeys,
	}, in.Problem)
	if crm.KindOf(err) == crm.KindNotFound {
		return flow.Started{}, a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "retry_found_nothing", in.Problem, "")
	}
	if err != nil {
		return flow.Started{}, err
	}
	err = a.Workflows.StartRetry(ctx, flow.RunInput{ConnectionRef: in.ConnectionRef, Vendor: in.Vendor, Run: run.ID})
	if err == nil && run.ID != in.Run { // it may be waiting for something: there is more to do than it knew
		err = a.Workflows.Look(ctx, flow.RetryID(in.Connection))
	}
	return flow.Started{Run: &run.ID}, err
}

// Finish ends a run and returns its final counts, or that more was marked for
// it meanwhile. Ending it again changes nothing.
func (a *Runs) Finish(ctx context.Context, in flow.RunChange) (flow.Ended, error) {
	run := lockstep.Run{ID: in.Run, WorkspaceID: in.Workspace, ConnectionID: in.Connection}
	ended, err := a.Book.FinishRun(ctx, run, in.State, reason(in.Problem))
	if crm.KindOf(err) == crm.KindConflict {
		return flow.Ended{Open: true}, nil
	}
	return flow.Ended{Counts: ended.Counts}, forTemporal(err)
}

// paused is what is read of what a person has paused.
const paused = "Paused by a person."

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
	status, why := conn.Status, conn.StatusReason // one that waits for a login says so, and is paused once it has it
	if status == lockstep.StatusLive {
		status, why = lockstep.StatusPaused, paused
	}
	err = a.Book.SetPaused(ctx, in.Workspace, in.Connection, true, status, why)
	if crm.KindOf(err) == crm.KindNotFound { // it is disconnected
		return nil
	}
	if err == nil && !conn.Paused {
		err = a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "connection_paused", "", "")
	}
	if err != nil {
		return err
	}
	runs, err := a.Book.OpenRuns(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := a.Book.SetRunState(ctx, in.Workspace, run.ID, lockstep.RunPaused, paused, nil); err != nil {
			return err
		}
	}
	return a.arrange(ctx, in)
}

// Resume sets a connection and its open runs going again that a person has
// paused, or that wait. One that waits for a login is no longer paused once it
// has it; on any other it does nothing.
func (a *Runs) Resume(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	switch {
	case err != nil || conn.Status == lockstep.StatusDisconnected:
	case conn.Status == lockstep.StatusLive || conn.Status == lockstep.StatusPaused:
		if conn.Paused {
			err = a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "connection_resumed", "", "")
		}
		if err == nil {
			err = a.resume(ctx, in)
		}
	case conn.Paused:
		err = a.Book.SetPaused(ctx, in.Workspace, in.Connection, false, conn.Status, conn.StatusReason)
	}
	return forTemporal(err)
}

// GoOn sets a connection that was set up anew going again, with its open runs.
// What a person has paused stays paused.
func (a *Runs) GoOn(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	goes := []lockstep.Status{lockstep.StatusSettingUp, lockstep.StatusError, lockstep.StatusLive}
	switch {
	case err != nil || !slices.Contains(goes, conn.Status):
	case conn.Paused:
		err = a.Book.SetPaused(ctx, in.Workspace, in.Connection, true, lockstep.StatusPaused, paused)
		if err == nil {
			err = a.arrange(ctx, in)
		}
	default:
		err = a.resume(ctx, in)
	}
	return forTemporal(err)
}

func (a *Runs) resume(ctx context.Context, in flow.ConnectionRef) error {
	if err := a.Book.SetPaused(ctx, in.Workspace, in.Connection, false, lockstep.StatusLive, ""); err != nil {
		return err
	}
	if err := a.Book.Unpark(ctx, in.Workspace, in.Connection); err != nil { // a person may have bought more
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
		if err := a.wake(ctx, run); err != nil {
			return err
		}
	}
	if err := a.arrange(ctx, in); err != nil {
		return err
	}
	err = a.Schedules.Trigger(ctx, in.Connection) // what has changed meanwhile has waited long enough
	if crm.KindOf(err) == crm.KindNotFound {      // there is none before the starting point is chosen
		err = nil
	}
	return err
}

func (a *Runs) arrange(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	return arrange(ctx, a.Schedules, conn)
}

// reason returns what a person reads of a problem.
func reason(problem lockstep.Code) string {
	if problem == "" {
		return ""
	}
	p := lockstep.Explain(problem)
	return p.Meaning + " " + p.Fix
}
