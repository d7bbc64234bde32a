package activities

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// claimTTL is longer than anything done with one claim: its calls have
// deadlines of their own. It matters only when nobody takes the run over.
const claimTTL = 5 * time.Minute

// heldLook is how often it is looked whether another attempt has let go of its
// claims.
const heldLook = time.Second

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
	bounds bounds
	lease  lockstep.Lease

	settled chan []lockstep.Settlement
	pace    backoff

	mu       sync.Mutex
	verdict  flow.Verdict // set by whoever meets something that needs a decision
	until    time.Time
	inFlight int // rows claimed and not settled
	mappings map[string]lockstep.Mapping
	claims   int // so far: what is mapped is read anew with each
}

// run drains until a verdict. When asked is done it hands out no more, and what
// is in flight is brought home: a call that was made is worth its answer.
func (d *drain) run(asked context.Context) (flow.Verdict, time.Time, error) {
	group, ctx := errgroup.WithContext(context.WithoutCancel(asked))
	jobs := make(chan []lockstep.Claimed)
	group.Go(func() error {
		defer close(jobs)
		return d.claim(ctx, asked, jobs)
	})
	group.Go(func() error {
		defer close(d.settled)
		return d.send(ctx, jobs)
	})
	group.Go(func() error { return d.settle(ctx) })
	if err := group.Wait(); err != nil {
		return "", time.Time{}, err
	}
	if err := asked.Err(); err != nil {
		return "", time.Time{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.verdict, d.until, nil
}

// claim hands out batches until the chunk is full or there is nothing to hand
// out.
func (d *drain) claim(ctx, asked context.Context, jobs chan<- []lockstep.Claimed) error {
	var (
		deadline = time.Now().Add(d.bounds.time)
		size     = d.facts.Limits.WriteBatch * d.facts.Limits.Concurrency
		after    = uuid.Nil
		claimed  = 0
	)
	for claimed < d.bounds.rows && time.Now().Before(deadline) && !d.stopping(asked) {
		if until, held := d.pace.held(time.Now()); held { // the CRM answers nobody
			if time.Until(until) > d.bounds.patience {
				d.decide(flow.VerdictWait, until)
				return nil
			}
			if err := rest(ctx, asked, time.Until(until)); err != nil {
				return err
			}
			continue
		}
		rows, err := d.ledger.Claim(ctx, d.lease, after, min(size, d.bounds.rows-claimed), claimTTL)
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
		d.readAnew()
		if err := d.elders(ctx, rows); err != nil {
			return err
		}
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

// readAnew forgets the mappings, for somebody may have changed one, and marked
// rows for it that were claimed just now.
func (d *drain) readAnew() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.claims++
	clear(d.mappings)
}

// elders finds, of the rows that are not linked, those whose person another
// record stands for already, or is about to.
func (d *drain) elders(ctx context.Context, rows []lockstep.Claimed) error {
	var unlinked []uuid.UUID
	for _, row := range rows {
		if row.CRMID == "" && emailOf(row.Fields) != "" {
			unlinked = append(unlinked, row.RecordID)
		}
	}
	if len(unlinked) == 0 {
		return nil
	}
	elders, err := d.ledger.Elders(ctx, d.lease, unlinked)
	if err != nil {
		return err
	}
	for i := range rows {
		if elder, ok := elders[rows[i].RecordID]; ok {
			rows[i].Elder = &elder
		}
	}
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
		until := backlog.NextAt
		if backlog.Due == 0 {
			wait = max(wait, time.Until(until))
		}
		if backlog.Held > 0 { // by an attempt on its way out, which brings home what it has in hand
			wait, until = min(wait, heldLook), time.Time{}
		}
		if wait > d.bounds.patience || time.Now().Add(wait).After(deadline) {
			d.decide(flow.VerdictWait, until)
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
		group.Go(func() error { return d.sender(ctx, jobs) })
	}
	return group.Wait()
}

// sender writes batches one after the other until there are no more, or another
// has failed.
func (d *drain) sender(ctx context.Context, jobs <-chan []lockstep.Claimed) error {
	for {
		var rows []lockstep.Claimed
		select {
		case next, more := <-jobs:
			if !more {
				return nil
			}
			rows = next
		case <-ctx.Done():
			return ctx.Err()
		}
		settlements, err := d.pushSafely(ctx, rows)
		if err != nil {
			return err
		}
		select {
		case d.settled <- settlements:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// pushSafely is push, with a panic made the failure of this chunk: it is a bug of
// ours, and would take every other run of the worker along.
func (d *drain) pushSafely(ctx context.Context, rows []lockstep.Claimed) (settlements []lockstep.Settlement, err error) {
	defer func() {
		if r := recover(); r != nil { // its text may quote a record
			activity.GetLogger(ctx).Error("a batch panicked", "type", fmt.Sprintf("%T", r), "stack", string(debug.Stack()))
			err = &crm.Error{Kind: crm.KindInternal, Op: "drain.push", Code: "panic"}
		}
	}()
	return d.push(ctx, rows)
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
		d.mu.Unlock()
	}
	return nil
}
