package rest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// Connections has the workspaces' connections. Those of other workspaces are
// not found.
type Connections interface {
	CreateConnection(ctx context.Context, c lockstep.Connection) error
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
	Connections(ctx context.Context, workspace uuid.UUID) ([]lockstep.Connection, error)

	// SetSettings changes a connection's settings.
	SetSettings(ctx context.Context, workspace, id uuid.UUID, change lockstep.Settings) error

	// Owners returns whom records can be given to, as last discovered: nobody,
	// when they were not or cannot be.
	Owners(ctx context.Context, workspace, id uuid.UUID) ([]crm.Owner, error)
}

// ListConnections implements StrictServerInterface.
func (s *Server) ListConnections(ctx context.Context, _ ListConnectionsRequestObject) (ListConnectionsResponseObject, error) {
	key, _ := callerOf(ctx)
	all, err := s.Connections.Connections(ctx, key.WorkspaceID)
	if err != nil {
		return nil, err
	}
	out := ListConnections200JSONResponse{Items: make([]Connection, len(all))}
	for i, c := range all {
		if out.Items[i], err = s.show(ctx, c); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// GetConnection implements StrictServerInterface.
func (s *Server) GetConnection(ctx context.Context, req GetConnectionRequestObject) (GetConnectionResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	out, err := s.show(ctx, c)
	return GetConnection200JSONResponse(out), err
}

// CreateConnection implements StrictServerInterface. The row comes first: a
// connection without a supervisor gets one with the next thing asked of it.
func (s *Server) CreateConnection(ctx context.Context, req CreateConnectionRequestObject) (CreateConnectionResponseObject, error) {
	key, _ := callerOf(ctx)
	vendor := crm.Vendor(req.Body.Vendor)
	facts, ok := s.Vendors[vendor]
	if !ok {
		return nil, &Error{Code: "vendor_unknown", Detail: fmt.Sprintf("%q is none of the CRMs that Lockstep has an app for: %s.", vendor, s.vendorNames())}
	}
	targets, err := facts.targets(req.Body.Targets)
	if err != nil {
		return nil, err
	}
	id, err := newID(ctx)
	if err != nil {
		return nil, err
	}
	err = s.Connections.CreateConnection(ctx, lockstep.Connection{ID: id, WorkspaceID: key.WorkspaceID, Vendor: vendor, Targets: targets})
	changing(ctx).row.Target = "connection/" + id.String()
	if err != nil && crm.KindOf(err) != crm.KindConflict { // which is an earlier attempt's of the same request
		return nil, err
	}
	changing(ctx).made = true // whatever comes of the link
	c, err := s.connection(ctx, id)
	if err != nil {
		return nil, err
	}
	link, err := s.beginSignIn(ctx, c)
	if err != nil {
		return nil, err
	}
	shown, err := s.show(ctx, c)
	if err != nil {
		return nil, err
	}
	return CreateConnection201JSONResponse{
		Headers: CreateConnection201ResponseHeaders{Location: "/v1/connections/" + id.String()},
		Body:    withLink(shown, link),
	}, nil
}

// vendorNames lists the vendors that can be connected.
func (s *Server) vendorNames() string {
	if len(s.Vendors) == 0 {
		return "it has none yet"
	}
	var names []string
	for _, v := range slices.Sorted(maps.Keys(s.Vendors)) {
		names = append(names, string(v))
	}
	return strings.Join(names, ", ")
}

// targets returns the types that a caller asked for, if the vendor has them.
func (v Vendor) targets(asked *Targets) (map[crm.Object]string, error) {
	out := make(map[crm.Object]string)
	if asked == nil {
		return out, nil
	}
	for object, typ := range *asked {
		types := v.Types[crm.Object(object)]
		if !slices.Contains(types, typ) {
			refusal := &Error{Code: "target_unknown", Detail: fmt.Sprintf("%s does not keep a %s as %q.", v.Label, object, typ)}
			if len(types) > 0 {
				refusal.Fix = "Choose one of: " + strings.Join(types, ", ") + "."
			}
			return nil, refusal
		}
		out[crm.Object(object)] = typ
	}
	return out, nil
}

// ChooseStartingPoint implements StrictServerInterface. The supervisor decides:
// what it does not allow comes back as a refusal.
func (s *Server) ChooseStartingPoint(ctx context.Context, req ChooseStartingPointRequestObject) (ChooseStartingPointResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	if c.Status == lockstep.StatusConnecting || c.Status == lockstep.StatusDisconnected {
		return nil, notReady(c)
	}
	choice := flow.Choice{StartingPoint: lockstep.StartingPoint(req.Body.Choice)}
	if choice.StartingPoint == lockstep.StartImport {
		if !c.Syncs(lockstep.SyncContacts) {
			return nil, switchedOff(c)
		}
		run, err := newID(ctx)
		if err != nil {
			return nil, err
		}
		choice.Import = &run
	}
	started, err := s.told().ChooseStartingPoint(ctx, inputOf(c), choice, deref(req.Params.IdempotencyKey))
	if err != nil {
		return nil, err
	}
	return ChooseStartingPoint200JSONResponse{StartingPoint: req.Body.Choice, RunID: started.Run}, nil
}

// connection returns a connection of the caller's workspace.
func (s *Server) connection(ctx context.Context, id uuid.UUID) (lockstep.Connection, error) {
	key, _ := callerOf(ctx)
	return s.Connections.Connection(ctx, key.WorkspaceID, id)
}

// inputOf names a connection to its supervisor.
func inputOf(c lockstep.Connection) flow.ConnectionInput {
	return flow.ConnectionInput{Workspace: c.WorkspaceID, Connection: c.ID, Vendor: c.Vendor}
}

// show returns c as callers see it, with the run that is open.
func (s *Server) show(ctx context.Context, c lockstep.Connection) (Connection, error) {
	out := Connection{
		ID: c.ID, Vendor: string(c.Vendor), Label: s.label(c.Vendor), Status: Status(c.Status), StatusReason: c.StatusReason, Paused: c.Paused,
		Targets: make(Targets, len(c.Targets)), SyncEverySeconds: int(c.SyncEvery.Seconds()), Syncs: switches(c),
		CreatedAt: c.CreatedAt, ConnectedAt: c.ConnectedAt, ProvenAt: c.ProvenAt, SyncedAt: c.SyncedAt,
		TemporalURL: s.Temporal.workflow(flow.ConnectionID(c.ID)),
	}
	for object, typ := range c.Targets {
		out.Targets[string(object)] = typ
	}
	if c.Account.ID != "" {
		out.Account = &Account{ID: c.Account.ID, Name: c.Account.Name, Environment: string(c.Account.Environment), Edition: c.Account.Edition}
	}
	if c.StartingPoint != lockstep.StartUndecided {
		choice := StartingPoint(c.StartingPoint)
		out.StartingPoint = &choice
	}
	if c.OwnerID != "" {
		out.OwnerID = &c.OwnerID
	}
	if c.Approved > 0 {
		out.ApprovedMappingVersion = &c.Approved
	}
	for _, step := range c.Checklist() {
		out.Checklist = append(out.Checklist, Step{ID: step.ID, Title: step.Title, Done: step.Done, Current: step.Current})
	}
	if missing, known := s.SignIns.MissingScopes(c); known {
		missing = append([]string{}, missing...)
		out.MissingScopes = &missing
	}
	dismissed, err := s.Guides.DismissedGuides(ctx, c.WorkspaceID)
	if err != nil {
		return Connection{}, err
	}
	out.GuideDismissed = slices.Contains(dismissed, c.ID)
	open, err := s.Runs.OpenRuns(ctx, c.WorkspaceID, c.ID)
	if err != nil {
		return Connection{}, err
	}
	if len(open) > 0 {
		run := s.showRun(foremost(open))
		out.CurrentRun = &run
	}
	return out, nil
}

// foremost returns the run that people follow, of those that are open: an
// import, else a retry, else the latest. Cycles and test contacts come and go
// beside them.
func foremost(open []lockstep.Run) lockstep.Run {
	for _, kind := range []lockstep.RunKind{lockstep.RunImport, lockstep.RunRetry} {
		if i := slices.IndexFunc(open, func(r lockstep.Run) bool { return r.Kind == kind }); i >= 0 {
			return open[i]
		}
	}
	return open[len(open)-1]
}

// label returns a CRM's name as people write it.
func (s *Server) label(v crm.Vendor) string { return cmp.Or(s.Vendors[v].Label, string(v)) }

// withLink returns c with where to sign in for it.
func withLink(c Connection, link Authorization) NewConnection {
	return NewConnection{
		ID: c.ID, Vendor: c.Vendor, Label: c.Label, Status: c.Status, StatusReason: c.StatusReason, Paused: c.Paused, Account: c.Account,
		Targets: c.Targets, StartingPoint: c.StartingPoint, OwnerID: c.OwnerID, SyncEverySeconds: c.SyncEverySeconds, Syncs: c.Syncs,
		ApprovedMappingVersion: c.ApprovedMappingVersion, Checklist: c.Checklist, GuideDismissed: c.GuideDismissed, MissingScopes: c.MissingScopes, CurrentRun: c.CurrentRun,
		CreatedAt: c.CreatedAt, ConnectedAt: c.ConnectedAt, ProvenAt: c.ProvenAt, SyncedAt: c.SyncedAt, TemporalURL: c.TemporalURL,
		AuthorizeURL: link.AuthorizeURL, ExpiresAt: link.ExpiresAt,
	}
}
