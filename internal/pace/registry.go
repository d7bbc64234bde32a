package pace

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// Registry has the pacers of a process, one for each account. It is safe for
// concurrent use; its fields must not be changed once it is used.
type Registry struct {
	Buckets Buckets

	// Reserve is the share of every limit that is left to the customer's other
	// applications, from 0 to below 1.
	Reserve float64

	// Now is the clock of tests. Nil is this machine's, and the buckets' own
	// where they are concerned: workers' clocks differ.
	Now func() time.Time

	Log *zap.Logger

	mu     sync.Mutex
	pacers map[account]*Pacer
}

// account is a CRM account, whoever is connected to it.
type account struct {
	vendor crm.Vendor
	id     string
}

// For returns the pacer of a vendor's account: one and the same for all that
// ask, since they spend one allowance.
func (r *Registry) For(accountID string, vendor adapter.Factory) *Pacer {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := account{vendor.Vendor, accountID}
	if p, ok := r.pacers[key]; ok {
		return p
	}
	if r.pacers == nil {
		r.pacers = make(map[account]*Pacer)
	}
	p := &Pacer{
		account: key, vendor: vendor, buckets: r.Buckets, reserve: r.Reserve, clock: r.Now,
		log:    r.Log.With(zap.String("vendor", string(vendor.Vendor)), zap.String("account", accountID)),
		wake:   make(chan struct{}, 1),
		limits: make(map[time.Duration]heard), parked: make(map[bool]time.Time),
	}
	r.pacers[key] = p
	return p
}
