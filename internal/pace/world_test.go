package pace_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/pace"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

var _ adapter.Pacer = (*pace.Pacer)(nil)

// world is one CRM account, and workers that share a database. Its clock stands
// still while anything happens, and jumps when everybody waits.
type world struct {
	pool   *pgxpool.Pool
	vendor *vendor

	mu    sync.Mutex
	asked map[string]int // statements, by name
	slow  time.Duration  // how long the next statement takes
	fail  error          // of every statement
}

// inWorld runs a test in a world of its own. A goroutine that it leaves behind
// fails it.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()

	url := storetest.URL(t)
	synctest.Test(t, func(t *testing.T) {
		w := &world{pool: storetest.Open(t, url), asked: make(map[string]int)}
		w.vendor = &vendor{calls: 190, window: 10 * time.Second}
		test(t, w)
		synctest.Wait()
	})
}

// worker returns the pacer of the account in a process of its own.
func (w *world) worker(reserve float64) *pace.Pacer {
	r := &pace.Registry{Buckets: buckets{w, store.New(w.pool)}, Reserve: reserve, Now: time.Now, Log: zap.NewNop()}
	return r.For("1", factory())
}

// factory is of a vendor whose answers say what its limits are.
func factory() adapter.Factory {
	return adapter.Factory{
		Vendor:  crm.HubSpot,
		Windows: []adapter.Usage{{Window: 10 * time.Second, Limit: 110}},
		Renewal: 15 * time.Minute,
		Usage: func(h http.Header) []adapter.Usage {
			var all []adapter.Usage
			for name, window := range map[string]time.Duration{"Window": 10 * time.Second, "Day": 24 * time.Hour} {
				limit, err := strconv.Atoi(h.Get(name + "-Limit"))
				if err != nil {
					continue
				}
				used, _ := strconv.Atoi(h.Get(name + "-Used"))
				all = append(all, adapter.Usage{Window: window, Used: used, Limit: limit})
			}
			return all
		},
	}
}

// run calls the account with so many callers, one call after the other, until
// the time is over.
func (w *world) run(t *testing.T, p *pace.Pacer, callers int, until time.Time) *sync.WaitGroup {
	t.Helper()

	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for time.Now().Before(until) {
				if w.call(t.Context(), p) != nil {
					wait(time.Second)
				}
			}
		})
	}
	return &wg
}

// call makes one call, as a connector does.
func (w *world) call(ctx context.Context, p *pace.Pacer) error {
	if err := p.Take(ctx, 1); err != nil {
		return err
	}
	h, status := w.vendor.call(true)
	wait(100 * time.Millisecond)
	p.Observe(h, status)
	return nil
}

// wait lets the world's clock run.
func wait(d time.Duration) { <-time.After(d) }

func (w *world) ask(name string) error {
	w.mu.Lock()
	slow, err := w.slow, w.fail
	w.asked[name]++
	w.slow = 0
	w.mu.Unlock()
	if slow > 0 {
		wait(slow)
	}
	return err
}

// holdUp makes the next statement take as long.
func (w *world) holdUp(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = d
}

// breakDown makes every statement fail, until err is nil.
func (w *world) breakDown(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail = err
}

func (w *world) times(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[name]
}

// buckets are the database's.
type buckets struct {
	world *world
	store *store.Store
}

// TakePermits implements pace.Buckets.
func (b buckets) TakePermits(ctx context.Context, r pace.Request) (pace.Permits, error) {
	if err := b.world.ask("take"); err != nil {
		return pace.Permits{}, err
	}
	permits, err := b.store.TakePermits(ctx, store.PermitRequest(r))
	return pace.Permits(permits), err
}

// OpenBucket implements pace.Buckets.
func (b buckets) OpenBucket(ctx context.Context, l pace.Limit) error {
	return errors.Join(b.world.ask("open"), b.store.OpenBucket(ctx, store.AccountLimit(l)))
}

// SetLimit implements pace.Buckets.
func (b buckets) SetLimit(ctx context.Context, l pace.Limit) error {
	return errors.Join(b.world.ask("limit"), b.store.SetLimit(ctx, store.AccountLimit(l)))
}

// SetOthers implements pace.Buckets.
func (b buckets) SetOthers(ctx context.Context, l pace.Limit) error {
	return errors.Join(b.world.ask("others"), b.store.SetOthers(ctx, store.AccountLimit(l)))
}

// ParkAccount implements pace.Buckets.
func (b buckets) ParkAccount(ctx context.Context, p pace.Park) error {
	return errors.Join(b.world.ask("park"), b.store.ParkAccount(ctx, store.AccountPark(p)))
}

// vendor counts calls by a sliding log, as vendors do.
type vendor struct {
	mu         sync.Mutex
	calls      int
	window     time.Duration
	day        int           // calls a day; zero is no quota
	used       int           // of the day
	log        []time.Time   // calls that were let through
	ours       []time.Time   // of them, those of the workers
	throttled  []time.Time   // calls of the workers that were refused
	mute       bool          // answers say nothing of limits
	refuse     bool          // the next call
	retryAfter time.Duration // of refusals
}

func (v *vendor) call(ours bool) (http.Header, int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now()
	for len(v.log) > 0 && now.Sub(v.log[0]) >= v.window {
		v.log = v.log[1:]
	}
	h, status := make(http.Header), http.StatusOK
	if len(v.log) >= v.calls || v.refuse && ours {
		status = http.StatusTooManyRequests
		if v.retryAfter > 0 {
			h.Set("Retry-After", strconv.Itoa(int(v.retryAfter.Seconds())))
		}
		if ours {
			v.throttled = append(v.throttled, now)
			v.refuse = false
		}
	} else {
		v.log = append(v.log, now)
		v.used++
		if ours {
			v.ours = append(v.ours, now)
		}
	}
	if v.mute {
		return h, status
	}
	h.Set("Window-Limit", strconv.Itoa(v.calls))
	h.Set("Window-Used", strconv.Itoa(len(v.log)))
	if v.day > 0 {
		h.Set("Day-Limit", strconv.Itoa(v.day))
		h.Set("Day-Used", strconv.Itoa(v.used))
	}
	return h, status
}

// change sets what the vendor does from now on.
func (v *vendor) change(to func(*vendor)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	to(v)
}

// between returns how many calls of the workers came in a span of time.
func (v *vendor) between(from, to time.Time) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, at := range v.ours {
		if !at.Before(from) && at.Before(to) {
			n++
		}
	}
	return n
}

// refusals returns how many calls were refused.
func (v *vendor) refusals() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.throttled)
}

// requireKind tells what an error means, and returns when to come back.
func requireKind(t *testing.T, kind crm.Kind, err error) time.Duration {
	t.Helper()

	require.Equal(t, kind, crm.KindOf(err))
	return crm.AsError(err).RetryAfter
}
