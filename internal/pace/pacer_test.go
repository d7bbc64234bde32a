package pace_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/pace"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// FEATURES V06.
func TestWorkersTogetherStayWithinTheLimitAndUseIt(t *testing.T) {
	t.Parallel()

	for _, tc := range []struct {
		calls   int
		reserve float64
		most    int // in any window
		least   int // in a minute
	}{
		{190, 0, 190, 1090},
		{190, 0.1, 171, 980},
		{110, 0, 110, 630},
	} {
		t.Run(fmt.Sprintf("%d less %v", tc.calls, tc.reserve), func(t *testing.T) {
			t.Parallel()
			inWorld(t, func(t *testing.T, w *world) {
				w.vendor.change(func(v *vendor) { v.calls = tc.calls })
				w.warm(t, tc.reserve)
				begin := time.Now()
				for range 3 {
					defer w.run(t, w.worker(tc.reserve), 10, begin.Add(time.Minute)).Wait()
				}
				wait(time.Minute)

				require.Zero(t, w.vendor.refusals())
				require.GreaterOrEqual(t, w.vendor.between(begin, begin.Add(time.Minute)), tc.least)
				for from := time.Duration(0); from < 50*time.Second; from += 100 * time.Millisecond {
					at := begin.Add(from)
					require.LessOrEqual(t, w.vendor.between(at, at.Add(10*time.Second)), tc.most)
				}
			})
		})
	}
}

// warm lets the buckets learn the limit, and rest.
func (w *world) warm(t *testing.T, reserve float64) {
	t.Helper()

	require.NoError(t, w.call(t.Context(), w.worker(reserve)))
	wait(time.Minute)
}

// FEATURES V06.
func TestNoWorkerIsStarvedByOthers(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.warm(t, 0)
		hungry := w.run(t, w.worker(0), 30, time.Now().Add(20*time.Second))
		modest := w.worker(0)
		wait(5 * time.Second)

		for range 10 {
			asked := time.Now()
			require.NoError(t, modest.Take(t.Context(), 1))
			require.LessOrEqual(t, time.Since(asked), 500*time.Millisecond)
		}
		hungry.Wait()
	})
}

func TestCallersAreServedInTheOrderInWhichTheyCome(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		p := w.worker(0)
		var mu sync.Mutex
		var order []int
		for i := range 20 {
			go func() {
				if p.Take(t.Context(), 1+i%2) == nil {
					mu.Lock()
					order = append(order, i)
					mu.Unlock()
				}
			}()
			wait(time.Millisecond)
		}
		wait(10 * time.Second)

		mu.Lock()
		defer mu.Unlock()
		require.Len(t, order, 20)
		require.IsIncreasing(t, order)
	})
}

func TestCallersWhoWaitTogetherShareStatements(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.warm(t, 0)
		before := w.times("take")
		w.run(t, w.worker(0), 20, time.Now().Add(20*time.Second)).Wait()

		require.Less(t, 4*(w.times("take")-before), len(w.vendor.ours))
	})
}

func TestCallerWhoGivesUpWaitsNoMore(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		p := w.worker(0)
		w.warm(t, 0)
		w.vendor.change(func(v *vendor) { v.refuse, v.retryAfter = true, 4*time.Second })
		require.NoError(t, w.call(t.Context(), p))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		require.ErrorIs(t, p.Take(ctx, 1), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(begin))
		require.ErrorIs(t, p.Take(ctx, 1), context.DeadlineExceeded, "before anything is booked")
		synctest.Wait()

		require.NoError(t, p.Take(t.Context(), 1))
		require.InDelta(t, 4*time.Second, time.Since(begin), float64(200*time.Millisecond))
	})
}

func TestWhoStaysIsServedThoughOthersGiveUp(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		p := w.worker(0)
		ctx, cancel := context.WithCancel(t.Context())
		var gone, stayed sync.WaitGroup
		for range 10 {
			gone.Go(func() {
				for p.Take(ctx, 1) == nil {
				}
			})
		}
		wait(time.Second)
		stayed.Go(func() {
			for range 10 {
				if err := p.Take(t.Context(), 1); err != nil {
					t.Error(err)
				}
			}
		})
		cancel()
		gone.Wait()
		stayed.Wait()
	})
}

func TestPermitsThatGrewOldAreNotUsed(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		w.warm(t, 0)
		p := w.worker(0)
		before := w.times("take")
		w.holdUp(2 * time.Second)
		require.NoError(t, p.Take(t.Context(), 1))
		require.Equal(t, before+2, w.times("take"))
	})
}

func TestBucketsThatCannotBeAskedAreAnError(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		p := w.worker(0)
		gone := &crm.Error{Kind: crm.KindUnavailable, Op: "store.take_permits", Err: errors.New("gone")}
		w.breakDown(gone)
		require.ErrorIs(t, p.Take(t.Context(), 1), gone)

		w.breakDown(nil)
		require.NoError(t, p.Take(t.Context(), 1))
	})
}

func TestBucketsThatWereLostAreOpenedAgain(t *testing.T) {
	t.Parallel()
	inWorld(t, func(t *testing.T, w *world) {
		p := w.worker(0)
		work := w.run(t, p, 5, time.Now().Add(time.Minute))
		wait(30 * time.Second)
		_, err := w.pool.Exec(t.Context(), "TRUNCATE pace_buckets, pace_parks")
		require.NoError(t, err)
		work.Wait()

		require.Equal(t, 2, w.times("open"))
		require.Zero(t, w.times("others"), "a count that begins anew is no other application")
		require.LessOrEqual(t, w.vendor.refusals(), 1)
	})
}

func TestConnectionsOfOneAccountShareAPacer(t *testing.T) {
	t.Parallel()

	r := &pace.Registry{Log: zap.NewNop()}
	hubspot, salesforce := adapter.Factory{Vendor: crm.HubSpot}, adapter.Factory{Vendor: crm.Salesforce}
	first := r.For("1", hubspot)
	require.Same(t, first, r.For("1", hubspot))
	require.NotSame(t, first, r.For("2", hubspot))
	require.NotSame(t, first, r.For("1", salesforce))
}

func BenchmarkTake(b *testing.B) {
	w := &world{asked: make(map[string]int), pool: storetest.New(b)}
	f := factory()
	f.Windows = []adapter.Usage{{Window: time.Second, Limit: 10_000_000}}
	r := &pace.Registry{Buckets: buckets{w, store.New(w.pool)}, Log: zap.NewNop()}
	p := r.For("1", f)
	b.SetParallelism(10)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := p.Take(b.Context(), 1); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(w.times("take"))/float64(b.N), "statements/op")
}
