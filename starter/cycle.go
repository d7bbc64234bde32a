package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/client"
)

const (
	// stillFor is how long a cycle may stand still that a person asked for.
	stillFor = 5 * time.Minute

	// quietLooks is how many looks in a row find no run of a cycle that has begun,
	// until it is taken to have ended: it begins the next chunk at once.
	quietLooks = 12

	// syncsListed is how many runs are looked at for those of a cycle.
	syncsListed = 50
)

// cycle is a look for changes that somebody follows. What has changed goes chunk
// by chunk, and each chunk is a run.
type cycle struct {
	remote *remote
	conn   client.Connection   // as it was before
	before map[uuid.UUID]bool  // the runs that had ended by then
	seen   func(synced, int64) // is told how many records there are besides

	so    synced
	quiet int       // looks in a row that found no run under way
	moved time.Time // when it last got on
}

// synced is what a look for changes came to.
type synced struct {
	At      time.Time    `json:"synced_at"`
	Runs    []client.Run `json:"runs"`    // of what had changed, the latest first; none when nothing had
	Pending int64        `json:"pending"` // what is still on the way
}

// sync has a connection look for changes and follows that until nothing is on
// the way any more, or the cycle has ended before that. A cycle that was under
// way is taken for this one.
func (r *remote) sync(ctx context.Context, conn client.Connection, seen func(so synced, total int64)) (synced, error) {
	c := &cycle{remote: r, conn: conn, before: make(map[uuid.UUID]bool), seen: seen, so: synced{Runs: []client.Run{}}, moved: time.Now()}
	runs, err := r.syncs(ctx, conn)
	if err != nil {
		return c.so, err
	}
	for _, run := range runs {
		c.before[run.ID] = run.FinishedAt != nil
	}
	if err := r.askToSync(ctx, conn); err != nil {
		return c.so, err
	}
	err = poll(ctx, lookEvery, func() (bool, error) { return c.look(ctx) })
	return c.so, err
}

// look looks at the cycle and says whether it has ended.
func (c *cycle) look(ctx context.Context) (bool, error) {
	conn, err := answer[client.Connection](c.remote.GetConnectionWithResponse(ctx, c.conn.ID))
	if err != nil {
		return false, err
	}
	runs, err := c.remote.syncs(ctx, c.conn)
	if err != nil {
		return false, err
	}
	now := synced{At: c.so.At, Runs: c.latest(runs), Pending: c.so.Pending}
	looked := conn.SyncedAt != nil && (c.conn.SyncedAt == nil || conn.SyncedAt.After(*c.conn.SyncedAt))
	if looked {
		now.At = *conn.SyncedAt
	}
	if looked || len(now.Runs) > 0 {
		health, err := c.remote.health(ctx, c.conn)
		if err != nil {
			return false, err
		}
		now.Pending = health.Freshness.Pending
	}
	counts := now.counts()
	if !now.At.Equal(c.so.At) || counts != c.so.counts() || now.Pending != c.so.Pending {
		c.moved = time.Now()
	}
	c.so = now
	c.seen(now, counts.Done+now.Pending)
	if time.Since(c.moved) > stillFor {
		return false, errors.New("the sync was asked for and has not ended: `starter status` and `starter runs` may tell why")
	}
	return looked && c.ended(), nil
}

// latest returns the runs of the cycle, the latest first, of which runs are those
// that can be seen now.
func (c *cycle) latest(runs []client.Run) []client.Run {
	runs = slices.DeleteFunc(runs, func(run client.Run) bool { return c.before[run.ID] })
	for _, run := range c.so.Runs {
		if !slices.ContainsFunc(runs, func(r client.Run) bool { return r.ID == run.ID }) {
			runs = append(runs, run)
		}
	}
	return runs
}

// ended says whether a cycle that has begun is over: it has sent everything, or
// says why it has not, or begins no other chunk.
func (c *cycle) ended() bool {
	if slices.ContainsFunc(c.so.Runs, func(run client.Run) bool { return run.FinishedAt == nil }) {
		c.quiet = 0
		return false
	}
	c.quiet++
	return c.so.Pending == 0 || len(c.so.Runs) > 0 && c.so.Runs[0].Reason != "" || c.quiet >= quietLooks
}

// counts adds up what became of the records.
func (s synced) counts() client.Counts {
	var sum client.Counts
	for _, run := range s.Runs {
		c := run.Counts
		sum.Total, sum.Done, sum.Landed = sum.Total+c.Total, sum.Done+c.Done, sum.Landed+c.Landed
		sum.Created, sum.Updated, sum.Unchanged = sum.Created+c.Created, sum.Updated+c.Updated, sum.Unchanged+c.Unchanged
		sum.Waiting, sum.Skipped, sum.Failed = sum.Waiting+c.Waiting, sum.Skipped+c.Skipped, sum.Failed+c.Failed
	}
	return sum
}

// syncs returns the latest runs of a connection that a cycle began.
func (r *remote) syncs(ctx context.Context, conn client.Connection) ([]client.Run, error) {
	list, err := answer[client.RunList](r.ListRunsWithResponse(ctx, conn.ID, &client.ListRunsParams{Limit: new(syncsListed)}))
	return slices.DeleteFunc(list.Items, func(run client.Run) bool { return run.Kind != client.RunKindSync }), err
}
