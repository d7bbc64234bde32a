package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lockstep/internal/flow"
)

// reconcileEvery is how often what Temporal has is compared with the database.
const reconcileEvery = 5 * time.Minute

// Supervisors implements activities.Estate.
func (s *schedules) Supervisors(ctx context.Context) (map[uuid.UUID]bool, error) {
	query := fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND TaskQueue = '%s'", flow.ConnectionName, s.queues.Interactive)
	found := make(map[uuid.UUID]bool)
	for token := []byte(nil); ; {
		page, err := s.client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: query, PageSize: listPage, NextPageToken: token,
		})
		if err != nil {
			return nil, reached("temporal.list", err)
		}
		for _, there := range page.GetExecutions() {
			if connection, ok := flow.ConnectionOf(flow.ConnectionID, there.GetExecution().GetWorkflowId()); ok {
				found[connection] = true
			}
		}
		if token = page.GetNextPageToken(); len(token) == 0 {
			return found, nil
		}
	}
}

// keepReconciling makes sure that the reconciler's Schedule is there, and lets
// it run now: a worker starts after something has ended.
func (s *schedules) keepReconciling(ctx context.Context) error {
	_, err := s.client.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID:            flow.ReconcileID(s.queues),
		Spec:          client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: reconcileEvery}}, Jitter: jitter},
		Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: reconcileEvery,
		Action: &client.ScheduleWorkflowAction{
			ID: flow.ReconcileID(s.queues), Workflow: flow.ReconcileName, TaskQueue: s.queues.Interactive,
			StaticSummary: "puts in order what Temporal has lost",
		},
		TriggerImmediately: true,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = s.client.ScheduleClient().GetHandle(ctx, flow.ReconcileID(s.queues)).Trigger(ctx, client.ScheduleTriggerOptions{})
	}
	if err != nil {
		return fmt.Errorf("scheduling the reconciler: %w", err)
	}
	return nil
}
