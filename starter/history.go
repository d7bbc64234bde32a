package main

import (
	"context"
	"fmt"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/dial"
)

// temporalActions returns how many billable actions the workflow with this id
// has taken, over all runs of its chain.
func temporalActions(ctx context.Context, at config.Temporal, workflow string) (int, error) {
	c, err := dial.Temporal(ctx, at, zap.NewNop())
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.GetWorkflow(ctx, workflow, "").Get(ctx, nil); err != nil { // its run ends a moment before it does
		return 0, fmt.Errorf("waiting for %s to close: %w", workflow, err)
	}
	total := 0
	for run, more := "", true; more; more = run != "" { // the last run first
		events, err := exported(ctx, c, workflow, run)
		if err != nil {
			return 0, err
		}
		total += actions(events)
		run = events[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId()
	}
	return total, nil
}

func exported(ctx context.Context, c client.Client, workflow, run string) ([]*history.HistoryEvent, error) {
	var events []*history.HistoryEvent
	all := c.GetWorkflowHistory(ctx, workflow, run, false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for all.HasNext() {
		event, err := all.Next()
		if err != nil {
			return nil, fmt.Errorf("exporting the history of %s: %w", workflow, err)
		}
		events = append(events, event)
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("exporting the history of %s: it is empty", workflow)
	}
	return events, nil
}

// actions counts the billable actions of a history by the types of its events
// (docs.temporal.io/evaluate/cloud/actions): starting, also by continue-as-new,
// 1; an activity 1 and each further attempt 1; a timer, a signal, an update and
// an upsert of search attributes 1 each; a child workflow 2, of which its own
// start is one.
//
// Two kinds are in no history and not counted: heartbeats that reach the server,
// and updates that were rejected.
func actions(events []*history.HistoryEvent) int {
	n := 0
	for _, e := range events {
		//nolint:exhaustive // of some sixty types, those that cost
		switch e.GetEventType() {
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
			enums.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
			enums.EVENT_TYPE_TIMER_STARTED,
			enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED,
			enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED,
			enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES,
			enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
			n++
		case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED: // one event for all attempts, once they are over
			n += int(e.GetActivityTaskStartedEventAttributes().GetAttempt()) - 1
		}
	}
	return n
}
