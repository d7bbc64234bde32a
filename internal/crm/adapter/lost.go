package adapter

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"lockstep/internal/crm"
)

// LostWrite says what it means that a call which changes something brought no
// readable answer: a crm.Error of KindUnavailable when the call was never sent,
// of KindUnknown when it may have been. An error that a transport of the chain
// returned as a crm.Error is passed on, and so is the end of ctx, which says
// nothing about whether the call was applied.
func LostWrite(ctx context.Context, op string, err error) error {
	return lost(ctx, op, crm.KindUnknown, err)
}

// LostRead is LostWrite for a call that changes nothing: whatever became of it,
// it can be made again.
func LostRead(ctx context.Context, op string, err error) error {
	return lost(ctx, op, crm.KindUnavailable, err)
}

func lost(ctx context.Context, op string, sent crm.Kind, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("%s: %w", op, cause)
	}
	// A url.Error prints the URL, and a query holds what is asked for.
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	kind := sent
	if neverSent(err) {
		kind = crm.KindUnavailable
	}
	if e, ok := errors.AsType[*crm.Error](err); ok {
		if e.Kind != crm.KindUnknown {
			return e
		}
		// Its own call is in doubt, a token's refresh say; ours is not.
		known := *e
		known.Kind = kind
		return &known
	}
	return &crm.Error{Kind: kind, Op: op, Err: err}
}

// neverSent tells whether err proves that its call did not leave. Without the
// chain's word for it, only an error of dialling does.
func neverSent(err error) bool {
	if c, ok := errors.AsType[*callError](err); ok {
		return !c.sent
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op == "dial"
	}
	_, ok := errors.AsType[*net.DNSError](err)
	return ok
}

// callError is why a call brought no answer, and whether it may have been sent.
type callError struct {
	sent bool
	err  error
}

// Error implements error.
func (e *callError) Error() string { return e.err.Error() }

// Unwrap returns the cause.
func (e *callError) Unwrap() error { return e.err }

// witness notes, for a call that fails, whether it ever had a connection to be
// written to. Looking for a connection without getting one is the only proof
// that it was not sent; a RoundTripper that reports neither proves nothing.
type witness struct {
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (w *witness) RoundTrip(req *http.Request) (*http.Response, error) {
	var looked, got atomic.Bool
	trace := &httptrace.ClientTrace{
		GetConn: func(string) { looked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { got.Store(true) },
	}
	resp, err := w.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return nil, &callError{sent: got.Load() || !looked.Load(), err: err}
	}
	return resp, nil
}
