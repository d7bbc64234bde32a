package pace

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

const (
	// patience is how long a call waits for its permit. What has to wait longer
	// is better put back by the caller, who has other things to do.
	patience = 5 * time.Second

	// horizon is how far ahead calls are booked: far enough that callers who
	// wait cost a statement every few calls, near enough that little is lost when
	// they go away, or when the account is parked.
	horizon = 250 * time.Millisecond

	// unlimited is how long an account without known limits is called before
	// the buckets are asked again.
	unlimited = time.Second

	// stale is how old a permit may grow, in a process that was held up. A burst
	// of old ones would come on top of what others are doing by now.
	stale = time.Second

	// answerTime bounds a statement.
	answerTime = 5 * time.Second
)

// Pacer hands out the calls to one account. It implements adapter.Pacer.
//
// A goroutine of its own books calls and hands them out for as long as somebody
// waits, and ends when nobody does; there is nothing to close.
type Pacer struct {
	account account
	vendor  adapter.Factory
	buckets Buckets
	reserve float64
	clock   func() time.Time
	log     *zap.Logger

	wake chan struct{} // told when what is booked is not to be handed out

	mu      sync.Mutex
	serving bool      // the goroutine runs
	queue   []*waiter // who waits, the first first
	notices []notice  // what the buckets are still to be told
	open    time.Time // until then nobody has to wait

	spending spending
	limits   map[time.Duration]heard // by window
	parked   map[bool]time.Time      // until when, as far as this process said; by whether it is spent
}

// waiter is a caller who waits.
type waiter struct {
	left int        // permits still to come
	done chan error // has room for the one answer
}

// Take implements adapter.Pacer. Callers are served in the order in which they
// come. It waits for seconds, not more: an account that is parked for longer is
// answered with an Error of KindRateLimited, or of KindQuota when the day's
// quota is spent, and RetryAfter says when to come back. When the buckets cannot
// be asked, it returns their error.
func (p *Pacer) Take(ctx context.Context, permits int) error {
	if err := ctx.Err(); err != nil || permits <= 0 {
		return err
	}
	p.mu.Lock()
	if p.now().Before(p.open) && len(p.queue) == 0 {
		p.mu.Unlock()
		return nil
	}
	w := &waiter{left: permits, done: make(chan error, 1)}
	p.queue = append(p.queue, w)
	p.serve()
	p.mu.Unlock()

	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		p.leave(w)
		return ctx.Err()
	}
}

// leave takes a caller who gave up out of the queue.
func (p *Pacer) leave(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.queue, w); i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
	}
	if len(p.queue) == 0 {
		p.interrupt()
	}
}

// serve makes sure that the goroutine runs. The caller holds the lock.
func (p *Pacer) serve() {
	if p.serving {
		return
	}
	p.serving = true
	go func() {
		for p.busy() {
			p.tell()
			p.hand()
		}
	}()
}

// busy tells whether there is anything to do; if not, the goroutine ends. What
// it was woken for before is done in this round.
func (p *Pacer) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.wake:
	default:
	}
	p.serving = len(p.queue) > 0 || len(p.notices) > 0
	return p.serving
}

// hand books calls for those who wait and hands them out as they fall due.
func (p *Pacer) hand() {
	want := p.wanted()
	if want == 0 {
		return
	}
	asked := time.Now()
	got, err := p.book(want)
	if err != nil {
		p.refuse(err)
		return
	}
	if got.Granted == 0 {
		p.refuse(p.parkedError(got))
		return
	}
	p.booked(got)
	booked := time.Now()
	for i := range got.Granted {
		away := got.Wait + time.Duration(i)*got.Every
		if !p.rest(time.Until(booked.Add(away))) || time.Since(asked.Add(away)) >= stale {
			return
		}
		p.release()
	}
}

// wanted returns how many permits those who wait still need.
func (p *Pacer) wanted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	want := 0
	for _, w := range p.queue {
		want += w.left
	}
	return want
}

// book asks the buckets for calls. It answers to all who wait, so none of them
// can call it off.
func (p *Pacer) book(want int) (Permits, error) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTime)
	defer cancel()
	r := Request{
		Vendor: p.account.vendor, AccountID: p.account.id, Want: want,
		Patience: patience, Horizon: horizon, Reserve: p.reserve, Now: p.given(),
	}
	got, err := p.buckets.TakePermits(ctx, r)
	if err != nil || got.Windows >= len(p.vendor.Windows) {
		return got, err
	}
	for _, w := range p.vendor.Windows { // nobody called this account before, or the buckets are lost
		if err := p.buckets.OpenBucket(ctx, p.limit(w)); err != nil {
			return Permits{}, err
		}
	}
	r.Now = p.given()
	return p.buckets.TakePermits(ctx, r)
}

// booked notes what was granted.
func (p *Pacer) booked(got Permits) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	switch {
	case got.Windows > 0:
		p.spending.granted(now, got)
	case got.Wait == 0:
		p.open = now.Add(unlimited)
	}
}

// parkedError says how long there is nothing to be had.
func (p *Pacer) parkedError(got Permits) *crm.Error {
	e := &crm.Error{Kind: crm.KindRateLimited, Op: "pace.take", RetryAfter: got.Wait}
	if got.Spent {
		e.Kind = crm.KindQuota
	}
	return e
}

// release hands one permit to whoever waits longest. When nobody does any more,
// it is lost.
func (p *Pacer) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == 0 {
		return
	}
	w := p.queue[0]
	if w.left--; w.left == 0 {
		p.queue = slices.Delete(p.queue, 0, 1)
		w.done <- nil
	}
}

// refuse answers everybody who waits.
func (p *Pacer) refuse(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.queue {
		w.done <- err
	}
	p.queue = nil
}

// rest waits, and tells whether it did so to the end.
func (p *Pacer) rest(d time.Duration) bool {
	if d <= 0 {
		select {
		case <-p.wake:
			return false
		default:
			return true
		}
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.wake:
		return false
	}
}

// interrupt keeps what is booked from being handed out.
func (p *Pacer) interrupt() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// now is the time by the clock of this process.
func (p *Pacer) now() time.Time {
	if p.clock == nil {
		return time.Now()
	}
	return p.clock()
}

// given is the time that the buckets are told: none, but in tests.
func (p *Pacer) given() time.Time {
	if p.clock == nil {
		return time.Time{}
	}
	return p.clock()
}

// limit puts what is heard of a limit in the words of the buckets.
func (p *Pacer) limit(u adapter.Usage) Limit {
	return Limit{Vendor: p.account.vendor, AccountID: p.account.id, Window: u.Window, Calls: u.Limit, Now: p.given()}
}
