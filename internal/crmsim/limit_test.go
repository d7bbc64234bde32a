package crmsim_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
)

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestParseRate(t *testing.T) {
	t.Parallel()

	rate, err := crmsim.ParseRate("190/10s")
	require.NoError(t, err)
	require.Equal(t, crmsim.Rate{Calls: 190, Window: 10 * time.Second}, rate)
	require.Equal(t, "190/10s", rate.String())

	none, err := crmsim.ParseRate("")
	require.NoError(t, err)
	require.Zero(t, none)

	for _, s := range []string{"190", "0/10s", "x/10s", "5/0s", "5/-1s", "5/ten"} {
		_, err := crmsim.ParseRate(s)
		require.ErrorContains(t, err, "CALLS/WINDOW", s)
	}
}

func TestNoWindowEverHoldsMoreThanTheRate(t *testing.T) {
	t.Parallel()

	clk := newClock()
	limits := crmsim.NewLimits(crmsim.Terms{Rate: crmsim.Rate{Calls: 5, Window: 10 * time.Second}}, clk.now)
	var passed []time.Time
	for range 400 {
		if limits.Take("a", crmsim.Meter{}).Excess == crmsim.ExcessNone {
			passed = append(passed, clk.now())
		}
		clk.pass(370 * time.Millisecond)
	}
	require.Greater(t, len(passed), 60)
	for i := 5; i < len(passed); i++ {
		require.GreaterOrEqual(t, passed[i].Sub(passed[i-5]), 10*time.Second)
	}
}

func TestLimitsAreForEachAccount(t *testing.T) {
	t.Parallel()

	limits := crmsim.NewLimits(crmsim.Terms{Rate: crmsim.Rate{Calls: 1, Window: time.Hour}}, newClock().now)
	require.Equal(t, crmsim.ExcessNone, limits.Take("a", crmsim.Meter{}).Excess)
	require.Equal(t, crmsim.ExcessRate, limits.Take("a", crmsim.Meter{}).Excess)
	require.Equal(t, crmsim.ExcessNone, limits.Take("b", crmsim.Meter{}).Excess)
}

func TestTheDailyAllowanceComesBackAfterADay(t *testing.T) {
	t.Parallel()

	clk := newClock()
	limits := crmsim.NewLimits(crmsim.Terms{Daily: 2}, clk.now)
	require.Equal(t, 1, limits.Take("a", crmsim.Meter{}).DailyUsed)
	require.Equal(t, 2, limits.Take("a", crmsim.Meter{}).DailyUsed)
	spent := limits.Take("a", crmsim.Meter{})
	require.Equal(t, crmsim.ExcessDaily, spent.Excess)
	require.Equal(t, 2, spent.DailyUsed, "a refused call counts for nothing")

	clk.pass(24 * time.Hour)
	require.Equal(t, crmsim.ExcessNone, limits.Take("a", crmsim.Meter{}).Excess)
}

func TestChangedTermsHoldAtOnce(t *testing.T) {
	t.Parallel()

	limits := crmsim.NewLimits(crmsim.Terms{}, newClock().now)
	require.Equal(t, crmsim.ExcessNone, limits.Take("a", crmsim.Meter{}).Excess)
	limits.Change(func(terms crmsim.Terms) crmsim.Terms {
		terms.Daily = 1
		return terms
	})
	require.Equal(t, crmsim.ExcessDaily, limits.Take("a", crmsim.Meter{}).Excess, "what was used before counts")
}

func TestMetersOfOneAccountAreApart(t *testing.T) {
	t.Parallel()

	clk := newClock()
	limits := crmsim.NewLimits(crmsim.Terms{}, clk.now)
	own := crmsim.Meter{Name: "own", Rate: crmsim.Rate{Calls: 2, Window: time.Second}, Daily: 5}
	fixed := crmsim.Meter{Name: "fixed", Rate: crmsim.Rate{Calls: 1, Window: time.Second}, Fixed: true}
	for _, want := range []crmsim.Excess{crmsim.ExcessNone, crmsim.ExcessNone, crmsim.ExcessRate} {
		used := limits.Take("a", own)
		require.Equal(t, want, used.Excess)
		require.Equal(t, own.Rate, used.Rate)
		require.Equal(t, "own", used.Meter)
	}
	require.Equal(t, crmsim.ExcessNone, limits.Take("a", fixed).Excess)
	require.Equal(t, crmsim.ExcessRate, limits.Take("a", fixed).Excess)
	require.Equal(t, crmsim.ExcessNone, limits.Take("a", crmsim.Meter{}).Excess)

	limits.Change(func(terms crmsim.Terms) crmsim.Terms {
		terms.Rate = crmsim.Rate{Calls: 3, Window: time.Second}
		return terms
	})
	used := limits.Take("a", own)
	require.Equal(t, crmsim.ExcessNone, used.Excess, "the terms come first")
	require.Equal(t, 3, used.InWindow)
	require.Equal(t, crmsim.ExcessRate, limits.Take("a", fixed).Excess, "except where the rate is fixed")
	require.Equal(t, crmsim.ExcessDaily, limits.Take("a", own).Excess, "the day is the account's, whatever the meter")
	clk.pass(25 * time.Hour)
	require.Equal(t, 1, limits.Take("a", own).DailyUsed)
}
