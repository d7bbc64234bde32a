package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/api/rest"
	"lockstep/internal/alert"
	"lockstep/internal/secret"
	"lockstep/internal/store"
)

// alertRows keeps where workspaces want to be told.
type alertRows interface {
	PutAlerts(ctx context.Context, workspace uuid.UUID, target store.AlertTarget, by store.AuditEntry) error
	Alerts(ctx context.Context, workspace uuid.UUID) (store.AlertTarget, error)
	DeleteAlerts(ctx context.Context, workspace uuid.UUID, by store.AuditEntry) error
}

// webhooks implements rest.Webhooks with the store.
type webhooks struct {
	rows    alertRows
	keyring *secret.Keyring
	guard   alert.Guard
}

var _ rest.Webhooks = webhooks{}

// CheckWebhook implements rest.Webhooks.
func (w webhooks) CheckWebhook(ctx context.Context, url string) error { return w.guard.Check(ctx, url) }

// SetWebhook implements rest.Webhooks.
func (w webhooks) SetWebhook(ctx context.Context, workspace uuid.UUID, url, secret string, by rest.AuditRow) error {
	sealed, err := w.keyring.Seal([]byte(secret), alert.AAD(workspace))
	if err != nil {
		return err
	}
	return w.rows.PutAlerts(ctx, workspace, store.AlertTarget{URL: url, SealedSecret: sealed}, store.AuditEntry(by))
}

// Webhook implements rest.Webhooks.
func (w webhooks) Webhook(ctx context.Context, workspace uuid.UUID) (url string, since time.Time, err error) {
	target, err := w.rows.Alerts(ctx, workspace)
	return target.URL, target.UpdatedAt, err
}

// DropWebhook implements rest.Webhooks.
func (w webhooks) DropWebhook(ctx context.Context, workspace uuid.UUID, by rest.AuditRow) error {
	return w.rows.DeleteAlerts(ctx, workspace, store.AuditEntry(by))
}
