package main

import (
	"context"
	"errors"

	"github.com/google/uuid"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lockstep/activities"
	"lockstep/internal/crm"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
)

// starts implements activities.Workflows with a Temporal client.
type starts struct {
	client  client.Client
	queues  flow.Queues
	vendors map[crm.Vendor]activities.Facts
}

var _ activities.Workflows = (*starts)(nil)

// StartSupervisor implements activities.Workflows.
func (s *starts) StartSupervisor(ctx context.Context, in flow.ConnectionInput) error {
	_, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       flow.ConnectionID(in.Connection),
		TaskQueue:                s.queues.Interactive,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            s.vendors[in.Vendor].Label + " connection " + in.Connection.String()[:8],
		StaticDetails:            flow.SupervisorDetails(in.Connection),
		TypedSearchAttributes:    dial.Attributes(flow.ConnectionRef{Workspace: in.Workspace, Connection: in.Connection}, in.Vendor),
	}, flow.ConnectionName, in)
	return reached("temporal.start", err)
}

// StartImport implements activities.Workflows. The import before it may not
// have closed yet: then the caller has to come again.
func (s *starts) StartImport(ctx context.Context, in flow.RunInput) error {
	return s.startRun(ctx, in, client.StartWorkflowOptions{
		ID:            flow.ImportID(in.Connection),
		TaskQueue:     s.queues.Bulk,
		StaticSummary: s.vendors[in.Vendor].Label + " import · connection " + in.Connection.String()[:8],
		StaticDetails: "Writes every record that was marked for run `" + in.Run.String() + "` to the CRM. " +
			"Progress is under *Current Details*; pause and resume by signalling `" + flow.ConnectionID(in.Connection) + "`.",
	}, flow.ImportName)
}

// StartRetry implements activities.Workflows.
func (s *starts) StartRetry(ctx context.Context, in flow.RunInput) error {
	return s.startRun(ctx, in, client.StartWorkflowOptions{
		ID:            flow.RetryID(in.Connection),
		TaskQueue:     s.queues.Interactive,
		StaticSummary: s.vendors[in.Vendor].Label + " retry · connection " + in.Connection.String()[:8],
		StaticDetails: "Sends again what had failed and was marked for run `" + in.Run.String() + "`. Progress is under *Current Details*.",
	}, flow.RetryFailedName)
}

// startRun starts the workflow of a run, unless it runs already.
func (s *starts) startRun(ctx context.Context, in flow.RunInput, options client.StartWorkflowOptions, name string) error {
	run := temporal.NewSearchAttributeKeyKeyword(flow.AttrRun)
	options.WorkflowExecutionErrorWhenAlreadyStarted = true
	options.TypedSearchAttributes = dial.Attributes(in.ConnectionRef, in.Vendor, run.ValueSet(in.Run.String()))
	_, err := s.client.ExecuteWorkflow(ctx, options, name, in)
	if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return reached("temporal.start", err)
	}
	there, err := s.client.DescribeWorkflow(ctx, options.ID, "")
	if err != nil {
		return reached("temporal.describe", err)
	}
	if id, _ := there.TypedSearchAttributes.GetKeyword(run); id != in.Run.String() {
		return &crm.Error{Kind: crm.KindUnavailable, Op: "temporal.start", Code: "run_closing"}
	}
	return nil
}

// WakeSupervisor implements activities.Workflows.
func (s *starts) WakeSupervisor(ctx context.Context, connection uuid.UUID) error {
	return s.signal(ctx, flow.ConnectionID(connection), flow.SignalSettings, flow.Request{By: flow.AskerSelf})
}

// Look implements activities.Workflows.
func (s *starts) Look(ctx context.Context, workflowID string) error {
	return s.signal(ctx, workflowID, flow.SignalLook, nil)
}

func (s *starts) signal(ctx context.Context, workflowID, name string, arg any) error {
	err := s.client.SignalWorkflow(ctx, workflowID, "", name, arg)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return nil
	}
	return reached("temporal.signal", err)
}

// reached turns a failure to reach Temporal into one that is tried again.
func reached(op string, err error) error {
	if err == nil {
		return nil
	}
	return &crm.Error{Kind: crm.KindUnavailable, Op: op, Err: err}
}
