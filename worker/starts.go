package main

import (
	"context"
	"errors"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
)

// starts implements activities.Workflows with a Temporal client.
type starts struct {
	client client.Client
	queues flow.Queues
}

// StartImport starts the import of a run, unless it runs already. The one
// before it may not have closed yet: then the caller has to come again.
func (s *starts) StartImport(ctx context.Context, in flow.ImportInput) error {
	run := temporal.NewSearchAttributeKeyKeyword(flow.AttrRun)
	_, err := s.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       flow.ImportID(in.Connection),
		TaskQueue:                                s.queues.Bulk,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            string(in.Vendor) + " import · connection " + in.Connection.String()[:8],
		StaticDetails: "Writes every record that was marked for run `" + in.Run.String() + "` to the CRM. " +
			"Progress is under *Current Details*; pause and resume by signalling `" + flow.ConnectionID(in.Connection) + "`.",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(flow.AttrWorkspace).ValueSet(in.Workspace.String()),
			temporal.NewSearchAttributeKeyKeyword(flow.AttrConnection).ValueSet(in.Connection.String()),
			temporal.NewSearchAttributeKeyKeyword(flow.AttrVendor).ValueSet(string(in.Vendor)),
			run.ValueSet(in.Run.String()),
		),
	}, flow.ImportName, in)
	if !temporal.IsWorkflowExecutionAlreadyStartedError(err) {
		return reached("temporal.start", err)
	}
	there, err := s.client.DescribeWorkflow(ctx, flow.ImportID(in.Connection), "")
	if err != nil {
		return reached("temporal.describe", err)
	}
	if id, _ := there.TypedSearchAttributes.GetKeyword(run); id != in.Run.String() {
		return &crm.Error{Kind: crm.KindUnavailable, Op: "temporal.start", Code: "import_closing"}
	}
	return nil
}

// Look wakes a workflow, if it is there.
func (s *starts) Look(ctx context.Context, workflowID string) error {
	err := s.client.SignalWorkflow(ctx, workflowID, "", flow.SignalLook, nil)
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
