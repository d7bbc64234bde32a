package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"lockstep/api/rest"
	"lockstep/internal/connect"
	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

// How long finishing a sign-in may take in all, and giving back a grant that is
// not kept.
const (
	finishWithin = 45 * time.Second
	revokeWithin = 10 * time.Second
)

// connectionRows has the connections that grants are for.
type connectionRows interface {
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
	Authorize(ctx context.Context, workspace, id uuid.UUID, epoch int64, account crm.Account, baseURL string, sealed []byte) error
	RecordEvent(ctx context.Context, workspace, connection uuid.UUID, what string, problem lockstep.Code, detail string) error
	SetGrantedScopes(ctx context.Context, workspace, id uuid.UUID, scopes []string) error
	SetSignInReason(ctx context.Context, workspace, id uuid.UUID, reason string) error
}

// signIns implements rest.SignIns: the authorisation code flow, then the account
// is asked who it is, and only then the grant is kept.
type signIns struct {
	flow   *oauth.Flow
	vault  *oauth.Vault
	opener *connect.Opener
	rows   connectionRows
	log    *zap.Logger
}

var _ rest.SignIns = (*signIns)(nil)

// Start implements rest.SignIns.
func (s *signIns) Start(ctx context.Context, c lockstep.Connection) (rest.SignIn, error) {
	if c.Status == lockstep.StatusConnecting && c.StatusReason != "" { // of the try before
		if err := s.rows.SetSignInReason(ctx, c.WorkspaceID, c.ID, ""); err != nil {
			return rest.SignIn{}, err
		}
	}
	started, err := s.flow.Start(ctx, oauth.Request{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, Epoch: c.Epoch, Vendor: c.Vendor})
	if err != nil {
		return rest.SignIn{}, told(err)
	}
	return rest.SignIn{
		URL: started.URL, Cookie: started.Cookie, CookieValue: started.Browser.Reveal(), ExpiresAt: started.ExpiresAt,
	}, nil
}

// Finish implements rest.SignIns. Once the sign-in is consumed it goes on when
// the browser leaves: there is no second try.
func (s *signIns) Finish(ctx context.Context, cb rest.Callback) (lockstep.Connection, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	pending, grant, err := s.flow.Finish(ctx, oauth.Callback{
		State: cb.State, Code: secret.NewText(cb.Code), Error: cb.Error,
		Browser: secret.NewText(cb.Cookie(oauth.CookieName(cb.State))),
	})
	if err != nil {
		err = told(err)
		s.unfinished(ctx, pending, err)
		return lockstep.Connection{}, err
	}
	c, err := s.rows.Connection(ctx, pending.WorkspaceID, pending.ConnectionID)
	if err != nil {
		return lockstep.Connection{}, err
	}
	fresh := c
	fresh.BaseURL, fresh.Account = grant.BaseURL, crm.Account{} // not those of the grant before
	connector, err := s.opener.OpenWith(fresh, bearer{grant.AccessToken})
	if err != nil {
		return lockstep.Connection{}, err
	}
	if err := s.accept(ctx, c, pending.Epoch, grant, connector); err != nil {
		s.giveBack(ctx, c, grant, connector)
		s.unfinished(ctx, pending, err)
		return lockstep.Connection{}, err
	}
	if err := s.rows.RecordEvent(ctx, c.WorkspaceID, c.ID, "connection_authorized", "", ""); err != nil {
		s.log.Warn("recording a sign-in", zap.Stringer("connection", c.ID), zap.Error(err))
	}
	return s.rows.Connection(ctx, c.WorkspaceID, c.ID)
}

// unfinished leaves word of a sign-in that came to nothing where whoever waits
// for it looks: they may not be in front of the browser. A sign-in that nobody
// began belongs to no connection.
func (s *signIns) unfinished(ctx context.Context, p oauth.Pending, err error) {
	refusal, ok := errors.AsType[*rest.Error](err)
	if !ok || p.ConnectionID == uuid.Nil {
		return
	}
	ended := "ended with: " + cmp.Or(refusal.Title, lockstep.Explain(refusal.Code).Title) + "."
	err = s.rows.SetSignInReason(ctx, p.WorkspaceID, p.ConnectionID, "Nobody has signed in yet; the last try "+ended)
	told := refusal.Code == lockstep.CodeWrongAccount || refusal.Code == lockstep.CodeAccountInUse // by whoever refused
	if err == nil && !told {
		err = s.rows.RecordEvent(ctx, p.WorkspaceID, p.ConnectionID, "sign_in_failed", "", "A sign-in "+ended)
	}
	if err != nil {
		s.log.Warn("recording a sign-in", zap.Stringer("connection", p.ConnectionID), zap.Error(err))
	}
}

// accept keeps a grant for c if it is for the account that c is linked to, or
// for one that nobody is.
func (s *signIns) accept(ctx context.Context, c lockstep.Connection, epoch int64, grant oauth.Grant, connector crm.Connector) error {
	account, err := connector.Identify(ctx)
	if e, ok := errors.AsType[*crm.Error](err); ok {
		return s.unidentified(c, e)
	}
	if err != nil {
		return err
	}
	if c.Account.ID != "" && c.Account.ID != account.ID {
		return s.refuse(ctx, c, account, lockstep.CodeWrongAccount)
	}
	sealed, err := s.vault.Seal(c.WorkspaceID, c.ID, grant)
	if err != nil {
		return err
	}
	err = s.rows.Authorize(ctx, c.WorkspaceID, c.ID, epoch, account, grant.BaseURL, sealed)
	switch crm.KindOf(err) { //nolint:exhaustive // the others are failures of our own
	case crm.KindConflict:
		return s.refuse(ctx, c, account, lockstep.CodeAccountInUse)
	case crm.KindNotFound:
		return told(&oauth.Error{Code: oauth.CodeConnectionChanged, Vendor: c.Vendor})
	}
	if err != nil {
		return err
	}
	if err := s.rows.SetGrantedScopes(ctx, c.WorkspaceID, c.ID, grant.Scopes); err != nil { // the grant is kept all the same
		s.log.Warn("keeping the granted scopes", zap.Stringer("connection", c.ID), zap.Error(err))
	}
	return nil
}

// unidentified says why the CRM did not tell whose a login is. One that may not
// ask that may ask nothing: the account's edition or the user is without API.
func (s *signIns) unidentified(c lockstep.Connection, e *crm.Error) error {
	refusal := &rest.Error{Code: lockstep.CodeOf(e), Kind: e.Kind, Err: e}
	if e.Kind == crm.KindForbidden {
		label := s.flow.Vendors.Factories[c.Vendor].Label
		refusal.Title = "No access to " + label + "'s API"
		refusal.Detail = label + " does not let this login use its API: the account's edition has none, or the user may not use it."
		refusal.Fix = "Use an edition with API access, and sign in as an administrator or as a user who may use the API and change records and fields; then begin again."
	}
	return refusal
}

// refuse says that a login is for an account that c cannot be linked to, to the
// person and in the activity log.
func (s *signIns) refuse(ctx context.Context, c lockstep.Connection, account crm.Account, code lockstep.Code) error {
	detail := fmt.Sprintf("You signed in to %s.", account.Name)
	if code == lockstep.CodeWrongAccount {
		detail = fmt.Sprintf("You signed in to %s, but this connection is linked to %s.", account.Name, c.Account.Name)
	}
	if err := s.rows.RecordEvent(ctx, c.WorkspaceID, c.ID, "connection_refused", code, detail); err != nil {
		s.log.Warn("recording a sign-in", zap.Stringer("connection", c.ID), zap.Error(err))
	}
	return &rest.Error{Code: code, Kind: crm.KindConflict, Detail: detail + " " + lockstep.Explain(code).Meaning}
}

// MissingScopes implements rest.SignIns.
func (s *signIns) MissingScopes(c lockstep.Connection) (missing []string, known bool) {
	return oauth.Grant{Scopes: c.Scopes}.Lacks(s.flow.Vendors.Factories[c.Vendor].OAuth.Scopes), c.Scopes != nil
}

// giveBack withdraws a grant that is not kept, as far as the vendor lets us.
func (s *signIns) giveBack(ctx context.Context, c lockstep.Connection, grant oauth.Grant, connector crm.Connector) {
	revoker, err := crm.As[crm.Revoker](connector)
	if err != nil || grant.RefreshToken.Empty() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeWithin)
	defer cancel()
	if err := revoker.Revoke(ctx, grant.RefreshToken.Reveal()); err != nil {
		s.log.Warn("giving a grant back", zap.Stringer("connection", c.ID), zap.Error(err))
	}
}

// bearer is an adapter.TokenSource of one access token that nobody renews: a
// grant that is minutes old, and not kept yet.
type bearer struct{ token secret.Text }

// Token implements adapter.TokenSource.
func (b bearer) Token(_ context.Context, stale string) (string, error) {
	if stale != "" {
		return "", &crm.Error{Kind: crm.KindUnauthorized, Op: "oauth.callback", Code: "token_refused"}
	}
	return b.token.Reveal(), nil
}

// kinds say of each problem of connecting whose it is, and with it the status
// that tells it.
var kinds = map[oauth.Code]crm.Kind{
	oauth.CodeStateUnknown:        crm.KindInvalid,
	oauth.CodeStateExpired:        crm.KindInvalid,
	oauth.CodeStateReplayed:       crm.KindConflict,
	oauth.CodeWrongBrowser:        crm.KindForbidden,
	oauth.CodeConnectionChanged:   crm.KindConflict,
	oauth.CodeDenied:              crm.KindForbidden,
	oauth.CodeRedirectMismatch:    crm.KindInvalid,
	oauth.CodeAppRefused:          crm.KindInvalid,
	oauth.CodeAppBlocked:          crm.KindForbidden,
	oauth.CodeUserInactive:        crm.KindForbidden,
	oauth.CodeScopeRefused:        crm.KindInvalid,
	oauth.CodeRefused:             crm.KindInvalid,
	oauth.CodeCodeExpired:         crm.KindInvalid,
	oauth.CodeScopeMissing:        crm.KindInvalid,
	oauth.CodeRefreshTokenMissing: crm.KindInvalid,
	oauth.CodeForeignHost:         crm.KindInvalid,
	oauth.CodeUnavailable:         crm.KindUnavailable,
	oauth.CodeNotConfigured:       crm.KindUnsupported,
}

// told returns err as a person can be told of it, if it is a problem of
// connecting. Our own failures stay what they are.
func told(err error) error {
	problem, ok := errors.AsType[*oauth.Error](err)
	if !ok {
		return err
	}
	p := problem.Problem()
	r := &rest.Error{Code: lockstep.Code(p.Code), Kind: kinds[problem.Code], Title: p.Title, Detail: p.Meaning, Fix: p.Fix, Err: err}
	if problem.VendorCode != "" {
		r.Detail += " The CRM's own code is " + problem.VendorCode + "."
	}
	return r
}
