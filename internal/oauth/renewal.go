package oauth

import (
	"context"
	"time"

	"lockstep/internal/crm"
)

// renewTimeout bounds a renewal: waiting for another process to end its own,
// the call, and keeping what it brought, for which keepTimeout is set aside.
const (
	renewTimeout = 30 * time.Second
	keepTimeout  = 5 * time.Second
)

// renewal is one attempt to have a grant with another access token than stale.
type renewal struct {
	tokens *Tokens
	stale  string

	tried *Grant // the one whose refresh token was sent to the vendor
	fresh *Grant // what the vendor answered, kept or not
	vain  bool   // the vendor gave nothing, and the old one is used while it lasts
}

// run returns the grant to use from now on. Its errors are of type crm.Error.
func (r *renewal) run(ctx context.Context) (Grant, error) {
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()

	grant, err := r.update(ctx, r.renew)
	if r.fresh != nil && err != nil || r.tried != nil && crm.KindOf(err) == crm.KindUnauthorized {
		refusal := err
		grant, err = r.update(ctx, func(_ context.Context, current Grant) (Grant, error) {
			return r.lookAgain(current, refusal)
		})
	}
	if err != nil {
		return Grant{}, r.tokens.translate(err)
	}
	return grant, nil
}

func (r *renewal) update(ctx context.Context, next func(context.Context, Grant) (Grant, error)) (Grant, error) {
	var grant Grant
	err := r.tokens.clients.Grants.Update(ctx, r.tokens.workspace, r.tokens.connection, func(current Grant) (Grant, error) {
		var err error
		grant, err = next(ctx, current)
		return grant, err
	})
	return grant, err
}

// renew returns current when somebody has renewed it already, and else what
// the vendor gives for it.
func (r *renewal) renew(ctx context.Context, current Grant) (Grant, error) {
	now := time.Now()
	if !current.has(r.stale) && !current.expiring(now) {
		return current, nil
	}
	if end, ok := ctx.Deadline(); ok && end.Sub(now) < callTimeout+keepTimeout {
		// The lock took so long that what the vendor answers might not be kept.
		return Grant{}, &crm.Error{Kind: crm.KindUnavailable, Op: string(r.tokens.vendor) + ".refresh", Code: "busy"}
	}
	e, err := r.tokens.clients.Vendors.endpoint(r.tokens.vendor)
	if err != nil {
		return Grant{}, err
	}
	fresh, err := e.refresh(ctx, current)
	if err == nil {
		r.tried, r.fresh = &current, &fresh
		return fresh, nil
	}
	if crm.KindOf(err) != crm.KindUnauthorized && !current.has(r.stale) && !current.expired(now) {
		r.vain = true // it was to be renewed before its time; it has some left
		return current, nil
	}
	r.tried = &current
	return Grant{}, err
}

// lookAgain decides after a renewal whose end is in doubt: the vendor refused
// the refresh token, or what it answered could not be kept. A grant that has
// changed meanwhile wins: the lock was lost, and with it the race. A fresh one
// is kept at the second attempt, for the old refresh token may be dead by now.
// Otherwise the refusal is the truth.
func (r *renewal) lookAgain(current Grant, refusal error) (Grant, error) {
	switch {
	case !current.same(*r.tried):
		return current, nil
	case r.fresh != nil:
		return *r.fresh, nil
	}
	return Grant{}, refusal
}
