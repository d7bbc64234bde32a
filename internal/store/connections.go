package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// CreateConnection adds a connection that waits to be authorised.
func (s *Store) CreateConnection(ctx context.Context, c lockstep.Connection) error {
	targets, err := json.Marshal(c.Targets)
	if err != nil {
		return fmt.Errorf("writing targets: %w", err)
	}
	return interpret("create_connection", s.q.InsertConnection(ctx, db.InsertConnectionParams{
		ID: c.ID, WorkspaceID: c.WorkspaceID, Vendor: string(c.Vendor), Targets: targets,
	}))
}

// Connection returns a connection of a workspace.
func (s *Store) Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error) {
	row, err := s.q.Connection(ctx, db.ConnectionParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return lockstep.Connection{}, interpret("connection", err)
	}
	return connection(row)
}

// Connections returns the connections of a workspace, oldest first.
func (s *Store) Connections(ctx context.Context, workspace uuid.UUID) ([]lockstep.Connection, error) {
	rows, err := s.q.Connections(ctx, workspace)
	if err != nil {
		return nil, interpret("connections", err)
	}
	out := make([]lockstep.Connection, len(rows))
	for i, row := range rows {
		if out[i], err = connection(db.ConnectionRow(row)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func connection(row db.ConnectionRow) (lockstep.Connection, error) {
	c := lockstep.Connection{
		ID: row.ID, WorkspaceID: row.WorkspaceID, WorkspaceKey: row.WorkspaceKey, Vendor: crm.Vendor(row.Vendor),
		Status: lockstep.Status(row.Status), StatusReason: row.StatusReason,
		Account: crm.Account{
			ID: orEmpty(row.AccountID), Name: row.AccountName, Environment: crm.Environment(row.Environment),
			Edition: row.Edition, UserID: row.AccountUser,
		},
		BaseURL: row.BaseURL, Epoch: row.Epoch, StartingPoint: lockstep.StartingPoint(row.StartingPoint),
		CreatedAt: row.CreatedAt, ConnectedAt: row.ConnectedAt,
	}
	if err := json.Unmarshal(row.Targets, &c.Targets); err != nil {
		return c, fmt.Errorf("reading targets of connection %s: %w", c.ID, err)
	}
	return c, nil
}

// SetStatus says where a connection stands, and why.
func (s *Store) SetStatus(ctx context.Context, workspace, id uuid.UUID, status lockstep.Status, reason string) error {
	n, err := s.q.SetConnectionStatus(ctx, db.SetConnectionStatusParams{
		WorkspaceID: workspace, ID: id, Status: string(status), Reason: reason,
	})
	return found("set_status", n, err)
}

// Authorize links a connection to the account that somebody has authorised it
// for, keeps the sealed grant, and raises the epoch; all or nothing. It returns
// an Error of KindConflict when the workspace has another connection to that
// account, and of KindNotFound when this one is at another epoch than the given
// one, or linked to another account: an account is never exchanged for another.
func (s *Store) Authorize(ctx context.Context, workspace, id uuid.UUID, epoch int64, account crm.Account, baseURL string, sealed []byte) error {
	return s.inTx(ctx, func(q *db.Queries) error {
		n, err := q.AuthorizeConnection(ctx, db.AuthorizeConnectionParams{
			WorkspaceID: workspace, ID: id, Epoch: epoch, AccountID: &account.ID, AccountName: account.Name,
			Environment: string(account.Environment), Edition: account.Edition, AccountUser: account.UserID, BaseURL: baseURL,
		})
		if err := found("authorize", n, err); err != nil {
			return err
		}
		return interpret("authorize", q.PutGrant(ctx, db.PutGrantParams{ConnectionID: id, WorkspaceID: workspace, Sealed: sealed}))
	})
}

// ChooseStartingPoint records the choice and makes the connection live. It
// returns an Error of KindNotFound when the connection is not set up yet.
func (s *Store) ChooseStartingPoint(ctx context.Context, workspace, id uuid.UUID, choice lockstep.StartingPoint) error {
	n, err := s.q.ChooseStartingPoint(ctx, db.ChooseStartingPointParams{WorkspaceID: workspace, ID: id, StartingPoint: string(choice)})
	return found("choose_starting_point", n, err)
}

// PutSchema keeps the fields that were discovered of a CRM type.
func (s *Store) PutSchema(ctx context.Context, workspace, connection uuid.UUID, typ string, fields []crm.Field) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("writing fields: %w", err)
	}
	return interpret("put_schema", s.q.PutSchema(ctx, db.PutSchemaParams{
		WorkspaceID: workspace, ConnectionID: connection, CRMType: typ, Fields: body,
	}))
}

// Schema returns the fields of a CRM type as they were last discovered.
func (s *Store) Schema(ctx context.Context, workspace, connection uuid.UUID, typ string) (fields []crm.Field, at time.Time, err error) {
	row, err := s.q.Schema(ctx, db.SchemaParams{WorkspaceID: workspace, ConnectionID: connection, CRMType: typ})
	if err != nil {
		return nil, time.Time{}, interpret("schema", err)
	}
	if err := json.Unmarshal(row.Fields, &fields); err != nil {
		return nil, time.Time{}, fmt.Errorf("reading fields: %w", err)
	}
	return fields, row.DiscoveredAt, nil
}

// Mapping returns the newest version of the mapping of an object.
func (s *Store) Mapping(ctx context.Context, workspace, connection uuid.UUID, object crm.Object) (lockstep.Mapping, error) {
	row, err := s.q.Mapping(ctx, db.MappingParams{WorkspaceID: workspace, ConnectionID: connection, Object: string(object)})
	if err != nil {
		return lockstep.Mapping{}, interpret("mapping", err)
	}
	m := lockstep.Mapping{Object: object, Type: row.CRMType, Version: row.Version}
	if err := json.Unmarshal(row.Rules, &m.Rules); err != nil {
		return m, fmt.Errorf("reading mapping rules: %w", err)
	}
	return m, nil
}

// PutMapping adds a version of a mapping. It returns an Error of KindConflict
// when that version is there already.
func (s *Store) PutMapping(ctx context.Context, workspace, connection uuid.UUID, m lockstep.Mapping) error {
	rules, err := json.Marshal(m.Rules)
	if err != nil {
		return fmt.Errorf("writing mapping rules: %w", err)
	}
	return interpret("put_mapping", s.q.InsertMapping(ctx, db.InsertMappingParams{
		WorkspaceID: workspace, ConnectionID: connection, Object: string(m.Object), CRMType: m.Type, Version: m.Version, Rules: rules,
	}))
}

// found turns an update that met no row into an Error of KindNotFound.
func found(op string, rows int64, err error) error {
	if err == nil && rows == 0 {
		return &crm.Error{Kind: crm.KindNotFound, Op: "store." + op}
	}
	return interpret(op, err)
}
