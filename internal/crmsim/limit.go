package crmsim

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Rate allows so many calls in any window of that length. The zero Rate
// allows everything.
type Rate struct {
	Calls  int
	Window time.Duration
}

// ParseRate reads CALLS/WINDOW, such as 190/10s. Empty is the zero Rate.
func ParseRate(s string) (Rate, error) {
	if s == "" {
		return Rate{}, nil
	}
	calls, window, _ := strings.Cut(s, "/")
	n, ok := positive(calls)
	d, err := time.ParseDuration(window)
	if !ok || err != nil || d <= 0 {
		return Rate{}, fmt.Errorf("reading rate %q: want CALLS/WINDOW, such as 190/10s", s)
	}
	return Rate{Calls: n, Window: d}, nil
}

// String returns what ParseRate reads.
func (r Rate) String() string {
	if r.Calls == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%s", r.Calls, r.Window)
}

// Excess says which limit a call ran into.
type Excess string

// The limits there are.
const (
	ExcessNone  Excess = ""
	ExcessRate  Excess = "rate"
	ExcessDaily Excess = "daily"
)

// Meter is what a call is counted by. The zero Meter is the account's only
// log, on the terms alone.
type Meter struct {
	// Name tells the logs of one account apart: calls with different names do
	// not use up each other's rate. The daily allowance is the account's.
	Name string
	// Rate and Daily hold when the terms name none.
	Rate  Rate
	Daily int
	// Fixed keeps Rate whatever the terms name.
	Fixed bool
}

// Usage is where an account stands after one call.
type Usage struct {
	Excess    Excess
	Meter     string // its name
	Rate      Rate
	InWindow  int // calls let through in the rate's window, this one included
	Daily     int // limit on 24 hours; 0 is none
	DailyUsed int // calls let through in the last 24 hours, this one included
}

// Limits are the rate and the daily allowance of every account of a vendor,
// and the latency of its calls. They are safe for concurrent use and can be
// changed while calls are made.
type Limits struct {
	now func() time.Time

	mu       sync.Mutex
	terms    Terms
	accounts map[string]*usage
}

// Terms are the limits in force.
type Terms struct {
	Rate         Rate
	Daily        int
	Latency      time.Duration // added to every data call
	TokenLatency time.Duration // added to every call to the token endpoint
}

// usage is the sliding logs of one account by meter, and its calls by hour.
type usage struct {
	logs  map[string][]time.Time
	hours map[int64]int
}

// NewLimits returns limits on the given terms, by the given clock.
func NewLimits(terms Terms, now func() time.Time) *Limits {
	return &Limits{now: now, terms: terms, accounts: make(map[string]*usage)}
}

// Terms returns the terms in force.
func (l *Limits) Terms() Terms {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.terms
}

// Change replaces the terms by what change makes of them. What has been used
// remains used.
func (l *Limits) Change(change func(Terms) Terms) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.terms = change(l.terms)
}

// Take counts one call of account by the meter, unless a limit forbids it; a
// call that is not let through counts for nothing.
func (l *Limits) Take(account string, m Meter) Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.accounts[account]
	if u == nil {
		u = &usage{logs: make(map[string][]time.Time), hours: make(map[int64]int)}
		l.accounts[account] = u
	}
	now := l.now()
	used := Usage{Meter: m.Name, Rate: l.terms.Rate, Daily: l.terms.Daily}
	if used.Rate.Calls == 0 || m.Fixed {
		used.Rate = m.Rate
	}
	if used.Daily == 0 {
		used.Daily = m.Daily
	}
	used.InWindow = u.recent(now, m.Name, used.Rate)
	used.DailyUsed = u.day(now)
	switch {
	case used.Daily > 0 && used.DailyUsed >= used.Daily:
		used.Excess = ExcessDaily
	case used.Rate.Calls > 0 && used.InWindow >= used.Rate.Calls:
		used.Excess = ExcessRate
	default:
		if used.Rate.Calls > 0 {
			u.logs[m.Name] = append(u.logs[m.Name], now)
			used.InWindow++
		}
		u.hours[hour(now)]++
		used.DailyUsed++
	}
	return used
}

// recent drops what has left the window and returns how many calls are in it.
func (u *usage) recent(now time.Time, meter string, rate Rate) int {
	if rate.Calls == 0 {
		delete(u.logs, meter)
		return 0
	}
	log := u.logs[meter]
	old := 0
	for old < len(log) && now.Sub(log[old]) >= rate.Window {
		old++
	}
	log = append(log[:0], log[old:]...)
	u.logs[meter] = log
	return len(log)
}

// day returns the calls of the last 24 hours, to the hour.
func (u *usage) day(now time.Time) int {
	used := 0
	for h, n := range u.hours {
		if h <= hour(now)-24 {
			delete(u.hours, h)
			continue
		}
		used += n
	}
	return used
}

func hour(t time.Time) int64 { return t.Unix() / 3600 }
