// Package workflows decides: what happens next to a connection or a run, and
// what it waits for, be that a person, an outage or a quota. One file holds one
// workflow, written as a plain function that reads like the process.
//
// It does no I/O: what has to be done is in package activities, which it names
// by nil pointers and never calls. A history keeps ids, counts and verdicts
// alone.
package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lockstep/activities"
	"lockstep/internal/flow"
)

// Register adds every workflow to w under its name in package flow.
func Register(w worker.WorkflowRegistry) {
	w.RegisterWorkflowWithOptions(Connection, workflow.RegisterOptions{Name: flow.ConnectionName})
	w.RegisterWorkflowWithOptions(Import, workflow.RegisterOptions{Name: flow.ImportName})
	w.RegisterWorkflowWithOptions(Sync, workflow.RegisterOptions{Name: flow.SyncName})
	w.RegisterWorkflowWithOptions(RetryFailed, workflow.RegisterOptions{Name: flow.RetryFailedName})
	w.RegisterWorkflowWithOptions(TestContact, workflow.RegisterOptions{Name: flow.TestContactName})
	w.RegisterWorkflowWithOptions(Reconcile, workflow.RegisterOptions{Name: flow.ReconcileName})
}

// The names of activities; the pointers are nil and never called.
var (
	records     *activities.Records
	runs        *activities.Runs
	connections *activities.Connections
)

// The priorities of activities: what a person waits for comes first.
const (
	priorityPerson = 1
	prioritySync   = 3
	priorityRetry  = 4
	priorityBulk   = 5
)

// prompt bounds what a person waits for, and what only touches our database. A
// day without a database is waited out.
func prompt(ctx workflow.Context, ref flow.ConnectionRef, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		Summary:                summary,
		StartToCloseTimeout:    2 * time.Minute,
		ScheduleToCloseTimeout: 24 * time.Hour,
		HeartbeatTimeout:       10 * time.Second, // what a killed worker had in hand is begun again soon
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second,
		},
		Priority: temporal.Priority{PriorityKey: priorityPerson, FairnessKey: ref.Workspace.String()},
	})
}

// once is prompt for what an update waits for: a person is told of a failure
// rather than kept waiting for its repetition.
func once(ctx workflow.Context, ref flow.ConnectionRef, summary string) workflow.Context {
	return workflow.WithRetryPolicy(prompt(ctx, ref, summary), temporal.RetryPolicy{
		InitialInterval: 500 * time.Millisecond, BackoffCoefficient: 2, MaximumAttempts: 4,
	})
}

// chunk bounds one chunk of a run. Retrying is for crashes and for our own
// database's absence: what a vendor refuses is settled row by row. A heartbeat
// every few seconds tells that the worker lives, and a chunk whose worker dies
// again and again is back as soon as the first time.
func chunk(ctx workflow.Context, queue string, priority int, ref flow.ConnectionRef, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		Summary:                summary,
		StartToCloseTimeout:    10 * time.Minute,
		ScheduleToCloseTimeout: 24 * time.Hour,
		HeartbeatTimeout:       15 * time.Second,
		WaitForCancellation:    true,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: time.Second, BackoffCoefficient: 1.1, MaximumInterval: 30 * time.Second,
		},
		Priority: temporal.Priority{PriorityKey: priority, FairnessKey: ref.Workspace.String()},
	})
}
