package rest

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
)

// Webhooks has where the workspaces want to be told.
type Webhooks interface {
	// CheckWebhook returns an Error of KindInvalid, with the reason in its message,
	// for an address that nothing is sent to.
	CheckWebhook(ctx context.Context, url string) error

	// SetWebhook keeps where a workspace is told and the secret it is signed with,
	// and notes that somebody has. The secret is sealed.
	SetWebhook(ctx context.Context, workspace uuid.UUID, url, secret string, by AuditRow) error

	// Webhook returns where a workspace is told and since when, and DropWebhook ends
	// that; or an Error of KindNotFound.
	Webhook(ctx context.Context, workspace uuid.UUID) (url string, since time.Time, err error)
	DropWebhook(ctx context.Context, workspace uuid.UUID, by AuditRow) error
}

// GetAlerts implements StrictServerInterface.
func (s *Server) GetAlerts(ctx context.Context, _ GetAlertsRequestObject) (GetAlertsResponseObject, error) {
	key, _ := callerOf(ctx)
	url, since, err := s.Webhooks.Webhook(ctx, key.WorkspaceID)
	return GetAlerts200JSONResponse{URL: url, UpdatedAt: since}, err
}

// SetAlerts implements StrictServerInterface.
func (s *Server) SetAlerts(ctx context.Context, req SetAlertsRequestObject) (SetAlertsResponseObject, error) {
	key, _ := callerOf(ctx)
	if err := s.Webhooks.CheckWebhook(ctx, req.Body.URL); err != nil {
		if e, ok := errors.AsType[*crm.Error](err); ok && e.Kind == crm.KindInvalid {
			return nil, &Error{Code: "alert_url_invalid", Detail: "Alerts cannot be sent to that address: " + sentence(e.Message), Err: err}
		}
		return nil, err
	}
	secret := rand.Text() + rand.Text()
	if err := s.Webhooks.SetWebhook(ctx, key.WorkspaceID, req.Body.URL, secret, changing(ctx).noted()); err != nil {
		return nil, err
	}
	return SetAlerts200JSONResponse{URL: req.Body.URL, Secret: secret}, nil
}

// StopAlerts implements StrictServerInterface.
func (s *Server) StopAlerts(ctx context.Context, _ StopAlertsRequestObject) (StopAlertsResponseObject, error) {
	key, _ := callerOf(ctx)
	err := s.Webhooks.DropWebhook(ctx, key.WorkspaceID, changing(ctx).noted())
	return StopAlerts204Response{}, err
}
