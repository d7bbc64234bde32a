package oauth

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/singleflight"

	"lockstep/internal/crm"
)

// Clients hands out the access tokens of connections.
type Clients struct {
	Vendors *Vendors
	Grants  Grants
}

// For returns the access tokens of one connection. Keep it as long as the
// connection is used: it remembers the token between calls.
func (c *Clients) For(vendor crm.Vendor, workspace, connection uuid.UUID) *Tokens {
	return &Tokens{clients: c, vendor: vendor, workspace: workspace, connection: connection}
}

// Tokens is an adapter.TokenSource: the access tokens of one connection. It
// remembers the newest one and renews it when it was refused, or is about to
// expire. It is safe for concurrent use: in a process callers share one
// renewal, and across processes Grants lets through one at a time.
type Tokens struct {
	clients               *Clients
	vendor                crm.Vendor
	workspace, connection uuid.UUID

	flights singleflight.Group

	mu    sync.Mutex
	held  *Grant    // nil until the first was read
	spare time.Time // until when a held one is not renewed before its time
}

// sparing is how long nobody renews a token before its time after an attempt
// that brought nothing: every call would try again otherwise, and an endpoint
// that refuses for being asked too often would be asked by each.
const sparing = 10 * time.Second

// Token implements adapter.TokenSource. Its errors are the context's, or of type
// crm.Error: KindUnauthorized when a person has to reconnect, KindUnavailable or
// KindRateLimited when it is worth coming back.
//
// A renewal, once begun, goes on when ctx ends: the vendor may have replaced the
// refresh token already, and what is not kept then is lost.
func (t *Tokens) Token(ctx context.Context, stale string) (string, error) {
	if held := t.holding(time.Now()); held != nil && !held.has(stale) {
		return held.AccessToken.Reveal(), nil
	}
	flight := t.flights.DoChan(stale, func() (any, error) {
		return t.renew(context.WithoutCancel(ctx), stale)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case result := <-flight:
		if result.Err != nil {
			return "", result.Err
		}
		grant, _ := result.Val.(Grant)
		return grant.AccessToken.Reveal(), nil
	}
}

// renew returns a grant with another access token than stale and remembers it.
func (t *Tokens) renew(ctx context.Context, stale string) (Grant, error) {
	r := renewal{tokens: t, stale: stale}
	grant, err := r.run(ctx)
	if err != nil {
		return Grant{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held = &grant
	if r.vain {
		t.spare = time.Now().Add(sparing)
	}
	return grant, nil
}

// holding returns the grant that is remembered, unless it is time to renew it.
func (t *Tokens) holding(now time.Time) *Grant {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil || t.held.expired(now) || t.held.expiring(now) && !now.Before(t.spare) {
		return nil
	}
	return t.held
}

// translate makes of err what Token promises.
func (t *Tokens) translate(err error) error {
	op := string(t.vendor) + ".token"
	if problem, ok := errors.AsType[*Error](err); ok { // no app any more: an operator's to mend, not the customer's
		return &crm.Error{Kind: crm.KindUnavailable, Op: op, Code: string(problem.Code), Err: err}
	}
	e, ok := errors.AsType[*crm.Error](err)
	switch {
	case !ok && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)): // ours, not the caller's
		return &crm.Error{Kind: crm.KindUnavailable, Op: op, Err: err}
	case !ok:
		return &crm.Error{Kind: crm.KindInternal, Op: op, Err: err}
	case e.Kind == crm.KindNotFound: // disconnected meanwhile
		return &crm.Error{Kind: crm.KindUnauthorized, Reason: crm.ReasonGrant, Op: op, Code: "no_grant", Err: err}
	}
	return err
}
