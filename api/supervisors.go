package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lockstep/api/rest"
	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// answerWithin bounds how long a supervisor's answer is waited for: choosing to
// import marks every record there is.
const answerWithin = time.Minute

// supervisors implements rest.Supervisors with a Temporal client.
type supervisors struct {
	client  client.Client
	queue   string
	vendors map[crm.Vendor]rest.Vendor
}

var _ rest.Supervisors = (*supervisors)(nil)

// options says how a supervisor is started, if none runs.
func (s *supervisors) options(in flow.ConnectionInput) client.StartWorkflowOptions {
	label := cmp.Or(s.vendors[in.Vendor].Label, string(in.Vendor))
	return client.StartWorkflowOptions{
		ID:                       flow.ConnectionID(in.Connection),
		TaskQueue:                s.queue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:            label + " connection " + in.Connection.String()[:8],
		StaticDetails: "Sets the connection up, then waits for what is asked for. Signal `" + flow.SignalPause + "`, `" + flow.SignalResume +
			"` or `" + flow.SignalResync + "` from here. Its import is `" + flow.ImportID(in.Connection) + "`.",
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(flow.AttrWorkspace).ValueSet(in.Workspace.String()),
			temporal.NewSearchAttributeKeyKeyword(flow.AttrConnection).ValueSet(in.Connection.String()),
			temporal.NewSearchAttributeKeyKeyword(flow.AttrVendor).ValueSet(string(in.Vendor)),
		),
	}
}

// Start implements rest.Supervisors.
func (s *supervisors) Start(ctx context.Context, in flow.ConnectionInput) error {
	_, err := s.client.ExecuteWorkflow(ctx, s.options(in), flow.ConnectionName, in)
	return unreached("temporal.start", err)
}

// Signal implements rest.Supervisors.
func (s *supervisors) Signal(ctx context.Context, in flow.ConnectionInput, signal string) error {
	_, err := s.client.SignalWithStartWorkflow(ctx, flow.ConnectionID(in.Connection), signal, nil, s.options(in), flow.ConnectionName, in)
	return unreached("temporal.signal", err)
}

// CompleteAuthorization implements rest.Supervisors.
func (s *supervisors) CompleteAuthorization(ctx context.Context, in flow.ConnectionInput) error {
	return s.update(ctx, in, client.UpdateWorkflowOptions{UpdateName: flow.UpdateCompleteAuthorization}, nil)
}

// ChooseStartingPoint implements rest.Supervisors.
func (s *supervisors) ChooseStartingPoint(ctx context.Context, in flow.ConnectionInput, choice flow.Choice, key string) (flow.Started, error) {
	var started flow.Started
	err := s.update(ctx, in, client.UpdateWorkflowOptions{
		UpdateID: key, UpdateName: flow.UpdateChooseStartingPoint, Args: []any{choice},
	}, &started)
	return started, err
}

// update sends an update, to a supervisor that is started if none runs, and
// waits for what it answers.
func (s *supervisors) update(ctx context.Context, in flow.ConnectionInput, update client.UpdateWorkflowOptions, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	update.WorkflowID = flow.ConnectionID(in.Connection)
	update.WaitForStage = client.WorkflowUpdateStageCompleted
	handle, err := s.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: s.client.NewWithStartWorkflowOperation(s.options(in), flow.ConnectionName, in),
		UpdateOptions:          update,
	})
	if err == nil {
		err = handle.Get(ctx, out)
	}
	if app, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return refused(app)
	}
	return unreached("temporal.update", err)
}

// refused tells what a supervisor refused with: the type of its error is a
// problem's code, and some codes stand for a kind of failure.
func refused(app *temporal.ApplicationError) error {
	r := &rest.Error{Code: lockstep.Code(app.Type()), Kind: crm.KindConflict, Err: app}
	i := slices.IndexFunc(crm.Kinds(), func(k crm.Kind) bool { return lockstep.CodeOf(&crm.Error{Kind: k}) == r.Code })
	if i >= 0 {
		r.Kind = crm.Kinds()[i]
	}
	return r
}

// Look implements rest.Supervisors.
func (s *supervisors) Look(ctx context.Context, workflowID string) error {
	err := s.client.SignalWorkflow(ctx, workflowID, "", flow.SignalLook, nil)
	if _, gone := errors.AsType[*serviceerror.NotFound](err); gone {
		return &crm.Error{Kind: crm.KindNotFound, Op: "temporal.signal", Err: err}
	}
	return unreached("temporal.signal", err)
}

// unreached says that Temporal, or a worker, could not be reached in time.
func unreached(op string, err error) error {
	if err == nil {
		return nil
	}
	return &rest.Error{Code: "supervisor_unreachable", Err: &crm.Error{Kind: crm.KindUnavailable, Op: op, Err: err}}
}
