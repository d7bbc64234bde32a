package pace

import (
	"slices"
	"time"
)

// spending is what all workers together were granted of an account, as seen
// from one of them: the totals that came back with its own permits.
type spending struct {
	seen []total // oldest first
}

type total struct {
	at    time.Time
	calls int64
}

// remembered is how long totals are kept. It covers the windows of all vendors'
// limits on the moment.
const remembered = time.Minute

// granted notes the total that came with permits, and the one before: while the
// account was idle it did not change.
func (s *spending) granted(now time.Time, got Permits) {
	if n := len(s.seen); n > 0 && got.Total < s.seen[n-1].calls {
		s.seen = nil // the buckets were lost, and count anew
	}
	before := total{now.Add(-got.Idle), got.Total - int64(got.Granted)}
	if n := len(s.seen); n == 0 || before.at.After(s.seen[n-1].at) {
		s.seen = append(s.seen, before)
	}
	s.seen = append(s.seen, total{now, got.Total})

	// The last one that is too old still tells where the window began.
	first := 0
	for first+1 < len(s.seen) && now.Sub(s.seen[first+1].at) >= remembered {
		first++
	}
	s.seen = slices.Delete(s.seen, 0, first)
}

// within returns how many calls were granted in the last window, at most, and
// whether that is known: other workers' calls show only with our own.
func (s *spending) within(window time.Duration, now time.Time) (int, bool) {
	const fresh = 40 // of a window, the part in which others cannot have called much
	n := len(s.seen)
	if n == 0 || now.Sub(s.seen[n-1].at) > window/fresh {
		return 0, false
	}
	for _, t := range slices.Backward(s.seen) {
		if now.Sub(t.at) >= window {
			return int(s.seen[n-1].calls - t.calls), true
		}
	}
	return 0, false
}
