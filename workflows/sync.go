package workflows

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// syncTime is how long one cycle goes on with more: what is left then is the
// next one's, so that a Schedule is never blocked.
const syncTime = 4 * time.Minute

// Sync is one cycle of a connection's Schedule: it sends what has changed since
// the last one, and ends with a verdict. It never waits for a person, a quota or
// an outage: the next cycle looks again.
func Sync(ctx workflow.Context, in flow.SyncInput) (flow.SyncResult, error) {
	start := workflow.Now(ctx)
	var total flow.SyncResult
	for n := 1; ; n++ {
		var out flow.SyncResult
		cycle := flow.CycleInput{ConnectionRef: in.ConnectionRef, Run: cycleRun(ctx, n)}
		err := workflow.ExecuteActivity(tick(ctx, in.ConnectionRef, fmt.Sprintf("changes, chunk %d", n)), records.Cycle, cycle).Get(ctx, &out)
		if err != nil {
			return total, err
		}
		total.Verdict, total.Counts = out.Verdict, total.Counts.Plus(out.Counts)
		workflow.SetCurrentDetails(ctx, details(flow.ChunkResult{Verdict: out.Verdict, Counts: total.Counts}))
		if out.Verdict != flow.VerdictMore || workflow.Now(ctx).Sub(start) > syncTime {
			return total, settleSync(ctx, in, out)
		}
	}
}

// settleSync does what a verdict asks for that a next cycle would meet again.
func settleSync(ctx workflow.Context, in flow.SyncInput, out flow.SyncResult) error {
	switch out.Verdict {
	case flow.VerdictUnauthorized:
		return suspend(ctx, in.ConnectionRef, out.Epoch)
	case flow.VerdictProvision:
		err := workflow.ExecuteActivity(tick(ctx, in.ConnectionRef, "provision the external-id field"), connections.SetUp, in.ConnectionRef).Get(ctx, nil)
		if err != nil {
			return err
		}
		return workflow.SignalExternalWorkflow(ctx, flow.ConnectionID(in.Connection), "", flow.SignalResync, flow.Request{By: flow.AskerSelf}).Get(ctx, nil)
	case flow.VerdictEmpty, flow.VerdictMore, flow.VerdictWait, flow.VerdictStopped, flow.VerdictCancelled, flow.VerdictQuota, flow.VerdictSuperseded:
	}
	return nil
}

// suspend says that the connection's authorisation of an epoch is lost, which
// stops its Schedule until somebody has reconnected it.
func suspend(ctx workflow.Context, ref flow.ConnectionRef, epoch int64) error {
	lost := flow.StatusChange{ConnectionRef: ref, Status: lockstep.StatusUnauthorized, Problem: lockstep.CodeUnauthorized, Epoch: epoch}
	return workflow.ExecuteActivity(prompt(ctx, ref, "authorisation lost"), connections.SetStatus, lost).Get(ctx, nil)
}

// cycleRun returns the id of the n-th run of a cycle: the same however often
// the activity that begins it is tried.
func cycleRun(ctx workflow.Context, n int) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s/%d", workflow.GetInfo(ctx).WorkflowExecution.RunID, n))
}

// tick bounds one chunk of a sync: it is tried again after a crash, and given up
// in time for the next cycle.
func tick(ctx workflow.Context, ref flow.ConnectionRef, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    3 * time.Minute,
		ScheduleToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:       15 * time.Second,
		WaitForCancellation:    true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 1.5, MaximumInterval: 30 * time.Second,
		},
		Priority: temporal.Priority{PriorityKey: prioritySync, FairnessKey: ref.Workspace.String()},
	})
}
