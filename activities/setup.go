package activities

import (
	"context"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// SetUp makes an authorised connection ready: it provisions the external-id
// field on every type that contacts may be kept under, discovers their fields
// and who records can be given to, and maps what can be mapped without asking. Doing it again changes nothing
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
	if err := a.discoverOwners(ctx, in, connector); err != nil {
		return err
	}
	return a.Book.RecordEvent(ctx, in.Workspace, in.Connection, "connection_set_up", "", "")
}

// discoverOwners keeps whom records can be given to. A login that may not list
// them only has no choice of owner.
func (a *Connections) discoverOwners(ctx context.Context, in flow.ConnectionRef, connector crm.Connector) error {
	directory, err := crm.As[crm.Directory](connector)
	if err != nil {
		return nil //nolint:nilerr // not every vendor has one
	}
	owners, err := directory.Owners(ctx)
	switch kind := crm.KindOf(err); {
	case kind == crm.KindForbidden || kind == crm.KindUnsupported || kind == crm.KindInvalid:
		owners = nil
	case err != nil:
		return err
	}
	return a.Book.PutOwners(ctx, in.Workspace, in.Connection, owners)
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
