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
		BaseURL: row.BaseURL, Epoch: row.Epoch, StartingPoint: lockstep.StartingPoint(row.StartingPoint), FirstImport: row.FirstImport, Scopes: row.GrantedScopes,
		Paused: row.Paused, OwnerID: row.OwnerID, SyncEvery: time.Duration(row.SyncSeconds) * time.Second, Approved: row.MappingApproved,
		CreatedAt: row.CreatedAt, ConnectedAt: row.ConnectedAt, ProvenAt: row.ProvenAt, SyncedAt: row.SyncedAt,
	}
	for _, what := range row.SwitchedOff {
		c.SwitchedOff = append(c.SwitchedOff, lockstep.Syncable(what))
	}
	if err := json.Unmarshal(row.Targets, &c.Targets); err != nil {
		return c, fmt.Errorf("reading targets of connection %s: %w", c.ID, err)
	}
	return c, nil
}

// AllConnections returns the connections of every workspace, for whoever has to
// see to it that each has what it needs.
func (s *Store) AllConnections(ctx context.Context) ([]lockstep.Connection, error) {
	rows, err := s.q.AllConnections(ctx)
	if err != nil {
		return nil, interpret("all_connections", err)
	}
	out := make([]lockstep.Connection, len(rows))
	for i, row := range rows {
		if out[i], err = connection(db.ConnectionRow(row)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SetStatus says where a connection stands, and why. One that is disconnected
// stays so, as an Error of KindNotFound says.
func (s *Store) SetStatus(ctx context.Context, workspace, id uuid.UUID, status lockstep.Status, reason string) error {
	n, err := s.q.SetConnectionStatus(ctx, db.SetConnectionStatusParams{
		WorkspaceID: workspace, ID: id, Status: string(status), Reason: reason,
	})
	return found("set_status", n, err)
}

// SetPaused notes that a person has paused the connection, or has ended that,
// and says where it stands.
func (s *Store) SetPaused(ctx context.Context, workspace, id uuid.UUID, paused bool, status lockstep.Status, reason string) error {
	n, err := s.q.SetPaused(ctx, db.SetPausedParams{
		Paused: paused, Status: string(status), Reason: reason, WorkspaceID: workspace, ID: id,
	})
	return found("set_paused", n, err)
}

// SetSettings changes a connection's settings.
func (s *Store) SetSettings(ctx context.Context, workspace, id uuid.UUID, change lockstep.Settings) error {
	params := db.SetSettingsParams{WorkspaceID: workspace, ID: id, OwnerID: change.OwnerID, SwitchedOn: []string{}, SwitchedOff: []string{}}
	if change.SyncEvery > 0 {
		whole := int32(change.SyncEvery / time.Second) //nolint:gosec // a day at most
		params.SyncSeconds = &whole
	}
	for what, on := range change.Switches {
		if on {
			params.SwitchedOn = append(params.SwitchedOn, string(what))
		} else {
			params.SwitchedOff = append(params.SwitchedOff, string(what))
		}
	}
	n, err := s.q.SetSettings(ctx, params)
	return found("set_settings", n, err)
}

// SetGrantedScopes keeps what a connection's login was granted, until somebody
// signs in anew.
func (s *Store) SetGrantedScopes(ctx context.Context, workspace, id uuid.UUID, scopes []string) error {
	n, err := s.q.SetGrantedScopes(ctx, db.SetGrantedScopesParams{WorkspaceID: workspace, ID: id, Scopes: append([]string{}, scopes...)})
	return found("set_granted_scopes", n, err)
}

// SetSignInReason says why nobody has signed in to a connection yet, or with an
// empty reason that somebody is trying.
func (s *Store) SetSignInReason(ctx context.Context, workspace, id uuid.UUID, reason string) error {
	return interpret("set_sign_in_reason", s.q.SetSignInReason(ctx, db.SetSignInReasonParams{WorkspaceID: workspace, ID: id, Reason: reason}))
}

// PutOwners keeps whom records can be given to.
func (s *Store) PutOwners(ctx context.Context, workspace, id uuid.UUID, owners []crm.Owner) error {
	body, err := json.Marshal(owners)
	if err != nil {
		return fmt.Errorf("writing owners: %w", err)
	}
	return interpret("put_owners", s.q.PutOwners(ctx, db.PutOwnersParams{Owners: body, WorkspaceID: workspace, ID: id}))
}

// Owners returns whom records can be given to, as last discovered.
func (s *Store) Owners(ctx context.Context, workspace, id uuid.UUID) ([]crm.Owner, error) {
	body, err := s.q.Owners(ctx, db.OwnersParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return nil, interpret("owners", err)
	}
	var owners []crm.Owner
	if err := json.Unmarshal(body, &owners); err != nil {
		return nil, fmt.Errorf("reading owners: %w", err)
	}
	return owners, nil
}

// ApproveMapping notes that a person has looked at a version of the mapping. It
// returns an Error of KindConflict when there is a newer one.
func (s *Store) ApproveMapping(ctx context.Context, workspace, id uuid.UUID, object crm.Object, version int64) error {
	n, err := s.q.ApproveMapping(ctx, db.ApproveMappingParams{Version: version, WorkspaceID: workspace, ID: id, Object: string(object)})
	if err == nil && n == 0 {
		return &crm.Error{Kind: crm.KindConflict, Op: "store.approve_mapping"}
	}
	return interpret("approve_mapping", err)
}

// Disconnect ends a connection: its epoch is raised, so that older writes
// refuse, its open runs give nothing out any more, and whoever connects it again
// chooses its starting point anew. Doing it again changes nothing.
func (s *Store) Disconnect(ctx context.Context, workspace, id uuid.UUID, reason string) error {
	return interpret("disconnect", s.inTx(ctx, func(q *db.Queries) error {
		_, err := q.DisconnectConnection(ctx, db.DisconnectConnectionParams{Reason: reason, WorkspaceID: workspace, ID: id})
		if err != nil {
			return err
		}
		return q.CancelRuns(ctx, db.CancelRunsParams{Reason: reason, WorkspaceID: workspace, ConnectionID: id})
	}))
}

// AbandonedGrants returns the disconnected connections of every workspace whose
// grant is still there, by their workspace.
func (s *Store) AbandonedGrants(ctx context.Context) (map[uuid.UUID]uuid.UUID, error) {
	rows, err := s.q.AbandonedGrants(ctx)
	if err != nil {
		return nil, interpret("abandoned_grants", err)
	}
	out := make(map[uuid.UUID]uuid.UUID, len(rows))
	for _, row := range rows {
		out[row.ID] = row.WorkspaceID
	}
	return out, nil
}

// Forget deletes the grant of a disconnected connection, and its mapping unless
// it is to be kept. Links stay: they are how a later connection knows what is there.
func (s *Store) Forget(ctx context.Context, workspace, id uuid.UUID, keepMapping bool) error {
	return interpret("forget", s.inTx(ctx, func(q *db.Queries) error {
		err := q.DeleteGrant(ctx, db.DeleteGrantParams{WorkspaceID: workspace, ConnectionID: id})
		if err != nil || keepMapping {
			return err
		}
		if err := q.DeleteMappings(ctx, db.DeleteMappingsParams{WorkspaceID: workspace, ConnectionID: id}); err != nil {
			return err
		}
		return q.ForgetMapping(ctx, db.ForgetMappingParams{WorkspaceID: workspace, ID: id})
	}))
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
// returns an Error of KindNotFound when the connection is not set up yet. The
// import that the choice begins is named here if it is to be begun whoever dies.
func (s *Store) ChooseStartingPoint(ctx context.Context, workspace, id uuid.UUID, choice lockstep.StartingPoint, firstImport *uuid.UUID) error {
	n, err := s.q.ChooseStartingPoint(ctx, db.ChooseStartingPointParams{
		WorkspaceID: workspace, ID: id, StartingPoint: string(choice), FirstImport: firstImport,
	})
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
