// Package pace spends the allowances of CRM accounts. All connectors of one
// account in a process stand in one line; what they may call is booked in
// buckets that every worker shares, a few calls at a time, and handed out first
// come, first served, each at its own moment. What the vendor's answers say of
// the limits goes back into the buckets.
//
// It calls no vendor and repeats nothing. It keeps nothing but what it books for
// the next moment and what it heard: a process that starts anew finds the rest
// in the buckets. It knows accounts, never workspaces.
package pace

import (
	"context"
	"time"

	"lockstep/internal/crm"
)

// Buckets are the shared counts. They are safe for concurrent use, by several
// processes.
type Buckets interface {
	// TakePermits books calls, in the order in which it is called.
	TakePermits(ctx context.Context, r Request) (Permits, error)
	// OpenBucket begins to count against a limit, unless that has been done.
	OpenBucket(ctx context.Context, l Limit) error
	// SetLimit changes what a limit allows.
	SetLimit(ctx context.Context, l Limit) error
	// SetOthers notes what of a limit others use; it holds for one window.
	SetOthers(ctx context.Context, l Limit) error
	// ParkAccount lets nobody call an account for a while.
	ParkAccount(ctx context.Context, p Park) error
}

// Request asks for calls to an account.
type Request struct {
	Vendor    crm.Vendor
	AccountID string
	Want      int           // calls, at least one
	Patience  time.Duration // how long the first may be away; if it is longer, nothing is booked
	Horizon   time.Duration // how far ahead calls are booked, but for the first
	Reserve   float64       // the share of each limit that is not used
	Now       time.Time     // zero for the buckets' clock
}

// Permits are what a Request was granted.
type Permits struct {
	Granted int           // calls, at most as many as were wanted; none when they are too far away
	Wait    time.Duration // until the first of them
	Every   time.Duration // between one and the next; zero when no limit is known
	Spent   bool          // a day's quota is what there is to wait for
	Windows int           // limits that are known of the account
	Total   int64         // calls ever granted, these included; means nothing when Granted is zero
	Idle    time.Duration // how long nothing had been granted
}

// Limit is one limit of an account, over Window.
type Limit struct {
	Vendor    crm.Vendor
	AccountID string
	Window    time.Duration
	Calls     int       // that the vendor allows
	Others    int       // calls that the customer's other applications make
	Now       time.Time // zero for the buckets' clock
}

// Park leaves an account alone.
type Park struct {
	Vendor    crm.Vendor
	AccountID string
	Spent     bool          // its quota of the day is spent; else too much was called at once
	Rest      time.Duration // from now on
	Now       time.Time     // zero for the buckets' clock
}
