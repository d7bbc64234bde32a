package pace

import (
	"context"
	"net/http"
	"time"

	"go.uber.org/zap"

	"lockstep/internal/crm/adapter"
)

const (
	// quotaWindow is what a limit must span to be a quota: one that is not
	// spread evenly but used up, and waited for when it is. Quotas have no bucket:
	// the vendor counts them with every answer, for all who call.
	quotaWindow = time.Hour

	// throttled is how long an account rests after a refusal that does not say:
	// a tenth of the windows there are, so that some of them is free again.
	throttled = time.Second

	// grace is added to the moment at which a quota may be given anew: the
	// vendor's clock is not ours.
	grace = 10 * time.Second

	// suspicion is the share of a limit by which the vendor's count may exceed
	// ours before others are held to be calling: the two are not taken at the
	// same moment.
	suspicion = 0.03
)

// notice is what the buckets are still to be told.
type notice func(ctx context.Context) error

// heard is what the last answer said of a limit.
type heard struct {
	calls    int
	others   int
	othersAt time.Time
}

// Observe implements adapter.Pacer. It does not wait: what is new goes to the
// buckets in the background, and what is known goes nowhere.
func (p *Pacer) Observe(h http.Header, status int) {
	var usage []adapter.Usage
	if p.vendor.Usage != nil {
		usage = p.vendor.Usage(h)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range usage {
		switch {
		case u.Limit <= 0 || u.Window <= 0:
		case u.Window >= quotaWindow:
			p.quota(u)
		default:
			p.rate(u)
			p.others(u)
		}
	}
	if status == http.StatusTooManyRequests {
		rest := adapter.RetryAfter(h)
		if rest <= 0 {
			rest = throttled
		}
		p.park(false, rest)
	}
	if len(p.notices) > 0 {
		p.serve()
	}
}

// quota parks the account when what may be used of its day is used.
func (p *Pacer) quota(u adapter.Usage) {
	if float64(u.Used) < float64(u.Limit)*(1-p.reserve) {
		return
	}
	every := p.vendor.Renewal
	if every <= 0 {
		every = quotaWindow
	}
	now := p.now()
	p.park(true, now.Truncate(every).Add(every+grace).Sub(now))
}

// park leaves the account alone, unless that is known. Answers to calls that
// were made together say it many times.
func (p *Pacer) park(spent bool, rest time.Duration) {
	until := p.now().Add(rest)
	if until.Sub(p.parked[spent]) < throttled {
		return
	}
	p.parked[spent], p.open = until, time.Time{}
	park := Park{Vendor: p.account.vendor, AccountID: p.account.id, Spent: spent, Rest: rest, Now: p.given()}
	p.notices = append(p.notices, func(ctx context.Context) error { return p.buckets.ParkAccount(ctx, park) })
	p.interrupt()
}

// rate passes on what a limit allows when that is not what was heard last.
func (p *Pacer) rate(u adapter.Usage) {
	last := p.limits[u.Window]
	if last.calls == u.Limit {
		return
	}
	last.calls = u.Limit
	p.limits[u.Window] = last
	p.open = time.Time{}
	limit := p.limit(u)
	p.notices = append(p.notices, func(ctx context.Context) error { return p.buckets.SetLimit(ctx, limit) })
}

// others passes on what the vendor counts beyond our own calls, when it has
// changed, or would be forgotten.
func (p *Pacer) others(u adapter.Usage) {
	now := p.now()
	ours, known := p.spending.within(u.Window, now)
	if !known {
		return
	}
	noise := max(2, int(suspicion*float64(u.Limit)))
	others := u.Used - ours
	if others <= noise {
		others = 0
	}
	last := p.limits[u.Window]
	changed := max(others-last.others, last.others-others) > noise
	if !changed && (others == 0 || now.Sub(last.othersAt) < u.Window/2) {
		return
	}
	last.others, last.othersAt = others, now
	p.limits[u.Window] = last
	limit := p.limit(u)
	if others > 0 {
		limit.Others = others + noise
	}
	p.notices = append(p.notices, func(ctx context.Context) error { return p.buckets.SetOthers(ctx, limit) })
}

// tell passes notices on. What cannot be told is forgotten, and heard again.
func (p *Pacer) tell() {
	p.mu.Lock()
	notices := p.notices
	p.notices = nil
	p.mu.Unlock()

	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	for _, tell := range notices {
		if err := tell(ctx); err != nil {
			p.log.Warn("what the vendor says of its limits was not kept", zap.Error(err))
			p.forget()
			return
		}
	}
}

// forget makes the next answer news.
func (p *Pacer) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.limits)
	clear(p.parked)
}
