package rest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// rows is the store as the API knows it, as the API is wired.
type rows struct{ *store.Store }

func (r rows) BeginRequest(ctx context.Context, in Request, hold, keep time.Duration) (Request, error) {
	got, err := r.Store.BeginRequest(ctx, store.Request(in), hold, keep)
	return Request(got), err
}

func (r rows) HoldRequest(ctx context.Context, in Request, hold time.Duration) error {
	return r.Store.HoldRequest(ctx, store.Request(in), hold)
}

func (r rows) EndRequest(ctx context.Context, in Request) error {
	return r.Store.EndRequest(ctx, store.Request(in))
}

func (r rows) RecordAudit(ctx context.Context, workspace uuid.UUID, e AuditRow) error {
	return r.Store.RecordAudit(ctx, workspace, store.AuditEntry(e))
}

func (r rows) Audit(ctx context.Context, workspace uuid.UUID, target string, before int64, limit int) ([]AuditRow, error) {
	entries, err := r.Store.Audit(ctx, workspace, target, before, limit)
	out := make([]AuditRow, len(entries))
	for i, e := range entries {
		out[i] = AuditRow(e)
	}
	return out, err
}

func (r rows) SaveMapping(ctx context.Context, workspace, connection uuid.UUID, m lockstep.Mapping, by AuditRow) (lockstep.Mapping, int64, error) {
	return r.Store.SaveMapping(ctx, workspace, connection, m, store.AuditEntry(by))
}

func (r rows) IssueKey(ctx context.Context, key lockstep.APIKey, secret string, by AuditRow) error {
	return r.Store.IssueKey(ctx, key, secret, store.AuditEntry(by))
}

func (r rows) IssuedKeys(ctx context.Context, workspace uuid.UUID) ([]IssuedKey, error) {
	keys, err := r.Store.IssuedKeys(ctx, workspace)
	out := make([]IssuedKey, len(keys))
	for i, k := range keys {
		out[i] = IssuedKey(k)
	}
	return out, err
}

func (r rows) RevokeKey(ctx context.Context, workspace, id uuid.UUID, by AuditRow) error {
	return r.Store.RevokeKey(ctx, workspace, id, store.AuditEntry(by))
}

func (r rows) Standing(ctx context.Context, workspace, connection uuid.UUID, since time.Time) (Standing, error) {
	got, err := r.Store.Standing(ctx, workspace, connection, since)
	return Standing(got), err
}

func (r rows) Afflictions(ctx context.Context, workspace, connection uuid.UUID) ([]Affliction, error) {
	got, err := r.Store.Afflictions(ctx, workspace, connection)
	out := make([]Affliction, len(got))
	for i, a := range got {
		out[i] = Affliction(a)
	}
	return out, err
}

func (r rows) SyncLog(ctx context.Context, workspace, connection uuid.UUID, filter LogFilter, before int64, limit int) ([]lockstep.Event, error) {
	return r.Store.SyncLog(ctx, workspace, connection, store.LogFilter(filter), before, limit)
}

func (r rows) SetGuideDismissed(ctx context.Context, workspace, connection uuid.UUID, dismissed bool, by AuditRow) error {
	return r.Store.SetGuideDismissed(ctx, workspace, connection, dismissed, store.AuditEntry(by))
}
