package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lockstep/api/rest"
	"lockstep/internal/crm"
	"lockstep/internal/dial"
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
	o := s.startedOnce(flow.ConnectionID(in.Connection), in)
	o.StaticSummary = s.label(in) + " connection " + in.Connection.String()[:8]
	o.StaticDetails = flow.SupervisorDetails(in.Connection)
	return o
}

// testOptions says how a test contact is sent, if that one is not under way.
func (s *supervisors) testOptions(id string, in flow.ConnectionInput) client.StartWorkflowOptions {
	o := s.startedOnce(id, in)
	o.StaticSummary = s.label(in) + " test contact · connection " + in.Connection.String()[:8]
	o.StaticDetails = "Sends one labelled contact the way that all records go, and says what became of it. However often it is sent, it is one " +
		"record in the CRM. Its connection is `" + flow.ConnectionID(in.Connection) + "`."
	return o
}

// label returns the CRM's name as people write it.
func (s *supervisors) label(in flow.ConnectionInput) string {
	return cmp.Or(s.vendors[in.Vendor].Label, string(in.Vendor))
}

// startedOnce says how a workflow of a connection is started when none of that
// id runs, and joined when one does.
func (s *supervisors) startedOnce(id string, in flow.ConnectionInput) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       id,
		TaskQueue:                s.queue,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		TypedSearchAttributes:    dial.Attributes(flow.ConnectionRef{Workspace: in.Workspace, Connection: in.Connection}, in.Vendor),
	}
}

// Start implements rest.Supervisors.
func (s *supervisors) Start(ctx context.Context, in flow.ConnectionInput) error {
	_, err := s.client.ExecuteWorkflow(ctx, s.options(in), flow.ConnectionName, in)
	return unreached("temporal.start", err)
}

// Signal implements rest.Supervisors.
func (s *supervisors) Signal(ctx context.Context, in flow.ConnectionInput, signal string) error {
	return s.signal(ctx, in, signal, flow.Request{By: flow.AskerAPI})
}

// Retry implements rest.Supervisors.
func (s *supervisors) Retry(ctx context.Context, in flow.ConnectionInput, retry flow.Request) error {
	retry.By = flow.AskerAPI
	return s.signal(ctx, in, flow.SignalRetryFailed, retry)
}

func (s *supervisors) signal(ctx context.Context, in flow.ConnectionInput, signal string, arg any) error {
	_, err := s.client.SignalWithStartWorkflow(ctx, flow.ConnectionID(in.Connection), signal, arg, s.options(in), flow.ConnectionName, in)
	return unreached("temporal.signal", err)
}

// CompleteAuthorization implements rest.Supervisors.
func (s *supervisors) CompleteAuthorization(ctx context.Context, in flow.ConnectionInput) error {
	return s.update(ctx, in, flow.UpdateCompleteAuthorization, "", nil)
}

// ChooseStartingPoint implements rest.Supervisors.
func (s *supervisors) ChooseStartingPoint(ctx context.Context, in flow.ConnectionInput, choice flow.Choice, key string) (flow.Started, error) {
	var started flow.Started
	err := s.update(ctx, in, flow.UpdateChooseStartingPoint, key, &started, choice)
	return started, err
}

// ApproveMapping implements rest.Supervisors.
func (s *supervisors) ApproveMapping(ctx context.Context, in flow.ConnectionInput, review flow.MappingReview, key string) error {
	return s.update(ctx, in, flow.UpdateApproveMapping, key, nil, review)
}

// Discover implements rest.Supervisors.
func (s *supervisors) Discover(ctx context.Context, in flow.ConnectionInput, key string) error {
	return s.update(ctx, in, flow.UpdateDiscover, key, nil)
}

// Disconnect implements rest.Supervisors.
func (s *supervisors) Disconnect(ctx context.Context, in flow.ConnectionInput, how flow.Disconnection, key string) error {
	return s.update(ctx, in, flow.UpdateDisconnect, key, nil, how)
}

// TestContact implements rest.Supervisors.
func (s *supervisors) TestContact(ctx context.Context, in flow.ConnectionInput, key string) (flow.TestContactResult, error) {
	id := flow.TestContactID(in.Connection, key)
	input := flow.TestContactInput{ConnectionRef: flow.ConnectionRef{Workspace: in.Workspace, Connection: in.Connection}, Vendor: in.Vendor}
	start := s.client.NewWithStartWorkflowOperation(s.testOptions(id, in), flow.TestContactName, input)
	var result flow.TestContactResult
	err := s.ask(ctx, start, client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: flow.UpdateAnswer}, &result)
	return result, err
}

// update sends an update to a supervisor, which is started if none runs, and
// waits for what it answers. What a caller asks with one key is one update for
// each kind of update: keys are the callers', and one may stand in two requests.
func (s *supervisors) update(ctx context.Context, in flow.ConnectionInput, name, key string, out any, args ...any) error {
	update := client.UpdateWorkflowOptions{WorkflowID: flow.ConnectionID(in.Connection), UpdateName: name, Args: args}
	if key != "" {
		sum := sha256.Sum256([]byte(key)) // a history keeps it, and it may be somebody's e-mail address
		update.UpdateID = name + "/" + hex.EncodeToString(sum[:16])
	}
	return s.ask(ctx, s.client.NewWithStartWorkflowOperation(s.options(in), flow.ConnectionName, in), update, out)
}

// ask sends an update to a workflow that is started if it does not run, and
// waits for what it answers.
func (s *supervisors) ask(ctx context.Context, start client.WithStartWorkflowOperation, update client.UpdateWorkflowOptions, out any) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	update.WaitForStage = client.WorkflowUpdateStageCompleted
	handle, err := s.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{StartWorkflowOperation: start, UpdateOptions: update})
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
	switch {
	case i >= 0:
		r.Kind = crm.Kinds()[i]
	case r.Code == lockstep.CodeOwnHouse: // it decides nothing, and may be asked again
		r.Kind = crm.KindUnavailable
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
