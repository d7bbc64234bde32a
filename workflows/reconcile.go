package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
)

// Reconcile puts in order what Temporal has lost, or has too much of, compared
// with the database. Its Schedule starts it every few minutes.
func Reconcile(ctx workflow.Context) (flow.Reconciled, error) {
	var done flow.Reconciled
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                "supervisors, Schedules, runs",
		StartToCloseTimeout:    5 * time.Minute,
		ScheduleToCloseTimeout: 10 * time.Minute,
		HeartbeatTimeout:       30 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 5 * time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		},
		Priority: temporal.Priority{PriorityKey: prioritySync},
	})
	err := workflow.ExecuteActivity(ctx, runs.Reconcile).Get(ctx, &done)
	return done, err
}
