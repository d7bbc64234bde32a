package workflows

import (
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// Import drains the rows that were marked for its run, chunk after chunk, until
// each has its outcome. A person can pause, resume or cancel it; a dead grant, a
// spent quota and a long outage park it, open and explained, until they are
// over. It never fails for what a CRM does.
func Import(ctx workflow.Context, in flow.RunInput) (lockstep.Counts, error) {
	return drainRun(ctx, in, flow.ImportName, priorityBulk)
}
