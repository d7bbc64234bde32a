package rest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// Mappings has the mappings of the workspaces' connections and what was
// discovered of their CRMs.
type Mappings interface {
	Mapping(ctx context.Context, workspace, connection uuid.UUID, object crm.Object) (lockstep.Mapping, error)
	Schema(ctx context.Context, workspace, connection uuid.UUID, typ string) (fields []crm.Field, at time.Time, err error)

	// SaveMapping adds the version that follows m.Version, with m's rules, notes
	// that somebody has, and returns it with how many records are sent again for
	// it. It returns an Error of KindConflict when m.Version is not the newest.
	SaveMapping(ctx context.Context, workspace, connection uuid.UUID, m lockstep.Mapping, by AuditRow) (lockstep.Mapping, int64, error)
}

// headerETag names the version of what was answered.
const headerETag = "ETag"

// GetMapping implements StrictServerInterface.
func (s *Server) GetMapping(ctx context.Context, req GetMappingRequestObject) (GetMappingResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	m, fields, err := s.mapping(ctx, c, objectOf(req.Params.Object))
	if err != nil {
		return nil, err
	}
	return GetMapping200JSONResponse{Body: s.showMapping(c.Vendor, m, fields), Headers: GetMapping200ResponseHeaders{ETag: etag(m.Version)}}, nil
}

// ApproveMapping implements StrictServerInterface. The supervisor decides: a
// version that is not the newest comes back as a refusal.
func (s *Server) ApproveMapping(ctx context.Context, req ApproveMappingRequestObject) (ApproveMappingResponseObject, error) {
	out, err := s.asked(ctx, req.ConnectionID, func(c lockstep.Connection) error {
		return s.told().ApproveMapping(ctx, inputOf(c), flow.MappingReview{Version: req.Body.Version}, deref(req.Params.IdempotencyKey))
	})
	return ApproveMapping200JSONResponse(out), err
}

// DiscoverConnection implements StrictServerInterface.
func (s *Server) DiscoverConnection(ctx context.Context, req DiscoverConnectionRequestObject) (DiscoverConnectionResponseObject, error) {
	out, err := s.asked(ctx, req.ConnectionID, func(c lockstep.Connection) error {
		return s.told().Discover(ctx, inputOf(c), deref(req.Params.IdempotencyKey))
	})
	return DiscoverConnection200JSONResponse(out), err
}

// asked asks something of the supervisor of a connection that somebody is
// signed in to, and returns the connection as it is then.
func (s *Server) asked(ctx context.Context, id uuid.UUID, ask func(lockstep.Connection) error) (Connection, error) {
	c, err := s.connection(ctx, id)
	if err != nil {
		return Connection{}, err
	}
	switch c.Status {
	case lockstep.StatusConnecting, lockstep.StatusUnauthorized, lockstep.StatusDisconnected:
		return Connection{}, notReady(c)
	case lockstep.StatusSettingUp, lockstep.StatusReady, lockstep.StatusLive, lockstep.StatusPaused, lockstep.StatusError:
	}
	if err := ask(c); err != nil {
		return Connection{}, err
	}
	if c, err = s.connection(ctx, id); err != nil {
		return Connection{}, err
	}
	return s.show(ctx, c)
}

// GetSchema implements StrictServerInterface.
func (s *Server) GetSchema(ctx context.Context, req GetSchemaRequestObject) (GetSchemaResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	fields, at, err := s.Mappings.Schema(ctx, c.WorkspaceID, c.ID, req.Params.Type)
	if err != nil {
		return nil, err
	}
	out := GetSchema200JSONResponse{Type: req.Params.Type, DiscoveredAt: at, Fields: make([]SchemaField, len(fields))}
	for i, f := range fields {
		out.Fields[i] = SchemaField{
			Name: f.Name, Label: f.Label, Description: f.Description, Type: string(f.Type), Length: f.Length, Options: []Option{},
			Restricted: f.Restricted, Required: f.Required, Creatable: f.Creatable, Updatable: f.Updatable, Unique: f.Unique, Custom: f.Custom,
		}
		for _, o := range f.Options {
			out.Fields[i].Options = append(out.Fields[i].Options, Option{Value: o.Value, Label: o.Label, Active: o.Active})
		}
	}
	return out, nil
}

// objectOf returns the kind of record that a caller asks about: contacts, when
// nothing else is said.
func objectOf(o *Object) crm.Object {
	if o == nil {
		return crm.Contact
	}
	return crm.Object(*o)
}
