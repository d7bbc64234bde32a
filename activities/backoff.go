package activities

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	backoffFirst  = 250 * time.Millisecond
	backoffRecord = 5 * time.Second // at most, for a record that alone is refused
	backoffMost   = time.Minute     // at most, for a CRM that answers nobody
)

// backoff says how long to leave a CRM alone after a call that it did not
// take. It doubles with each round of refusals, however many calls were in
// flight in it, and starts anew with the first answer: a fault that strikes
// here and there does not slow the rest. It is safe for concurrent use.
type backoff struct {
	mu      sync.Mutex
	wait    time.Duration
	until   time.Time // end of the present round
	since   time.Time // when the first call was refused since one was taken
	answers int       // calls that were taken
}

// refused notes a refusal that asks for at least so long a wait, and returns how
// long to wait.
func (b *backoff) refused(now time.Time, least time.Duration) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wait == 0 {
		b.since = now
	}
	if b.wait == 0 || now.After(b.until) {
		b.wait = min(max(2*b.wait, backoffFirst), backoffMost)
		b.until = now.Add(b.wait)
	}
	if asked := now.Add(least); asked.After(b.until) {
		b.until = asked
	}
	return max(b.wait+rand.N(b.wait), least) //nolint:gosec // spreads load, keeps no secret
}

// lasted returns how long calls have been refused without one being taken.
func (b *backoff) lasted(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.wait == 0 {
		return 0
	}
	return now.Sub(b.since)
}

// held tells whether the CRM is to be left alone, and until when.
func (b *backoff) held(now time.Time) (time.Time, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until, b.wait > 0 && now.Before(b.until)
}

// answered notes a call that was taken.
func (b *backoff) answered() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wait = 0
	b.answers++
}

// taken returns how many calls were taken so far.
func (b *backoff) taken() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.answers
}
