package store

import (
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// The actors of the audit log.
const (
	ActorKey      = "api_key"
	ActorBrowser  = "browser"     // somebody who has signed in to a CRM
	ActorTemporal = "temporal-ui" // whoever can reach Temporal's Web UI
)

// AuditEntry is one change: who has made it, and of what. It holds no secret and
// no record's values. ID and At are the log's to give.
type AuditEntry struct {
	ID        int64
	At        time.Time
	Actor     string
	KeyID     *uuid.UUID // of an API key
	KeyName   string
	Role      lockstep.Role
	Action    string // such as "saveMapping"
	Target    string // such as "connection/<id>"
	Detail    string
	RequestID string
}

// RecordAudit adds an entry to the audit log of a workspace.
func (s *Store) RecordAudit(ctx context.Context, workspace uuid.UUID, e AuditEntry) error {
	return interpret("record_audit", recordAudit(ctx, s.q, workspace, e))
}

// recordAudit is RecordAudit in somebody's transaction.
func recordAudit(ctx context.Context, q *db.Queries, workspace uuid.UUID, e AuditEntry) error {
	return q.InsertAudit(ctx, db.InsertAuditParams{
		WorkspaceID: workspace, Actor: e.Actor, KeyID: e.KeyID, KeyName: e.KeyName, Role: string(e.Role),
		Action: e.Action, Target: e.Target, Detail: e.Detail, RequestID: e.RequestID,
	})
}

// AuditSignals adds what was signalled to a connection's supervisor past the
// API: the details of each, by the signal's name.
func (s *Store) AuditSignals(ctx context.Context, workspace, connection uuid.UUID, details map[string][]string) error {
	return interpret("audit_signals", s.inTx(ctx, func(q *db.Queries) error {
		for _, signal := range slices.Sorted(maps.Keys(details)) {
			for _, detail := range details[signal] {
				entry := AuditEntry{Actor: ActorTemporal, Action: signal, Target: "connection/" + connection.String(), Detail: detail}
				if err := recordAudit(ctx, q, workspace, entry); err != nil {
					return err
				}
			}
		}
		return nil
	}))
}

// Audit returns up to limit entries before the one with this id, newest first;
// before 0 starts with the newest. A target that is not empty narrows them.
func (s *Store) Audit(ctx context.Context, workspace uuid.UUID, target string, before int64, limit int) ([]AuditEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := s.q.Audit(ctx, db.AuditParams{
		WorkspaceID: workspace, Before: before, Target: orNil(target), PageSize: int32(limit), //nolint:gosec // a page
	})
	if err != nil {
		return nil, interpret("audit", err)
	}
	out := make([]AuditEntry, len(rows))
	for i, r := range rows {
		out[i] = AuditEntry{
			ID: r.ID, At: r.At, Actor: r.Actor, KeyID: r.KeyID, KeyName: r.KeyName, Role: lockstep.Role(r.Role),
			Action: r.Action, Target: r.Target, Detail: r.Detail, RequestID: r.RequestID,
		}
	}
	return out, nil
}
