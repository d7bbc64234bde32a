package workflows

import (
	"time"

	"github.com/google/uuid"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// TestContact sends the workspace's test contact through the path that every
// record takes and answers what became of it, to whoever asks with the update
// `answer`.
func TestContact(ctx workflow.Context, in flow.TestContactInput) (flow.TestContactResult, error) {
	var (
		result flow.TestContactResult
		failed error
		done   bool
	)
	err := workflow.SetUpdateHandler(ctx, flow.UpdateAnswer, func(ctx workflow.Context) (flow.TestContactResult, error) {
		err := workflow.Await(ctx, func() bool { return done })
		if err == nil {
			err = failed
		}
		return result, err
	})
	if err != nil {
		return result, err
	}
	run := flow.TestContactRun{ConnectionRef: in.ConnectionRef, Run: testRun(ctx)}
	failed = workflow.ExecuteActivity(test(ctx, in.ConnectionRef), records.TestContact, run).Get(ctx, &result)
	if failed == nil && result.Problem == lockstep.CodeUnauthorized {
		failed = suspend(ctx, in.ConnectionRef, result.Epoch)
	}
	done = true
	if err := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); err != nil {
		return result, err
	}
	return result, failed
}

// testRun returns the run's id: the workflow's own, so that one is begun
// however often the activity is tried.
func testRun(ctx workflow.Context) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(workflow.GetInfo(ctx).WorkflowExecution.RunID))
}

// test bounds a test contact: somebody is looking at it.
func test(ctx workflow.Context, ref flow.ConnectionRef) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                "test contact",
		StartToCloseTimeout:    time.Minute,
		ScheduleToCloseTimeout: 2 * time.Minute,
		HeartbeatTimeout:       15 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: 10 * time.Second,
		},
		Priority: temporal.Priority{PriorityKey: priorityPerson, FairnessKey: ref.Workspace.String()},
	})
}
