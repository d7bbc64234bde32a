package workflows

import (
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// RetryFailed drains what had failed and was marked again because a person
// asked. More may be marked for it while it runs. It waits and parks as Import
// does, and a person is told how it went by its counts.
func RetryFailed(ctx workflow.Context, in flow.RunInput) (lockstep.Counts, error) {
	return drainRun(ctx, in, flow.RetryFailedName, priorityRetry)
}
