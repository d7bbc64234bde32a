package main

import (
	"context"

	"go.uber.org/zap"

	"lockstep/internal/crm/adapter"
	"lockstep/internal/lockstep"
	"lockstep/internal/pace"
	"lockstep/internal/store"
)

// pacing returns the pacers of connections, with the buckets that the database
// keeps. reserve is a percentage. A connection whose account is not known yet
// has none.
func pacing(s *store.Store, reserve int, log *zap.Logger) func(lockstep.Connection, adapter.Factory) adapter.Pacer {
	registry := &pace.Registry{Buckets: buckets{s}, Reserve: float64(reserve) / 100, Log: log}
	return func(c lockstep.Connection, f adapter.Factory) adapter.Pacer {
		if c.Account.ID == "" {
			return nil
		}
		return registry.For(c.Account.ID, f)
	}
}

// buckets are the database's, in the words of package pace.
type buckets struct{ store *store.Store }

// TakePermits implements pace.Buckets.
func (b buckets) TakePermits(ctx context.Context, r pace.Request) (pace.Permits, error) {
	permits, err := b.store.TakePermits(ctx, store.PermitRequest(r))
	return pace.Permits(permits), err
}

// OpenBucket implements pace.Buckets.
func (b buckets) OpenBucket(ctx context.Context, l pace.Limit) error {
	return b.store.OpenBucket(ctx, store.AccountLimit(l))
}

// SetLimit implements pace.Buckets.
func (b buckets) SetLimit(ctx context.Context, l pace.Limit) error {
	return b.store.SetLimit(ctx, store.AccountLimit(l))
}

// SetOthers implements pace.Buckets.
func (b buckets) SetOthers(ctx context.Context, l pace.Limit) error {
	return b.store.SetOthers(ctx, store.AccountLimit(l))
}

// ParkAccount implements pace.Buckets.
func (b buckets) ParkAccount(ctx context.Context, p pace.Park) error {
	return b.store.ParkAccount(ctx, store.AccountPark(p))
}
