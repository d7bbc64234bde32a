package main

import (
	"context"

	"lockstep/internal/crm"
	"lockstep/internal/oauth"
	"lockstep/internal/store"
)

// signInRows keeps the sign-ins that somebody is in the middle of.
type signInRows interface {
	PutSignIn(ctx context.Context, state, browser []byte, in store.SignIn) error
	ConsumeSignIn(ctx context.Context, state, browser []byte) (store.SignIn, store.SignInFlaw, error)
}

// states implements oauth.States with the store.
type states struct{ rows signInRows }

var _ oauth.States = states{}

// Put implements oauth.States.
func (s states) Put(ctx context.Context, state, browser []byte, p oauth.Pending) error {
	return s.rows.PutSignIn(ctx, state, browser, store.SignIn(p))
}

// Consume implements oauth.States.
func (s states) Consume(ctx context.Context, state, browser []byte) (oauth.Pending, error) {
	in, flaw, err := s.rows.ConsumeSignIn(ctx, state, browser)
	if crm.KindOf(err) == crm.KindNotFound {
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeStateUnknown}
	}
	if err != nil {
		return oauth.Pending{}, err
	}
	switch flaw {
	case store.SignInOtherBrowser:
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeWrongBrowser, Vendor: in.Vendor}
	case store.SignInConsumed:
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeStateReplayed, Vendor: in.Vendor}
	case store.SignInExpired:
		return oauth.Pending{}, &oauth.Error{Code: oauth.CodeStateExpired, Vendor: in.Vendor}
	}
	return oauth.Pending(in), nil
}
