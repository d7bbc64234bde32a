package activities

import (
	"context"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/activity"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// Ledger is where the rows are.
type Ledger interface {
	Claim(ctx context.Context, lease lockstep.Lease, after uuid.UUID, limit int, ttl time.Duration) ([]lockstep.Claimed, error)
	Elders(ctx context.Context, lease lockstep.Lease, ids []uuid.UUID) (map[uuid.UUID]lockstep.Elder, error)
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
	SetRunState(ctx context.Context, workspace, id uuid.UUID, state lockstep.RunState, reason string, until *time.Time) error
	AppendListing(ctx context.Context, workspace, run uuid.UUID, page []crm.Found, cursor string) error
	SetLinkUp(ctx context.Context, workspace, run uuid.UUID, linkUp lockstep.LinkUp) error
	Listed(ctx context.Context, workspace, run uuid.UUID, key crm.Key, values []string) ([]crm.Found, error)
}

// Records moves records to CRMs.
type Records struct {
	Opener  Opener
	Ledger  Ledger
	Book    Book
	Cycles  CycleBook
	Tests   TestBook
	Vendors map[crm.Vendor]Facts
}

// bounds end a drain: after as many rows, or as much time. Patience is how long
// it waits for rows that are put back, rather than giving its slot up until
// then.
type bounds struct {
	rows     int
	time     time.Duration
	patience time.Duration
}

// chunk is what is done of a run at once, so that tenants take turns and a
// deploy waits for little.
var chunk = bounds{rows: 10_000, time: 60 * time.Second, patience: 10 * time.Second}

// Drain writes pending rows of a run to the CRM until there are none, the chunk
// is full, or something needs a decision; the verdict says which. It is safe to
// repeat and to overlap: a new attempt takes the rows of an earlier one over,
// and what that one may have written is found again by its external id.
func (a *Records) Drain(ctx context.Context, in flow.ChunkInput) (flow.ChunkResult, error) {
	result, err := a.chunk(ctx, in)
	if err != nil && ctx.Err() == nil {
		activity.GetLogger(ctx).Warn("draining ended early", "kind", crm.KindOf(err))
	}
	return result, forTemporal(err)
}

// chunk drains one chunk of a run and reads its totals, which are the
// database's and not the sum of what attempts believe.
func (a *Records) chunk(ctx context.Context, in flow.ChunkInput) (flow.ChunkResult, error) {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return flow.ChunkResult{}, err
	}
	verdict, until, err := a.drain(ctx, conn, in, chunk)
	if err != nil {
		return flow.ChunkResult{}, err
	}
	run, err := a.Book.Run(ctx, in.Workspace, in.Run)
	if err != nil {
		return flow.ChunkResult{}, err
	}
	p := run.Progress(time.Now())
	return flow.ChunkResult{Verdict: verdict, Until: until, Counts: run.Counts, Rate: p.Rate, ETA: p.ETA, Epoch: conn.Epoch}, nil
}

// drain drains a run of conn within bounds.
func (a *Records) drain(ctx context.Context, conn lockstep.Connection, in flow.ChunkInput, b bounds) (flow.Verdict, time.Time, error) {
	d, verdict, err := a.begin(ctx, conn, in, b)
	if err != nil {
		return "", time.Time{}, err
	}
	if d == nil {
		return verdict, time.Time{}, nil
	}
	if verdict != "" {
		return verdict, d.until, nil
	}
	return d.run(ctx)
}

// begin looks at the run and its connection and opens the CRM, or says why
// there is nothing to drain now.
func (a *Records) begin(ctx context.Context, conn lockstep.Connection, in flow.ChunkInput, b bounds) (*drain, flow.Verdict, error) {
	run, err := a.Book.Run(ctx, in.Workspace, in.Run)
	if err != nil {
		return nil, "", err
	}
	if verdict := standing(conn, run); verdict != "" {
		return nil, verdict, nil
	}
	if run.State == lockstep.RunParked { // whoever drains it says that the wait is over
		if err := a.Book.SetRunState(ctx, in.Workspace, in.Run, lockstep.RunRunning, "", nil); err != nil {
			return nil, "", err
		}
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
		ledger: a.Ledger, book: a.Book, writer: writer, finder: finder, facts: a.Vendors[conn.Vendor], conn: conn, linkUp: run.LinkUp, bounds: b,
		lease:   lockstep.Lease{WorkspaceID: in.Workspace, ConnectionID: in.Connection, RunID: in.Run, Epoch: conn.Epoch, Token: uuid.New()},
		settled: make(chan []lockstep.Settlement), mappings: make(map[string]lockstep.Mapping),
	}
	if _, err := a.Ledger.TakeOver(ctx, d.lease); err != nil {
		return nil, "", err
	}
	if run.LinkUp == lockstep.LinkUpList {
		err = d.list(ctx, run)
	}
	return d, d.verdict, err
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
