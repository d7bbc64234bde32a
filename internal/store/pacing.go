package store

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/store/db"
)

// PermitRequest asks for calls to an account. It has the fields of
// pace.Request and converts from it.
type PermitRequest struct {
	Vendor    crm.Vendor
	AccountID string
	Want      int           // calls, at least one
	Patience  time.Duration // how long the first may be away; if it is longer, nothing is booked
	Horizon   time.Duration // how far ahead calls are booked, but for the first
	Reserve   float64       // the share of each limit that is not used
	Now       time.Time     // zero for the database's clock
}

// Permits are what a PermitRequest was granted. It has the fields of
// pace.Permits and converts to it.
type Permits struct {
	Granted int           // calls, at most as many as were wanted; none when they are too far away
	Wait    time.Duration // until the first of them
	Every   time.Duration // between one and the next; zero when no limit is known
	Spent   bool          // a day's quota is what there is to wait for
	Windows int           // limits that are known of the account
	Total   int64         // calls ever granted, these included; means nothing when Granted is zero
	Idle    time.Duration // how long nothing had been granted
}

// AccountLimit is one limit of an account, over Window. It has the fields of
// pace.Limit and converts from it.
type AccountLimit struct {
	Vendor    crm.Vendor
	AccountID string
	Window    time.Duration
	Calls     int       // that the vendor allows
	Others    int       // calls that the customer's other applications make
	Now       time.Time // zero for the database's clock
}

// AccountPark leaves an account alone. It has the fields of pace.Park and
// converts from it.
type AccountPark struct {
	Vendor    crm.Vendor
	AccountID string
	Spent     bool          // its quota of the day is spent; else too much was called at once
	Rest      time.Duration // from now on
	Now       time.Time     // zero for the database's clock
}

// TakePermits books calls to an account, in one statement and in the order in
// which it is called: by all workers together, no more than every limit allows,
// less the reserve. Permits that are not used when they fall due are lost, and
// must not be used later.
func (s *Store) TakePermits(ctx context.Context, r PermitRequest) (Permits, error) {
	row, err := s.q.TakePermits(ctx, db.TakePermitsParams{
		Vendor: string(r.Vendor), AccountID: r.AccountID, Now: given(r.Now),
		Reserve: r.Reserve, Patience: r.Patience, Want: int32(r.Want), Horizon: r.Horizon, //nolint:gosec // a handful of callers wait
	})
	return Permits{
		Granted: int(row.Permits), Wait: row.Wait, Every: row.Every, Spent: row.Spent,
		Windows: int(row.Windows), Total: row.Granted, Idle: row.Idle,
	}, interpret("take_permits", err)
}

// OpenBucket begins to count calls against a limit, unless they are counted
// already.
func (s *Store) OpenBucket(ctx context.Context, l AccountLimit) error {
	return interpret("open_bucket", s.q.OpenBucket(ctx, db.OpenBucketParams{
		Vendor: string(l.Vendor), AccountID: l.AccountID, Span: l.Window, Calls: atMost32(l.Calls), Now: given(l.Now),
	}))
}

// SetLimit changes what a limit allows from now on. It writes nothing when that
// is known.
func (s *Store) SetLimit(ctx context.Context, l AccountLimit) error {
	return interpret("set_limit", s.q.SetLimit(ctx, db.SetLimitParams{
		Vendor: string(l.Vendor), AccountID: l.AccountID, Span: l.Window, Calls: atMost32(l.Calls), Now: given(l.Now),
	}))
}

// SetOthers notes what of a limit others use. It holds for one window.
func (s *Store) SetOthers(ctx context.Context, l AccountLimit) error {
	return interpret("set_others", s.q.SetOthers(ctx, db.SetOthersParams{
		Vendor: string(l.Vendor), AccountID: l.AccountID, Span: l.Window, Others: atMost32(l.Others), Now: given(l.Now),
	}))
}

// ParkAccount lets nobody call an account for a while; a longer rest that was
// asked for before stands.
func (s *Store) ParkAccount(ctx context.Context, p AccountPark) error {
	return interpret("park_account", s.q.ParkAccount(ctx, db.ParkAccountParams{
		Vendor: string(p.Vendor), AccountID: p.AccountID, Spent: p.Spent, Rest: p.Rest, Now: given(p.Now),
	}))
}

// given returns nil for a time that is left to the database.
func given(now time.Time) *time.Time {
	if now.IsZero() {
		return nil
	}
	return &now
}

// atMost32 returns n as PostgreSQL's integer; no vendor allows as much.
func atMost32(n int) int32 {
	const most = 1<<31 - 1
	return int32(min(max(n, 0), most))
}

// Unpark lets the account of a connection be called again, of whatever it was
// parked for: somebody says that there is more to spend.
func (s *Store) Unpark(ctx context.Context, workspace, connection uuid.UUID) error {
	return interpret("unpark", s.q.UnparkAccount(ctx, db.UnparkAccountParams{WorkspaceID: workspace, ConnectionID: connection}))
}
