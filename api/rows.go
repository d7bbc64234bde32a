package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/api/rest"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// rows is the store as the API knows it: package rest may not import the store,
// so that what both have a name for is converted here.
type rows struct{ *store.Store }

var (
	_ rest.Requests   = rows{}
	_ rest.Audits     = rows{}
	_ rest.Mappings   = rows{}
	_ rest.IssuedKeys = rows{}
	_ rest.Standings  = rows{}
	_ rest.Events     = rows{}
	_ rest.Guides     = rows{}
)

// BeginRequest implements rest.Requests.
func (r rows) BeginRequest(ctx context.Context, in rest.Request, hold, keep time.Duration) (rest.Request, error) {
	got, err := r.Store.BeginRequest(ctx, store.Request(in), hold, keep)
	return rest.Request(got), err
}

// HoldRequest implements rest.Requests.
func (r rows) HoldRequest(ctx context.Context, in rest.Request, hold time.Duration) error {
	return r.Store.HoldRequest(ctx, store.Request(in), hold)
}

// EndRequest implements rest.Requests.
func (r rows) EndRequest(ctx context.Context, in rest.Request) error {
	return r.Store.EndRequest(ctx, store.Request(in))
}

// RecordAudit implements rest.Audits.
func (r rows) RecordAudit(ctx context.Context, workspace uuid.UUID, e rest.AuditRow) error {
	return r.Store.RecordAudit(ctx, workspace, store.AuditEntry(e))
}

// Audit implements rest.Audits.
func (r rows) Audit(ctx context.Context, workspace uuid.UUID, target string, before int64, limit int) ([]rest.AuditRow, error) {
	entries, err := r.Store.Audit(ctx, workspace, target, before, limit)
	out := make([]rest.AuditRow, len(entries))
	for i, e := range entries {
		out[i] = rest.AuditRow(e)
	}
	return out, err
}

// SaveMapping implements rest.Mappings.
func (r rows) SaveMapping(ctx context.Context, workspace, connection uuid.UUID, m lockstep.Mapping, by rest.AuditRow) (lockstep.Mapping, int64, error) {
	return r.Store.SaveMapping(ctx, workspace, connection, m, store.AuditEntry(by))
}

// IssueKey implements rest.IssuedKeys.
func (r rows) IssueKey(ctx context.Context, key lockstep.APIKey, secret string, by rest.AuditRow) error {
	return r.Store.IssueKey(ctx, key, secret, store.AuditEntry(by))
}

// IssuedKeys implements rest.IssuedKeys.
func (r rows) IssuedKeys(ctx context.Context, workspace uuid.UUID) ([]rest.IssuedKey, error) {
	keys, err := r.Store.IssuedKeys(ctx, workspace)
	out := make([]rest.IssuedKey, len(keys))
	for i, k := range keys {
		out[i] = rest.IssuedKey(k)
	}
	return out, err
}

// RevokeKey implements rest.IssuedKeys.
func (r rows) RevokeKey(ctx context.Context, workspace, id uuid.UUID, by rest.AuditRow) error {
	return r.Store.RevokeKey(ctx, workspace, id, store.AuditEntry(by))
}

// Standing implements rest.Standings.
func (r rows) Standing(ctx context.Context, workspace, connection uuid.UUID, since time.Time) (rest.Standing, error) {
	got, err := r.Store.Standing(ctx, workspace, connection, since)
	return rest.Standing(got), err
}

// Afflictions implements rest.Standings.
func (r rows) Afflictions(ctx context.Context, workspace, connection uuid.UUID) ([]rest.Affliction, error) {
	got, err := r.Store.Afflictions(ctx, workspace, connection)
	out := make([]rest.Affliction, len(got))
	for i, a := range got {
		out[i] = rest.Affliction(a)
	}
	return out, err
}

// SyncLog implements rest.Events.
func (r rows) SyncLog(ctx context.Context, workspace, connection uuid.UUID, filter rest.LogFilter, before int64, limit int) ([]lockstep.Event, error) {
	return r.Store.SyncLog(ctx, workspace, connection, store.LogFilter(filter), before, limit)
}

// SetGuideDismissed implements rest.Guides.
func (r rows) SetGuideDismissed(ctx context.Context, workspace, connection uuid.UUID, dismissed bool, by rest.AuditRow) error {
	return r.Store.SetGuideDismissed(ctx, workspace, connection, dismissed, store.AuditEntry(by))
}
