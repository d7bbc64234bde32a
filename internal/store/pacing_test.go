package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// noon is when the tests' clocks begin. The database is told.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// account is one account's buckets, with a clock that the test moves.
type account struct {
	store *store.Store
	now   time.Time
}

func openAccount(t testing.TB, windows ...store.AccountLimit) *account {
	t.Helper()

	a := &account{store: store.New(storetest.New(t)), now: noon}
	for _, w := range windows {
		require.NoError(t, a.store.OpenBucket(t.Context(), a.limit(w.Calls, w.Window)))
	}
	return a
}

func limit(calls int, window time.Duration) store.AccountLimit {
	return store.AccountLimit{Calls: calls, Window: window}
}

func (a *account) limit(calls int, window time.Duration) store.AccountLimit {
	return store.AccountLimit{Vendor: crm.HubSpot, AccountID: "1", Window: window, Calls: calls, Now: a.now}
}

func (a *account) request(want int) store.PermitRequest {
	return store.PermitRequest{
		Vendor: crm.HubSpot, AccountID: "1", Want: want, Patience: 5 * time.Second, Horizon: 250 * time.Millisecond, Now: a.now,
	}
}

func (a *account) take(t testing.TB, want int) store.Permits {
	t.Helper()

	got, err := a.store.TakePermits(t.Context(), a.request(want))
	require.NoError(t, err)
	return got
}

func (a *account) park(t testing.TB, spent bool, rest time.Duration) {
	t.Helper()

	require.NoError(t, a.store.ParkAccount(t.Context(), store.AccountPark{
		Vendor: crm.HubSpot, AccountID: "1", Spent: spent, Rest: rest, Now: a.now,
	}))
}

// due returns when permits taken now fall due.
func (a *account) due(got store.Permits) []time.Time {
	var out []time.Time
	for i := range got.Granted {
		out = append(out, a.now.Add(got.Wait+time.Duration(i)*got.Every))
	}
	return out
}

// most returns the most calls that any window holds.
func most(calls []time.Time, window time.Duration) int {
	calls = slices.Clone(calls)
	slices.SortFunc(calls, time.Time.Compare)
	n, first := 0, 0
	for i, at := range calls {
		for at.Sub(calls[first]) >= window {
			first++
		}
		n = max(n, i-first+1)
	}
	return n
}

func TestNoWindowHoldsMoreThanItsLimit(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		calls   int
		window  time.Duration
		reserve float64
		allowed int
		least   int // permits that a minute in a row yields at least
	}{
		{190, 10 * time.Second, 0, 190, 1090},
		{190, 10 * time.Second, 0.1, 171, 980},
		{110, 10 * time.Second, 0, 110, 630},
		{110, 10 * time.Second, 0.1, 99, 565},
		{5, time.Second, 0, 5, 230},
		{2, time.Second, 0.5, 1, 25},
		{1, time.Second, 0, 1, 25},
	} {
		t.Run(fmt.Sprintf("%d in %v less %v", tc.calls, tc.window, tc.reserve), func(t *testing.T) {
			t.Parallel()
			a := openAccount(t, limit(tc.calls, tc.window))

			// Workers who are always hungry; and after a minute, some who come and go.
			const workers = 3
			random := rand.New(rand.NewPCG(1, 2))
			next := [workers]time.Time{noon, noon, noon}
			var calls []time.Time
			for a.now.Before(noon.Add(90 * time.Second)) {
				w := 0
				for i := range next {
					if next[i].Before(next[w]) {
						w = i
					}
				}
				a.now = next[w]
				r := a.request(1 + random.IntN(10))
				r.Reserve = tc.reserve
				got, err := a.store.TakePermits(t.Context(), r)
				require.NoError(t, err)
				due := a.due(got)
				calls = append(calls, due...)
				next[w] = a.now.Add(max(got.Wait, time.Millisecond))
				if len(due) > 0 {
					next[w] = due[len(due)-1]
				}
				if a.now.After(noon.Add(time.Minute)) && random.IntN(4) == 0 {
					next[w] = next[w].Add(time.Duration(random.IntN(3000)) * time.Millisecond)
				}
			}

			require.LessOrEqual(t, most(calls, tc.window), tc.allowed)
			minute := slices.IndexFunc(calls, func(at time.Time) bool { return at.After(noon.Add(time.Minute)) })
			require.GreaterOrEqual(t, minute, tc.least, "or much is left unused")
		})
	}
}

func TestPermitsTakenTogetherFallDueApart(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(100, 10*time.Second))

	var mu sync.Mutex
	var due []time.Time
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				r := a.request(3)
				r.Patience = time.Hour
				got, err := a.store.TakePermits(context.WithoutCancel(t.Context()), r)
				mu.Lock()
				if err == nil {
					due = append(due, a.due(got)...)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()

	require.Len(t, due, 8*10*3)
	slices.SortFunc(due, time.Time.Compare)
	for i := range due[1:] {
		require.Greater(t, due[i+1].Sub(due[i]), 100*time.Millisecond)
	}
}

func TestIdleAccountIsCalledAtOnceButNotForLong(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(200, 10*time.Second))
	require.Zero(t, a.take(t, 1).Wait)
	require.Positive(t, a.take(t, 1).Wait, "nobody knows what was called before the bucket was opened")

	a.now = a.now.Add(time.Hour)
	got := a.take(t, 10)
	require.Zero(t, got.Wait)
	require.InDelta(t, time.Hour, got.Idle, float64(time.Second))
	require.LessOrEqual(t, got.Granted, 6, "no further ahead than the horizon")

	a.now = a.now.Add(time.Hour)
	early := 0
	for a.take(t, 1).Wait == 0 {
		early++
	}
	require.Equal(t, 6, early, "three in a hundred of 200")
}

func TestNothingIsBookedThatIsTooFarAway(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(2, 10*time.Second))

	granted, refused := 0, store.Permits{Wait: -1}
	for refused.Wait < 0 {
		got := a.take(t, 1)
		granted += got.Granted
		if got.Granted == 0 {
			refused = got
		}
	}
	require.Equal(t, 1, granted)
	require.Greater(t, refused.Wait, 5*time.Second)
	require.False(t, refused.Spent)
	require.Equal(t, refused, a.take(t, 1), "to be refused moves nothing")

	a.now = a.now.Add(refused.Wait)
	require.Equal(t, 1, a.take(t, 1).Granted)
}

func TestLimitGoesUpAndDown(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(100, 10*time.Second))
	slow := a.take(t, 2).Every

	require.NoError(t, a.store.SetLimit(t.Context(), a.limit(200, 10*time.Second)))
	fast := a.take(t, 2).Every
	require.InDelta(t, slow/2, fast, float64(time.Millisecond))

	require.NoError(t, a.store.OpenBucket(t.Context(), a.limit(50, 10*time.Second)))
	require.Equal(t, fast, a.take(t, 2).Every, "what is assumed of an account does not replace what is known")

	require.NoError(t, a.store.SetLimit(t.Context(), a.limit(100, 10*time.Second)))
	require.Equal(t, slow, a.take(t, 2).Every)
}

func TestTheSlowestOfSeveralLimitsHolds(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(100, 10*time.Second), limit(300, time.Minute))

	var calls []time.Time
	for a.now.Before(noon.Add(3 * time.Minute)) {
		got := a.take(t, 5)
		require.Equal(t, 2, got.Windows)
		calls = append(calls, a.due(got)...)
		a.now = a.now.Add(max(got.Wait, got.Every))
	}
	require.LessOrEqual(t, most(calls, time.Minute), 300)
	require.LessOrEqual(t, most(calls, 10*time.Second), 100)
	require.Greater(t, len(calls), 800)
}

func TestWhatOthersUseIsLeftToThemForAWindow(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(200, 10*time.Second))
	others := a.limit(200, 10*time.Second)
	every := func(reserve float64) time.Duration {
		a.now = a.now.Add(time.Second)
		r := a.request(1)
		r.Reserve = reserve
		got, err := a.store.TakePermits(t.Context(), r)
		require.NoError(t, err)
		return got.Every
	}
	alone := every(0)

	others.Others, others.Now = 100, a.now
	require.NoError(t, a.store.SetOthers(t.Context(), others))
	require.InDelta(t, 2*alone, every(0), float64(time.Millisecond))
	require.Equal(t, every(0), every(0.1), "they may use what is reserved for them")

	others.Others, others.Now = 1000, a.now
	require.NoError(t, a.store.SetOthers(t.Context(), others))
	require.Less(t, every(0), 5*time.Second, "however much they use, it must be seen when they stop")

	a.now = a.now.Add(10 * time.Second)
	require.Equal(t, alone, every(0))
}

func TestParkedAccountGrantsNothing(t *testing.T) {
	t.Parallel()

	for name, spent := range map[string]bool{"for the moment": false, "for the day": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := openAccount(t, limit(100, 10*time.Second))

			a.park(t, spent, time.Hour)
			a.park(t, spent, time.Minute)
			got := a.take(t, 3)
			require.Zero(t, got.Granted)
			require.Equal(t, time.Hour, got.Wait, "the longer rest stands")
			require.Equal(t, spent, got.Spent)

			a.now = a.now.Add(time.Hour)
			got = a.take(t, 3)
			require.Equal(t, 3, got.Granted)
			require.False(t, got.Spent)
		})
	}
}

func TestShortParkIsWaitedFor(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(100, 10*time.Second))

	a.now = a.now.Add(time.Minute)
	a.park(t, false, time.Second)
	got := a.take(t, 1)
	require.Equal(t, 1, got.Granted)
	require.Equal(t, time.Second, got.Wait)
}

func TestAccountWithoutLimitsIsHeldByParksAlone(t *testing.T) {
	t.Parallel()
	a := openAccount(t)

	require.Equal(t, store.Permits{Granted: 7}, a.take(t, 7))
	a.park(t, true, time.Hour)
	require.Equal(t, store.Permits{Wait: time.Hour, Spent: true}, a.take(t, 7))
}

func TestLimitBeyondAllMeasureIsNone(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(1<<40, time.Second))

	got := a.take(t, 10)
	require.Equal(t, 10, got.Granted)
	require.LessOrEqual(t, got.Every, time.Microsecond)
}

func TestAccountsDoNotSpendEachOthersPermits(t *testing.T) {
	t.Parallel()
	a := openAccount(t, limit(100, 10*time.Second))
	other := func(vendor crm.Vendor, id string) store.Permits {
		r := a.request(1)
		r.Vendor, r.AccountID = vendor, id
		got, err := a.store.TakePermits(t.Context(), r)
		require.NoError(t, err)
		return got
	}

	a.park(t, true, time.Hour)
	require.Equal(t, store.Permits{Granted: 1}, other(crm.HubSpot, "2"))
	require.Equal(t, store.Permits{Granted: 1}, other(crm.Salesforce, "1"))
}

func TestBucketsRunByTheDatabaseClock(t *testing.T) {
	t.Parallel()
	a := openAccount(t)
	a.now = time.Time{}
	require.NoError(t, a.store.OpenBucket(t.Context(), a.limit(100, 10*time.Second)))

	got := a.take(t, 1)
	require.Equal(t, 1, got.Granted)
	require.Less(t, got.Wait, 5*time.Second)
	a.park(t, true, time.Hour)
	got = a.take(t, 1)
	require.InDelta(t, time.Hour, got.Wait, float64(time.Minute))
	require.True(t, got.Spent)
}

func BenchmarkTakePermits(b *testing.B) {
	a := openAccount(b, limit(100_000, time.Second))
	a.now = time.Time{}
	r := a.request(5)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.store.TakePermits(b.Context(), r); err != nil {
				b.Error(err)
				return
			}
		}
	})
}
