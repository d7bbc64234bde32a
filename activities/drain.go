package activities

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// Ledger is where the rows are.
type Ledger interface {
	Claim(ctx context.Context, lease lockstep.Lease, after uuid.UUID, limit int, ttl time.Duration) ([]lockstep.Claimed, error)
	TakeOver(ctx context.Context, lease lockstep.Lease) (int64, error)
	Link(ctx context.Context, lease lockstep.Lease, links []lockstep.Link) ([]uuid.UUID, error)
	Settle(ctx context.Context, lease lockstep.Lease, settlements []lockstep.Settlement) (int64, error)
	Backlog(ctx context.Context, lease lockstep.Lease) (lockstep.Backlog, error)
}

// Book is what a drain reads of its connection and run.
type Book interface {
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
	Run(ctx context.Context, workspace, id uuid.UUID) (lockstep.Run, error)
	Mapping(ctx context.Context, workspace, connection uuid.UUID, object crm.Object) (lockstep.Mapping, error)
	Schema(ctx context.Context, workspace, connection uuid.UUID, typ string) ([]crm.Field, time.Time, error)
}

// Records moves records to CRMs.
type Records struct {
	Opener  Opener
	Ledger  Ledger
	Book    Book
	Vendors map[crm.Vendor]Facts
}

// The bounds of a chunk. It ends after as many rows, or as much time, so that
// tenants take turns and a deploy waits for little.
const (
	chunkRows = 10_000
	chunkTime = 60 * time.Second

	// claimTTL is longer than anything done with one claim: its calls have
	// deadlines of their own. It matters only when nobody takes the run over.
	claimTTL = 5 * time.Minute

	// patience is how long a chunk waits for rows that are put back, rather
	// than giving its slot up until then.
	patience = 10 * time.Second

	heartbeatEvery = 4 * time.Second
)

// Drain writes pending rows of a run to the CRM until there are none, the chunk
// is full, or something needs a decision; the verdict says which. It is safe to
// repeat and to overlap: a new attempt takes the rows of an earlier one over,
// and what that one may have written is found again by its external id.
func (a *Records) Drain(ctx context.Context, in flow.ChunkInput) (flow.ChunkResult, error) {
	result, err := a.drain(ctx, in)
	if err != nil && ctx.Err() == nil {
		activity.GetLogger(ctx).Warn("draining ended early", "kind", crm.KindOf(err))
	}
	return result, forTemporal(err)
}

func (a *Records) drain(ctx context.Context, in flow.ChunkInput) (flow.ChunkResult, error) {
	d, verdict, err := a.begin(ctx, in)
	if err != nil {
		return flow.ChunkResult{}, err
	}
	var until time.Time
	if verdict == "" {
		verdict, until, err = d.run(ctx)
		if err != nil {
			return flow.ChunkResult{}, err
		}
	}
	return a.report(ctx, in, verdict, until)
}

// begin looks at the run and its connection and opens the CRM, or says why
// there is nothing to drain.
func (a *Records) begin(ctx context.Context, in flow.ChunkInput) (*drain, flow.Verdict, error) {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return nil, "", err
	}
	run, err := a.Book.Run(ctx, in.Workspace, in.Run)
	if err != nil {
		return nil, "", err
	}
	if verdict := standing(conn, run); verdict != "" {
		return nil, verdict, nil
	}
	connector, err := a.Opener.Open(ctx, in.Workspace, in.Connection)
	if crm.KindOf(err) == crm.KindUnauthorized {
		return nil, flow.VerdictUnauthorized, nil
	}
	if err != nil {
		return nil, "", err
	}
	writer, err := crm.As[crm.Writer](connector)
	if err != nil {
		return nil, "", err
	}
	finder, err := crm.As[crm.Finder](connector)
	if err != nil {
		return nil, "", err
	}
	d := &drain{
		ledger: a.Ledger, book: a.Book, writer: writer, finder: finder, facts: a.Vendors[conn.Vendor], conn: conn, linkUp: run.LinkUp,
		lease:   lockstep.Lease{WorkspaceID: in.Workspace, ConnectionID: in.Connection, RunID: in.Run, Epoch: conn.Epoch, Token: uuid.New()},
		settled: make(chan []lockstep.Settlement), done: run.Counts.Done(), mappings: make(map[string]lockstep.Mapping),
	}
	_, err = a.Ledger.TakeOver(ctx, d.lease)
	return d, "", err
}

// standing returns the verdict of a run that may not be drained now.
func standing(conn lockstep.Connection, run lockstep.Run) flow.Verdict {
	switch {
	case run.FinishedAt != nil || run.State == lockstep.RunCancelled:
		return flow.VerdictCancelled
	case conn.Status == lockstep.StatusUnauthorized:
		return flow.VerdictUnauthorized
	case conn.Status == lockstep.StatusDisconnected:
		return flow.VerdictSuperseded
	case run.State == lockstep.RunPaused || conn.Status == lockstep.StatusPaused:
		return flow.VerdictStopped
	}
	return ""
}

// report reads the totals of the run, which are the database's and not the sum
// of what attempts believe.
func (a *Records) report(ctx context.Context, in flow.ChunkInput, verdict flow.Verdict, until time.Time) (flow.ChunkResult, error) {
	run, err := a.Book.Run(ctx, in.Workspace, in.Run)
	if err != nil {
		return flow.ChunkResult{}, err
	}
	p := run.Progress(time.Now())
	return flow.ChunkResult{Verdict: verdict, Until: until, Counts: run.Counts, Rate: p.Rate, ETA: p.ETA}, nil
}

// drain is one chunk under way: a claimer, some senders as the vendor allows,
// and one settler, which takes whatever is ready in one statement.
type drain struct {
	ledger Ledger
	book   Book
	writer crm.Writer
	finder crm.Finder
	facts  Facts
	conn   lockstep.Connection
	linkUp lockstep.LinkUp
	lease  lockstep.Lease

	settled chan []lockstep.Settlement
	pace    backoff

	mu       sync.Mutex
	verdict  flow.Verdict // set by whoever meets something that needs a decision
	until    time.Time
	inFlight int   // rows claimed and not settled
	done     int64 // outcomes, for the heartbeat
	mappings map[string]lockstep.Mapping
}

// run drains until a verdict. When asked is done it hands out no more, and what
// is in flight is brought home: a call that was made is worth its answer.
func (d *drain) run(asked context.Context) (flow.Verdict, time.Time, error) {
	group, ctx := errgroup.WithContext(context.WithoutCancel(asked))
	jobs := make(chan []lockstep.Claimed)
	var claiming, sending error // kept apart: the end of settling may be told before them
	group.Go(func() error {
		defer close(jobs)
		claiming = d.claim(ctx, asked, jobs)
		return claiming
	})
	group.Go(func() error {
		defer close(d.settled)
		sending = d.send(ctx, jobs)
		return sending
	})
	group.Go(func() error { return d.settle(ctx) })
	group.Go(func() error { return d.beat(ctx) })
	if err := group.Wait(); !errors.Is(err, errDrained) {
		return "", time.Time{}, err
	}
	if err := errors.Join(claiming, sending); err != nil {
		return "", time.Time{}, err
	}
	if err := asked.Err(); err != nil {
		return "", time.Time{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.verdict, d.until, nil
}

// errDrained ends the heartbeat when the settler has settled the last row.
var errDrained = errors.New("drained")

// claim hands out batches until the chunk is full or there is nothing to hand
// out.
func (d *drain) claim(ctx, asked context.Context, jobs chan<- []lockstep.Claimed) error {
	var (
		deadline = time.Now().Add(chunkTime)
		size     = d.facts.Limits.WriteBatch * d.facts.Limits.Concurrency
		after    = uuid.Nil
		claimed  = 0
	)
	for claimed < chunkRows && time.Now().Before(deadline) && !d.stopping(asked) {
		if until, held := d.pace.held(time.Now()); held { // the CRM answers nobody
			if time.Until(until) > patience {
				d.decide(flow.VerdictWait, until)
				return nil
			}
			if err := rest(ctx, asked, time.Until(until)); err != nil {
				return err
			}
			continue
		}
		rows, err := d.ledger.Claim(ctx, d.lease, after, min(size, chunkRows-claimed), claimTTL)
		if err != nil {
			return err
		}
		if len(rows) == 0 && after != uuid.Nil { // from the start again: rows may have been put back
			after = uuid.Nil
			continue
		}
		if len(rows) == 0 {
			again, err := d.idle(ctx, asked, deadline)
			if err != nil || !again {
				return err
			}
			continue
		}
		claimed += len(rows)
		d.count(len(rows))
		after = rows[len(rows)-1].RecordID
		for _, batch := range d.batches(rows) {
			select {
			case jobs <- batch:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	d.decide(flow.VerdictMore, time.Time{})
	return nil
}

// idle is called when there is nothing to claim: it waits for rows in flight,
// or for rows that were put back for a moment, and says whether to try again.
func (d *drain) idle(ctx, asked context.Context, deadline time.Time) (bool, error) {
	wait := 20 * time.Millisecond
	if d.flying() == 0 {
		backlog, err := d.ledger.Backlog(ctx, d.lease)
		if err != nil {
			return false, err
		}
		if backlog.Open == 0 {
			d.decide(flow.VerdictEmpty, time.Time{})
			return false, nil
		}
		if ok, err := d.allowed(ctx); err != nil || !ok {
			return false, err
		}
		if backlog.Due == 0 {
			wait = max(wait, time.Until(backlog.NextAt))
		}
		if wait > patience || time.Now().Add(wait).After(deadline) {
			d.decide(flow.VerdictWait, backlog.NextAt)
			return false, nil
		}
	}
	return true, rest(ctx, asked, wait)
}

// rest waits, but no longer than anybody wants the chunk to go on.
func rest(ctx, asked context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-activity.GetWorkerStopChannel(asked):
	case <-asked.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// allowed tells whether rows are still given out: a claim that found nothing
// does not say why.
func (d *drain) allowed(ctx context.Context) (bool, error) {
	conn, err := d.book.Connection(ctx, d.lease.WorkspaceID, d.lease.ConnectionID)
	if err != nil {
		return false, err
	}
	run, err := d.book.Run(ctx, d.lease.WorkspaceID, d.lease.RunID)
	if err != nil {
		return false, err
	}
	verdict := standing(conn, run)
	if verdict == "" && conn.Epoch != d.lease.Epoch {
		verdict = flow.VerdictMore // reconnected meanwhile: the next chunk opens it anew
	}
	if verdict != "" {
		d.decide(verdict, time.Time{})
	}
	return verdict == "", nil
}

// stopping tells whether to hand out no more.
func (d *drain) stopping(asked context.Context) bool {
	select {
	case <-asked.Done():
		return true
	case <-activity.GetWorkerStopChannel(asked):
		return true
	default:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.verdict != ""
}

// decide sets the chunk's verdict; the first one stands.
func (d *drain) decide(verdict flow.Verdict, until time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.verdict == "" {
		d.verdict, d.until = verdict, until
	}
}

func (d *drain) count(rows int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inFlight += rows
}

func (d *drain) flying() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inFlight
}

// send writes batches concurrently, as many as the vendor allows.
func (d *drain) send(ctx context.Context, jobs <-chan []lockstep.Claimed) error {
	group, ctx := errgroup.WithContext(ctx)
	for range d.facts.Limits.Concurrency {
		group.Go(func() error {
			for rows := range jobs {
				settlements, err := d.push(ctx, rows)
				if err != nil {
					return err
				}
				select {
				case d.settled <- settlements:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// settle ends claims, everything that is ready in one statement.
func (d *drain) settle(ctx context.Context) error {
	for ready := range d.settled {
		for more := true; more; {
			select {
			case next, ok := <-d.settled:
				ready = append(ready, next...)
				more = ok && len(ready) < 10*d.facts.Limits.WriteBatch
			default:
				more = false
			}
		}
		if _, err := d.ledger.Settle(ctx, d.lease, ready); err != nil {
			return err
		}
		d.mu.Lock()
		d.inFlight -= len(ready)
		for _, s := range ready {
			if s.Outcome != "" {
				d.done++
			}
		}
		d.mu.Unlock()
	}
	return errDrained
}

// beat tells Temporal that the chunk is alive and how far the run is, and
// learns whether it is cancelled.
func (d *drain) beat(ctx context.Context) error {
	ticker := time.NewTicker(heartbeatEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			d.mu.Lock()
			done := d.done
			d.mu.Unlock()
			activity.RecordHeartbeat(ctx, done)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
