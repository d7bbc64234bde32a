package activities

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// ConnectionBook keeps the connections.
type ConnectionBook interface {
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
	SetStatus(ctx context.Context, workspace, id uuid.UUID, status lockstep.Status, reason string) error
	ChooseStartingPoint(ctx context.Context, workspace, id uuid.UUID, choice lockstep.StartingPoint) error
	PutSchema(ctx context.Context, workspace, connection uuid.UUID, typ string, fields []crm.Field) error
	Mapping(ctx context.Context, workspace, connection uuid.UUID, object crm.Object) (lockstep.Mapping, error)
	PutMapping(ctx context.Context, workspace, connection uuid.UUID, m lockstep.Mapping) error
	RecordEvent(ctx context.Context, workspace, connection uuid.UUID, what string, problem lockstep.Code, detail string) error
}

// Connections sets connections up and says where they stand.
type Connections struct {
	Book    ConnectionBook
	Opener  Opener
	Vendors map[crm.Vendor]Facts
}

// Stand returns what a supervisor has to know of its connection.
func (a *Connections) Stand(ctx context.Context, in flow.ConnectionRef) (flow.Standing, error) {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	return flow.Standing{Status: conn.Status, StartingPoint: conn.StartingPoint}, forTemporal(err)
}

// SetStatus says where a connection stands, and why when it is not good news.
func (a *Connections) SetStatus(ctx context.Context, in flow.StatusChange) error {
	err := a.Book.SetStatus(ctx, in.Workspace, in.Connection, in.Status, reason(in.Problem))
	if err == nil && in.Problem != "" {
		err = a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "connection_"+string(in.Status), in.Problem, "")
	}
	return forTemporal(err)
}

// Choose records the starting point and makes the connection live.
func (a *Connections) Choose(ctx context.Context, ref flow.ConnectionRef, choice flow.Choice) error {
	err := a.Book.ChooseStartingPoint(ctx, ref.Workspace, ref.Connection, choice.StartingPoint)
	if err == nil {
		err = a.Book.RecordEvent(ctx, ref.Workspace, ref.Connection, "starting_point_"+string(choice.StartingPoint), "", "")
	}
	return forTemporal(err)
}

// SetUp makes an authorised connection ready: it provisions the external-id
// field on every type that contacts may be kept under, discovers their fields,
// and maps what can be mapped without asking. Doing it again changes nothing
// that a person has chosen.
func (a *Connections) SetUp(ctx context.Context, in flow.ConnectionRef) error {
	return forTemporal(a.setUp(ctx, in))
}

func (a *Connections) setUp(ctx context.Context, in flow.ConnectionRef) error {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	connector, err := a.Opener.Open(ctx, in.Workspace, in.Connection)
	if err != nil {
		return err
	}
	schema, err := crm.As[crm.Schema](connector)
	if err != nil {
		return err
	}
	types := a.Vendors[conn.Vendor].Types[crm.Contact]
	for _, typ := range types {
		if err := schema.Provision(ctx, typ); err != nil {
			return err
		}
		fields, err := schema.Fields(ctx, typ)
		if err != nil {
			return err
		}
		if err := a.Book.PutSchema(ctx, in.Workspace, in.Connection, typ, fields); err != nil {
			return err
		}
		if typ == conn.Target(crm.Contact, types) {
			if err := a.mapDefaults(ctx, in, typ, fields); err != nil {
				return err
			}
		}
	}
	return a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "connection_set_up", "", "")
}

// mapDefaults adds the first version of the mapping, when there is none.
func (a *Connections) mapDefaults(ctx context.Context, in flow.ConnectionRef, typ string, fields []crm.Field) error {
	_, err := a.Book.Mapping(ctx, in.Workspace, in.Connection, crm.Contact)
	if crm.KindOf(err) != crm.KindNotFound {
		return err
	}
	err = a.Book.PutMapping(ctx, in.Workspace, in.Connection, lockstep.DefaultMapping(crm.Contact, typ, fields))
	if crm.KindOf(err) == crm.KindConflict { // an earlier attempt's
		return nil
	}
	return err
}
