package main

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"lockstep/activities"
	"lockstep/internal/alert"
	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/secret"
	"lockstep/internal/store"
)

// alerts implements activities.Alerts with signed webhooks.
type alerts struct {
	rows    *store.Store
	keyring *secret.Keyring
	sender  *alert.Sender
}

var _ activities.Alerts = (*alerts)(nil)

// Raise implements activities.Alerts.
func (a *alerts) Raise(ctx context.Context, id uuid.UUID, conn lockstep.Connection, problem lockstep.Problem) error {
	target, err := a.rows.Alerts(ctx, conn.WorkspaceID)
	if crm.KindOf(err) == crm.KindNotFound { // nobody wants to be told
		return nil
	}
	if err != nil {
		return err
	}
	key, err := a.keyring.Open(target.SealedSecret, alert.AAD(conn.WorkspaceID))
	if err != nil {
		return &crm.Error{Kind: crm.KindInternal, Op: "alerts.open", Err: err}
	}
	return a.sender.Send(ctx, alert.Target{URL: target.URL, Secret: key}, alert.Event{
		ID: id, Type: "connection." + strings.ReplaceAll(string(conn.Status), "_", "-"), At: time.Now().UTC(),
		Workspace: conn.WorkspaceID, Connection: conn.ID, Vendor: string(conn.Vendor), Status: string(conn.Status),
		Reason: problem.Meaning, Fix: problem.Fix,
	})
}
