package pace_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/pace"
	"lockstep/internal/store"
)

// FEATURES V06.
func TestHeadersRaiseAndLowerTheLimit(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		begin := time.Now()
		at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
		a, b := w.run(t, w.worker(0), 10, at(60)), w.run(t, w.worker(0), 10, at(60))
		wait(30 * time.Second)
		require.Zero(t, w.vendor.refusals())
		require.GreaterOrEqual(t, w.vendor.between(at(10), at(20)), 180, "190 are allowed, 110 were assumed")

		w.vendor.change(func(v *vendor) { v.calls = 50 })
		a.Wait()
		b.Wait()
		require.LessOrEqual(t, w.vendor.between(at(45), at(55)), 50)
		require.GreaterOrEqual(t, w.vendor.between(at(45), at(55)), 45)
	})
}

func TestWhatIsKnownIsNotWritten(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.run(t, w.worker(0), 10, time.Now().Add(time.Minute)).Wait()
		require.Equal(t, 1, w.times("limit"))
		require.Zero(t, w.times("others"))
		require.Zero(t, w.times("park"))
	})
}

// FEATURES V06.
func TestOtherApplicationsAreGivenWay(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.warm(t, 0)
		begin := time.Now()
		at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
		other := func(until time.Time) { // 80 in 10 s
			for time.Now().Before(until) {
				w.vendor.call(false)
				wait(125 * time.Millisecond)
			}
		}
		other(at(10))
		a, b := w.run(t, w.worker(0), 10, at(120)), w.run(t, w.worker(0), 10, at(120))
		other(at(60))
		a.Wait()
		b.Wait()

		require.LessOrEqual(t, w.vendor.refusals(), 8, "of some 1,600 calls")
		before := w.vendor.between(at(30), at(60))
		require.Greater(t, before, 3*95, "what is left is used")
		require.LessOrEqual(t, before, 3*110)
		require.Greater(t, w.vendor.between(at(90), at(120)), 3*180, "when it has gone, all is ours again")
	})
}

func TestTheReserveIsForOthers(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.warm(t, 0.2)
		begin := time.Now()
		work := w.run(t, w.worker(0.2), 10, begin.Add(time.Minute))
		for time.Since(begin) < time.Minute { // 30 in 10 s; 38 are reserved
			w.vendor.call(false)
			wait(time.Second / 3)
		}
		work.Wait()

		require.Zero(t, w.vendor.refusals())
		require.Greater(t, w.vendor.between(begin, begin.Add(time.Minute)), 6*145, "others do not slow us while they keep to their share")
	})
}

// FEATURES J07, V06.
func TestOneRefusalParksTheAccountForAllWorkers(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct{ said, rests time.Duration }{
		"for as long as it says":            {3 * time.Second, 3 * time.Second},
		"for a second when it does not say": {0, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				w.warm(t, 0)
				begin := time.Now()
				a, b := w.run(t, w.worker(0), 10, begin.Add(20*time.Second)), w.run(t, w.worker(0), 10, begin.Add(20*time.Second))
				wait(10 * time.Second)
				w.vendor.change(func(v *vendor) { v.refuse, v.retryAfter = true, tc.said })
				for w.vendor.refusals() == 0 {
					wait(time.Millisecond)
				}
				refused := time.Now()
				a.Wait()
				b.Wait()

				answered := refused.Add(100 * time.Millisecond)
				booked := answered.Add(600 * time.Millisecond) // what the other worker had booked is used
				again := answered.Add(tc.rests)
				require.Positive(t, w.vendor.between(begin, refused))
				require.Zero(t, w.vendor.between(booked, again.Add(-10*time.Millisecond)))
				require.Positive(t, w.vendor.between(again, again.Add(time.Second)), "it goes on by itself")
				require.Equal(t, 1, w.vendor.refusals())
			})
		})
	}
}

func TestWhoIsRefusedStopsAtOnce(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.warm(t, 0)
		p := w.worker(0)
		w.vendor.change(func(v *vendor) { v.refuse, v.retryAfter = true, 3*time.Second })
		work := w.run(t, p, 10, time.Now().Add(10*time.Second))
		wait(100 * time.Millisecond)
		answered := time.Now()
		work.Wait()

		require.Equal(t, 1, w.vendor.refusals())
		require.Zero(t, w.vendor.between(answered.Add(time.Millisecond), answered.Add(3*time.Second)), "what it had booked is not called")
		require.Positive(t, w.vendor.between(answered.Add(3*time.Second), answered.Add(4*time.Second)))
	})
}

// FEATURES J07.
func TestLongParkIsAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		p, other := w.worker(0), w.worker(0)
		w.warm(t, 0)
		w.vendor.change(func(v *vendor) { v.refuse, v.retryAfter = true, time.Minute })
		require.NoError(t, w.call(t.Context(), p))
		wait(10 * time.Second)

		begin := time.Now()
		require.Equal(t, 50*time.Second, requireKind(t, crm.KindRateLimited, p.Take(t.Context(), 1)))
		require.Equal(t, 50*time.Second, requireKind(t, crm.KindRateLimited, other.Take(t.Context(), 1)))
		require.Zero(t, time.Since(begin))

		wait(50 * time.Second)
		require.NoError(t, other.Take(t.Context(), 1))
	})
}

// FEATURES J07, V06.
func TestSpentQuotaIsAnsweredAtOnceAndGoesOnAfterItsReset(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		reserve float64
		calls   int
	}{
		"all of it":            {0, 20},
		"all but what is left": {0.1, 18},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				w.vendor.change(func(v *vendor) { v.day = 20 })
				p, other := w.worker(tc.reserve), w.worker(tc.reserve)
				for range tc.calls {
					require.NoError(t, w.call(t.Context(), p))
				}
				wait(time.Second)

				quarter := time.Now().Truncate(15 * time.Minute).Add(15 * time.Minute)
				begin := time.Now()
				for _, p := range []*pace.Pacer{p, other} {
					again := requireKind(t, crm.KindQuota, p.Take(t.Context(), 1))
					require.Equal(t, quarter.Add(10*time.Second), time.Now().Add(again))
				}
				require.Zero(t, time.Since(begin))
				require.Equal(t, tc.calls, w.vendor.used)

				wait(16 * time.Minute)
				require.NoError(t, w.call(t.Context(), other), "it may be given anew by now")
				wait(time.Second)
				require.Positive(t, requireKind(t, crm.KindQuota, p.Take(t.Context(), 1)), "it was not")

				w.vendor.change(func(v *vendor) { v.used = 0 })
				wait(15 * time.Minute)
				for range tc.calls - 1 {
					require.NoError(t, w.call(t.Context(), p))
				}
			})
		})
	}
}

func TestAccountWithADayAloneIsCalledFreely(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.vendor.change(func(v *vendor) { v.calls, v.mute = 1000, true })
		r := &pace.Registry{Buckets: buckets{w, store.New(w.pool)}, Now: time.Now, Log: zap.NewNop()}
		p := r.For("1", adapter.Factory{Vendor: crm.Salesforce, Usage: factory().Usage, Renewal: time.Hour})

		begin := time.Now()
		for range 50 {
			require.NoError(t, p.Take(t.Context(), 1))
		}
		require.Zero(t, time.Since(begin))
		require.Equal(t, 1, w.times("take"), "nothing has to be booked")

		w.vendor.change(func(v *vendor) { v.refuse, v.retryAfter = true, 3*time.Second })
		require.NoError(t, w.call(t.Context(), p))
		refused := time.Now()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		require.ErrorIs(t, p.Take(impatient, 1), context.DeadlineExceeded)
		require.NoError(t, p.Take(t.Context(), 1))
		require.Equal(t, 3*time.Second, time.Since(refused).Round(time.Millisecond), "a refusal holds all the same")

		w.vendor.change(func(v *vendor) { v.mute, v.day = false, 1 })
		h, status := w.vendor.call(true)
		h.Del("Window-Limit")
		p.Observe(h, status)
		require.Positive(t, requireKind(t, crm.KindQuota, p.Take(t.Context(), 1)))
	})
}

func TestAnswersThatMakeNoSenseChangeNothing(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		p := w.worker(0)
		require.NoError(t, p.Take(t.Context(), 1))
		for _, limit := range []string{"0", "-5", "", "many"} {
			h, status := w.vendor.call(true)
			h.Set("Window-Limit", limit)
			h.Set("Day-Limit", limit)
			p.Observe(h, status)
		}
		require.NoError(t, p.Take(t.Context(), 1))
		require.Zero(t, w.times("limit")+w.times("park"))
	})
}
