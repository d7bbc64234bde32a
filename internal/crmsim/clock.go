package crmsim

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"time"
)

// Clock is the time that the emulated vendors live by: a real clock, ahead by
// what has been made to pass. Hand one to all vendors of a process, so that a
// day that passes passes for each of them. It never goes back and is safe for
// concurrent use.
type Clock struct {
	base  func() time.Time
	ahead atomic.Int64 // nanoseconds
}

// NewClock returns a clock that is level with base.
func NewClock(base func() time.Time) *Clock {
	return &Clock{base: base}
}

// Now returns the vendors' time.
func (c *Clock) Now() time.Time { return c.base().Add(c.Ahead()) }

// Ahead returns how much has been made to pass.
func (c *Clock) Ahead() time.Duration { return time.Duration(c.ahead.Load()) }

// Pass lets d pass at once; one that is not positive passes nothing.
func (c *Clock) Pass(d time.Duration) { c.ahead.Add(int64(max(d, 0))) }

// clocks are those of all vendors, each once; as a rule there is one.
type clocks []*Clock

func (c clocks) show(w http.ResponseWriter, _ *http.Request) {
	type view struct {
		Now   time.Time `json:"now"`
		Ahead string    `json:"ahead"`
	}
	Reply(w, http.StatusOK, view{Now: c[0].Now().UTC(), Ahead: c[0].Ahead().String()})
}

func (c clocks) advance(w http.ResponseWriter, r *http.Request) {
	var in struct{ Advance string }
	if !Decode(w, r, &in) {
		return
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil || d <= 0 {
		fail(w, http.StatusBadRequest, fmt.Errorf("advancing the clock by %q: want a duration above 0, such as 24h", in.Advance))
		return
	}
	for _, clock := range c {
		clock.Pass(d)
	}
	c.show(w, r)
}
