package main

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lockstep/api/rest"
	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// fakeTemporal notes how workflows are started and told, and answers what a
// test wants.
type fakeTemporal struct {
	client.Client

	options client.StartWorkflowOptions
	update  client.UpdateWorkflowOptions
	signal  string
	arg     any
	input   any
	answer  any
	err     error
}

func (f *fakeTemporal) ExecuteWorkflow(_ context.Context, options client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	f.options, f.input = options, args[0]
	return nil, f.err
}

func (f *fakeTemporal) SignalWithStartWorkflow(_ context.Context, id, signal string, arg any, options client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	f.options, f.input, f.signal, f.arg = options, args[0], id+" "+signal, arg
	return nil, f.err
}

func (f *fakeTemporal) SignalWorkflow(_ context.Context, id, _, signal string, _ any) error {
	f.signal = id + " " + signal
	return f.err
}

func (f *fakeTemporal) NewWithStartWorkflowOperation(options client.StartWorkflowOptions, _ any, args ...any) client.WithStartWorkflowOperation {
	f.options, f.input = options, args[0]
	return struct {
		client.WithStartWorkflowOperation
	}{}
}

func (f *fakeTemporal) UpdateWithStartWorkflow(_ context.Context, options client.UpdateWithStartWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	f.update = options.UpdateOptions
	return &fakeHandle{fakeTemporal: f}, nil
}

type fakeHandle struct {
	client.WorkflowUpdateHandle
	*fakeTemporal
}

func (f *fakeHandle) Get(_ context.Context, out any) error {
	if f.answer != nil {
		reflect.ValueOf(out).Elem().Set(reflect.ValueOf(f.answer))
	}
	return f.err
}

func supervising() (*supervisors, *fakeTemporal, flow.ConnectionInput) {
	f := &fakeTemporal{}
	s := &supervisors{client: f, queue: "q", vendors: make(map[crm.Vendor]rest.Vendor)}
	s.vendors[crm.Salesforce] = rest.Vendor{Label: "Salesforce"}
	return s, f, flow.ConnectionInput{Workspace: uuid.New(), Connection: uuid.New(), Vendor: crm.Salesforce}
}

func TestSupervisorsAreStartedOnceAndReadable(t *testing.T) {
	t.Parallel()
	for name, call := range map[string]func(context.Context, *supervisors, flow.ConnectionInput) error{
		"start": func(ctx context.Context, s *supervisors, in flow.ConnectionInput) error { return s.Start(ctx, in) },
		"signal": func(ctx context.Context, s *supervisors, in flow.ConnectionInput) error {
			return s.Signal(ctx, in, flow.SignalPause)
		},
		"retry": func(ctx context.Context, s *supervisors, in flow.ConnectionInput) error {
			return s.Retry(ctx, in, flow.Request{})
		},
		"update": func(ctx context.Context, s *supervisors, in flow.ConnectionInput) error {
			return s.CompleteAuthorization(ctx, in)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f, in := supervising()

			require.NoError(t, call(t.Context(), s, in))
			require.Equal(t, in, f.input)
			require.Equal(t, flow.ConnectionID(in.Connection), f.options.ID)
			require.Equal(t, "q", f.options.TaskQueue)
			require.Equal(t, enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, f.options.WorkflowIDConflictPolicy)
			require.Equal(t, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, f.options.WorkflowIDReusePolicy)
			require.Equal(t, "Salesforce connection "+in.Connection.String()[:8], f.options.StaticSummary)
			for attr, want := range map[string]string{
				flow.AttrWorkspace: in.Workspace.String(), flow.AttrConnection: in.Connection.String(), flow.AttrVendor: "salesforce",
			} {
				got, ok := f.options.TypedSearchAttributes.GetKeyword(temporal.NewSearchAttributeKeyKeyword(attr))
				require.True(t, ok, attr)
				require.Equal(t, want, got)
			}
		})
	}
}

func TestRetryIsASignalThatNamesTheProblem(t *testing.T) {
	t.Parallel()
	s, f, in := supervising()

	require.NoError(t, s.Retry(t.Context(), in, flow.Request{Problem: lockstep.CodeUnavailable}))
	require.Equal(t, flow.ConnectionID(in.Connection)+" retry-failed", f.signal)
	require.Equal(t, flow.Request{Problem: lockstep.CodeUnavailable, By: flow.AskerAPI}, f.arg)
}

func TestQuestionsAreUpdatesUnderTheCallersKey(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ask  func(ctx context.Context, s *supervisors, in flow.ConnectionInput, key string) error
		args []any
	}{
		flow.UpdateChooseStartingPoint: {
			ask: func(ctx context.Context, s *supervisors, in flow.ConnectionInput, key string) error {
				_, err := s.ChooseStartingPoint(ctx, in, flow.Choice{StartingPoint: lockstep.StartImport}, key)
				return err
			}, args: []any{flow.Choice{StartingPoint: lockstep.StartImport}},
		},
		flow.UpdateApproveMapping: {
			ask: func(ctx context.Context, s *supervisors, in flow.ConnectionInput, key string) error {
				return s.ApproveMapping(ctx, in, flow.MappingReview{Version: 3}, key)
			}, args: []any{flow.MappingReview{Version: 3}},
		},
		flow.UpdateDiscover: {
			ask: func(ctx context.Context, s *supervisors, in flow.ConnectionInput, key string) error {
				return s.Discover(ctx, in, key)
			},
		},
		flow.UpdateDisconnect: {
			ask: func(ctx context.Context, s *supervisors, in flow.ConnectionInput, key string) error {
				return s.Disconnect(ctx, in, flow.Disconnection{KeepMapping: true}, key)
			}, args: []any{flow.Disconnection{KeepMapping: true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f, in := supervising()

			require.NoError(t, test.ask(t.Context(), s, in, "key"))
			want := client.UpdateWorkflowOptions{
				UpdateID: name + "/2c70e12b7a0646f92279f427c7b38e73", WorkflowID: flow.ConnectionID(in.Connection), UpdateName: name,
				Args: test.args, WaitForStage: client.WorkflowUpdateStageCompleted,
			}
			require.Equal(t, want, f.update)
			require.NoError(t, test.ask(t.Context(), s, in, ""))
			require.Empty(t, f.update.UpdateID, "without a key each call is one of its own")
		})
	}
}

func TestChoiceIsAnsweredWithTheRunItStarted(t *testing.T) {
	t.Parallel()
	s, f, in := supervising()
	run := uuid.New()
	f.answer = flow.Started{Run: &run}

	started, err := s.ChooseStartingPoint(t.Context(), in, flow.Choice{StartingPoint: lockstep.StartImport}, "key")
	require.NoError(t, err)
	require.Equal(t, &run, started.Run)
}

// FEATURES: P02
func TestContactIsAWorkflowOfItsOwnThatAnswers(t *testing.T) {
	t.Parallel()
	s, f, in := supervising()
	want := flow.TestContactResult{Run: uuid.New(), Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q1", Elapsed: time.Second}
	f.answer = want

	got, err := s.TestContact(t.Context(), in, "key")
	require.NoError(t, err)
	require.Equal(t, want, got)
	id := flow.TestContactID(in.Connection, "key")
	require.Equal(t, client.UpdateWorkflowOptions{WorkflowID: id, UpdateName: flow.UpdateAnswer, WaitForStage: client.WorkflowUpdateStageCompleted}, f.update)
	require.Equal(t, flow.TestContactInput{ConnectionRef: flow.ConnectionRef{Workspace: in.Workspace, Connection: in.Connection}, Vendor: in.Vendor}, f.input)
	require.Equal(t, id, f.options.ID)
	require.Equal(t, "q", f.options.TaskQueue)
	require.Equal(t, enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, f.options.WorkflowIDConflictPolicy)
	require.Equal(t, enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, f.options.WorkflowIDReusePolicy)
	require.Equal(t, "Salesforce test contact · connection "+in.Connection.String()[:8], f.options.StaticSummary)
	require.Contains(t, f.options.StaticDetails, flow.ConnectionID(in.Connection))
	workspace, ok := f.options.TypedSearchAttributes.GetKeyword(temporal.NewSearchAttributeKeyKeyword(flow.AttrWorkspace))
	require.True(t, ok)
	require.Equal(t, in.Workspace.String(), workspace)
}

func TestWhatASupervisorRefusesIsTold(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]rest.Error{
		flow.RefusedMapping:               {Code: flow.RefusedMapping, Kind: crm.KindConflict},
		flow.RefusedChosen:                {Code: flow.RefusedChosen, Kind: crm.KindConflict},
		string(lockstep.CodeUnauthorized): {Code: lockstep.CodeUnauthorized, Kind: crm.KindUnauthorized},
		string(lockstep.CodeUnavailable):  {Code: lockstep.CodeUnavailable, Kind: crm.KindUnavailable},
		string(lockstep.CodeOwnHouse):     {Code: lockstep.CodeOwnHouse, Kind: crm.KindUnavailable},
		string(crm.ReasonExternalID):      {Code: lockstep.Code(crm.ReasonExternalID), Kind: crm.KindConflict},
		string(lockstep.CodeRunCancelled): {Code: lockstep.CodeRunCancelled, Kind: crm.KindConflict},
	} {
		s, f, in := supervising()
		f.err = temporal.NewNonRetryableApplicationError("planted", kind, nil)

		_, err := s.ChooseStartingPoint(t.Context(), in, flow.Choice{}, "")
		got, ok := errors.AsType[*rest.Error](err)
		require.True(t, ok)
		require.Equal(t, want.Code, got.Code)
		require.Equal(t, want.Kind, got.Kind)
	}
}

func TestTemporalThatDoesNotAnswerIsTold(t *testing.T) {
	t.Parallel()
	s, f, in := supervising()
	f.err = serviceerror.NewUnavailable("planted")

	_, untested := s.TestContact(t.Context(), in, "key")
	for _, err := range []error{untested, s.Retry(t.Context(), in, flow.Request{}), s.Discover(t.Context(), in, ""), s.Start(t.Context(), in), s.Signal(t.Context(), in, flow.SignalResume), s.CompleteAuthorization(t.Context(), in), s.Look(t.Context(), "import/1")} {
		got, ok := errors.AsType[*rest.Error](err)
		require.True(t, ok)
		require.Equal(t, lockstep.Code("supervisor_unreachable"), got.Code)
	}
}

func TestLookingForAWorkflowThatIsGone(t *testing.T) {
	t.Parallel()
	s, f, _ := supervising()

	require.NoError(t, s.Look(t.Context(), "import/1"))
	require.Equal(t, "import/1 "+flow.SignalLook, f.signal)
	f.err = serviceerror.NewNotFound("gone")
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.Look(t.Context(), "import/1")))
}
