package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/store/db"
)

// AlertTarget is where a workspace wants to be told, and what it is signed with.
type AlertTarget struct {
	URL          string
	SealedSecret []byte
	UpdatedAt    time.Time
}

// PutAlerts says where a workspace wants to be told, and notes in the audit log
// that somebody has.
func (s *Store) PutAlerts(ctx context.Context, workspace uuid.UUID, target AlertTarget, by AuditEntry) error {
	return interpret("put_alerts", s.inTx(ctx, func(q *db.Queries) error {
		if err := q.PutAlerts(ctx, db.PutAlertsParams{WorkspaceID: workspace, URL: target.URL, SealedSecret: target.SealedSecret}); err != nil {
			return err
		}
		return recordAudit(ctx, q, workspace, by)
	}))
}

// Alerts returns where a workspace wants to be told, or an Error of KindNotFound
// when it does not.
func (s *Store) Alerts(ctx context.Context, workspace uuid.UUID) (AlertTarget, error) {
	row, err := s.q.Alerts(ctx, workspace)
	return AlertTarget{URL: row.URL, SealedSecret: row.SealedSecret, UpdatedAt: row.UpdatedAt}, interpret("alerts", err)
}

// DeleteAlerts makes sure that a workspace is not told any more, and notes in
// the audit log that somebody has. It returns an Error of KindNotFound when it
// was not told before.
func (s *Store) DeleteAlerts(ctx context.Context, workspace uuid.UUID, by AuditEntry) error {
	return s.inTx(ctx, func(q *db.Queries) error {
		n, err := q.DeleteAlerts(ctx, workspace)
		if err := found("delete_alerts", n, err); err != nil {
			return err
		}
		return interpret("delete_alerts", recordAudit(ctx, q, workspace, by))
	})
}
