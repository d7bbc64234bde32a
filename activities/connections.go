package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// ConnectionBook keeps the connections.
type ConnectionBook interface {
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
	SetStatus(ctx context.Context, workspace, id uuid.UUID, status lockstep.Status, reason string) error
	ChooseStartingPoint(ctx context.Context, workspace, id uuid.UUID, choice lockstep.StartingPoint, firstImport *uuid.UUID) error
	PutSchema(ctx context.Context, workspace, connection uuid.UUID, typ string, fields []crm.Field) error
	PutOwners(ctx context.Context, workspace, id uuid.UUID, owners []crm.Owner) error
	Mapping(ctx context.Context, workspace, connection uuid.UUID, object crm.Object) (lockstep.Mapping, error)
	PutMapping(ctx context.Context, workspace, connection uuid.UUID, m lockstep.Mapping) error
	ApproveMapping(ctx context.Context, workspace, id uuid.UUID, object crm.Object, version int64) error
	RecordEvent(ctx context.Context, workspace, connection uuid.UUID, what string, problem lockstep.Code, detail string) error
	AuditSignals(ctx context.Context, workspace, connection uuid.UUID, details map[string][]string) error
	Disconnect(ctx context.Context, workspace, id uuid.UUID, reason string) error
	Forget(ctx context.Context, workspace, id uuid.UUID, keepMapping bool) error
}

// Schedules keeps the Schedules of syncs. What is there already, or gone
// already, is success.
type Schedules interface {
	// Put makes the Schedule of a connection as it is to be: how often it fires,
	// and whether it does, with a note that says why not.
	Put(ctx context.Context, in flow.SyncInput, every time.Duration, paused bool, note string) error

	// Trigger starts a cycle now; while one runs, after it. It returns an Error of
	// KindNotFound when there is no Schedule.
	Trigger(ctx context.Context, connection uuid.UUID) error

	Delete(ctx context.Context, connection uuid.UUID) error
}

// Grants gives grants back.
type Grants interface {
	// Revoke tells the vendor that the grant of a connection is given back.
	Revoke(ctx context.Context, workspace, connection uuid.UUID) error
}

// Alerts tells whoever is responsible for a workspace that a connection needs
// them.
type Alerts interface {
	// Raise tells once, with an id that repetitions share. An Error of KindInvalid
	// says that repeating it is pointless.
	Raise(ctx context.Context, id uuid.UUID, conn lockstep.Connection, problem lockstep.Problem) error
}

// Connections sets connections up, says where they stand, and ends them.
type Connections struct {
	Book      ConnectionBook
	Opener    Opener
	Schedules Schedules
	Grants    Grants
	Alerts    Alerts
	Vendors   map[crm.Vendor]Facts
}

// Stand returns what a supervisor has to know of its connection.
func (a *Connections) Stand(ctx context.Context, in flow.ConnectionRef) (flow.Standing, error) {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	return flow.Standing{Status: conn.Status, StartingPoint: conn.StartingPoint, FirstImport: conn.FirstImport}, forTemporal(err)
}

// SetStatus says where a connection stands, and why when it is not good news;
// lets its Schedule follow, and tells whoever is responsible. To one that is
// disconnected it does nothing.
func (a *Connections) SetStatus(ctx context.Context, in flow.StatusChange) error {
	return forTemporal(a.setStatus(ctx, in))
}

func (a *Connections) setStatus(ctx context.Context, in flow.StatusChange) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	if in.Epoch != 0 && in.Epoch != conn.Epoch { // somebody has reconnected it since
		return nil
	}
	known := conn.Status == in.Status && conn.StatusReason == reason(in.Problem)
	err = a.Book.SetStatus(ctx, in.Workspace, in.Connection, in.Status, reason(in.Problem))
	if crm.KindOf(err) == crm.KindNotFound {
		return nil
	}
	if err == nil && in.Problem != "" && !known {
		err = a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "connection_"+string(in.Status), in.Problem, "")
	}
	if err == nil {
		err = a.arrange(ctx, in.ConnectionRef)
	}
	if err != nil || known || in.Status != lockstep.StatusUnauthorized && in.Status != lockstep.StatusError {
		return err
	}
	conn.Status = in.Status
	return a.raise(ctx, conn, in.Problem)
}

// raise tells whoever is responsible, trying a few times. That nobody could be
// told is in the activity log.
func (a *Connections) raise(ctx context.Context, conn lockstep.Connection, problem lockstep.Code) error {
	const (
		tries = 3
		pause = time.Second
	)
	id := uuid.Must(uuid.NewV7())
	var err error
	for try := range tries {
		if try > 0 {
			if err := rest(ctx, ctx, pause); err != nil {
				return err
			}
		}
		err = a.Alerts.Raise(ctx, id, conn, lockstep.Explain(problem))
		if err == nil || crm.KindOf(err) == crm.KindInvalid {
			break
		}
	}
	if err == nil {
		return nil
	}
	return a.Book.RecordEvent(ctx, conn.WorkspaceID, conn.ID, "alert_not_delivered", lockstep.CodeOf(crm.AsError(err)), "")
}

// Choose records the starting point and makes the connection live.
func (a *Connections) Choose(ctx context.Context, ref flow.ConnectionRef, choice flow.Choice) error {
	err := a.Book.ChooseStartingPoint(ctx, ref.Workspace, ref.Connection, choice.StartingPoint, choice.Import)
	if err == nil {
		err = a.Book.RecordEvent(ctx, ref.Workspace, ref.Connection, "starting_point_"+string(choice.StartingPoint), "", "")
	}
	if err == nil {
		err = a.arrange(ctx, ref)
	}
	return forTemporal(err)
}

// Arrange makes a connection's Schedule what its row asks for.
func (a *Connections) Arrange(ctx context.Context, in flow.ConnectionRef) error {
	return forTemporal(a.arrange(ctx, in))
}

func (a *Connections) arrange(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	return arrange(ctx, a.Schedules, conn)
}

// arrange makes the Schedule of conn what its status asks for: one that has a
// starting point syncs while it is live, and otherwise says why it does not.
func arrange(ctx context.Context, schedules Schedules, conn lockstep.Connection) error {
	if conn.StartingPoint == lockstep.StartUndecided || conn.Status == lockstep.StatusDisconnected {
		return schedules.Delete(ctx, conn.ID)
	}
	in := flow.SyncInput{ConnectionRef: flow.ConnectionRef{Workspace: conn.WorkspaceID, Connection: conn.ID}, Vendor: conn.Vendor}
	paused := conn.Status != lockstep.StatusLive
	note := ""
	if paused {
		note = "The connection is " + string(conn.Status) + ". " + conn.StatusReason
	}
	return schedules.Put(ctx, in, conn.SyncEvery, paused, note)
}

// SyncNow starts a cycle of a connection that is live and sends contacts; of any
// other it says in the activity log that it was asked for.
func (a *Connections) SyncNow(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	switch {
	case err != nil:
	case conn.Status != lockstep.StatusLive:
		return forTemporal(a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "sync_refused", lockstep.CodeNotLive, ""))
	case !conn.Syncs(lockstep.SyncContacts):
		return forTemporal(a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "sync_refused", lockstep.CodeSwitchedOff, ""))
	default:
		err = a.Schedules.Trigger(ctx, in.Connection)
	}
	if crm.KindOf(err) == crm.KindNotFound { // lost, and the reconciler has not come by yet
		if err = a.arrange(ctx, in); err == nil {
			err = a.Schedules.Trigger(ctx, in.Connection)
		}
	}
	return forTemporal(err)
}

// Note writes into the audit log what was signalled by whoever can reach
// Temporal. What they typed stands there only if it is the code of a problem.
func (a *Connections) Note(ctx context.Context, in flow.Heard) error {
	details := make(map[string][]string)
	for _, h := range in.Signals {
		var parts []string
		if lockstep.Known(h.Problem) {
			parts = append(parts, string(h.Problem))
		}
		if h.Times > 1 {
			parts = append(parts, fmt.Sprintf("%d times", h.Times))
		}
		details[h.Name] = append(details[h.Name], strings.Join(parts, ", "))
	}
	return forTemporal(a.Book.AuditSignals(ctx, in.Workspace, in.Connection, details))
}

// Approve notes that a person has looked at a version of the mapping. It fails
// with a failure of the problem's type when there is a newer one.
func (a *Connections) Approve(ctx context.Context, in flow.ConnectionRef, review flow.MappingReview) error {
	err := a.Book.ApproveMapping(ctx, in.Workspace, in.Connection, crm.Contact, review.Version)
	if err == nil {
		err = a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "mapping_approved", "", "")
	}
	return forTemporal(err)
}
