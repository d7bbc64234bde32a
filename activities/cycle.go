package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// CycleBook begins and ends the runs that wait for nothing.
type CycleBook interface {
	BeginSync(ctx context.Context, run lockstep.Run, passing []lockstep.Code, rest time.Duration, limit int) (lockstep.Run, error)
	ReleaseRun(ctx context.Context, run lockstep.Run, reason string) (lockstep.Run, error)
}

// restFailed is how long a record rests that failed for a reason which passes
// by itself.
const restFailed = 10 * time.Minute

// Cycle sends what has changed since the last cycle, as far as one chunk goes,
// and what failed for reasons that pass. When nothing has, it asks the CRM
// nothing and leaves no run behind. It never waits for long: what it could not
// send is the next cycle's.
func (a *Records) Cycle(ctx context.Context, in flow.CycleInput) (flow.SyncResult, error) {
	result, err := a.cycle(ctx, in)
	if err != nil && ctx.Err() == nil {
		activity.GetLogger(ctx).Warn("syncing ended early", "kind", crm.KindOf(err))
	}
	return result, forTemporal(err)
}

func (a *Records) cycle(ctx context.Context, in flow.CycleInput) (flow.SyncResult, error) {
	conn, err := a.Book.Connection(ctx, in.Workspace, in.Connection)
	if err != nil {
		return flow.SyncResult{}, err
	}
	if conn.Status != lockstep.StatusLive {
		return flow.SyncResult{Verdict: flow.VerdictStopped}, nil
	}
	if !conn.Syncs(lockstep.SyncContacts) { // what changes meanwhile waits until they are on again
		return flow.SyncResult{Verdict: flow.VerdictEmpty}, nil
	}
	run := lockstep.Run{
		ID: in.Run, WorkspaceID: in.Workspace, ConnectionID: in.Connection, Kind: lockstep.RunSync, LinkUp: lockstep.LinkUpKeys,
	}
	run, err = a.Cycles.BeginSync(ctx, run, lockstep.Passing(), restFailed, chunk.rows)
	if crm.KindOf(err) == crm.KindNotFound {
		return flow.SyncResult{Verdict: flow.VerdictEmpty}, nil
	}
	if err != nil {
		return flow.SyncResult{}, err
	}
	if run.FinishedAt != nil { // an earlier attempt has ended it, and died before it could say so
		return flow.SyncResult{Verdict: flow.VerdictMore, Counts: run.Counts}, nil
	}
	verdict, _, err := a.drain(ctx, conn, flow.ChunkInput(in), chunk)
	if err != nil {
		return flow.SyncResult{}, err
	}
	if verdict == flow.VerdictEmpty && run.Counts.Total >= int64(chunk.rows) { // there may be more than one chunk takes
		verdict = flow.VerdictMore
	}
	run, err = a.Cycles.ReleaseRun(ctx, run, released[verdict])
	return flow.SyncResult{Verdict: verdict, Counts: run.Counts, Epoch: conn.Epoch}, err
}

// released says why a run that does not wait has left rows to the next one.
var released = map[flow.Verdict]string{
	flow.VerdictEmpty:        "",
	flow.VerdictMore:         "",
	flow.VerdictWait:         "The CRM is having trouble. What is left goes with the next sync.",
	flow.VerdictStopped:      "Paused by a person.",
	flow.VerdictCancelled:    "Cancelled by a person.",
	flow.VerdictUnauthorized: "The CRM no longer accepts the login. What is left goes once it is reconnected.",
	flow.VerdictQuota:        "The account has spent its calls for today. What is left goes after the reset.",
	flow.VerdictProvision:    "The external-id field is missing in the CRM. What is left goes once it is there again.",
	flow.VerdictSuperseded:   "The connection was disconnected.",
}
