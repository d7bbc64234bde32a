package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// permanent says of each kind whether trying the same again is pointless.
var permanent = map[crm.Kind]bool{
	crm.KindInternal:     false,
	crm.KindInvalid:      true,
	crm.KindUnauthorized: true,
	crm.KindForbidden:    true,
	crm.KindNotFound:     true,
	crm.KindConflict:     true,
	crm.KindRateLimited:  false,
	crm.KindQuota:        true,
	crm.KindUnavailable:  false,
	crm.KindUnknown:      false,
	crm.KindUnsupported:  true,
}

// forTemporal says to Temporal what a crm.Error says to us: whether to retry,
// and when. It is the only place that decides so. The failure's type is the
// problem's code.
//
// It passes no cause: Temporal unwraps causes and writes each one's text into
// the history, where bodies and tokens must not be. An error that is no
// crm.Error is a bug of ours, and only says so.
func forTemporal(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	e, ok := errors.AsType[*crm.Error](err)
	if app, turned := errors.AsType[*temporal.ApplicationError](err); turned && !ok { // by another activity that this one calls
		return app
	}
	if !ok {
		e = &crm.Error{Kind: crm.KindInternal, Op: "activity"}
		if errors.Is(err, context.DeadlineExceeded) {
			e.Kind = crm.KindUnavailable
		}
	}
	return temporal.NewApplicationErrorWithOptions(e.Error(), string(lockstep.CodeOf(e)), temporal.ApplicationErrorOptions{
		NonRetryable:   permanent[e.Kind],
		NextRetryDelay: e.RetryAfter,
	})
}
