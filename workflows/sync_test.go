package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/workflows"
)

// syncBundle is a Sync in the test environment, with a script of what its
// chunks answer.
type syncBundle struct {
	env  *testsuite.TestWorkflowEnvironment
	in   flow.SyncInput
	runs []uuid.UUID
}

func setupSync(t *testing.T, answers ...flow.SyncResult) *syncBundle {
	t.Helper()
	return setupSlowSync(t, 0, answers...)
}

// setupSlowSync is setupSync with chunks that take a while.
func setupSlowSync(t *testing.T, slow time.Duration, answers ...flow.SyncResult) *syncBundle {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &syncBundle{
		env: suite.NewTestWorkflowEnvironment(),
		in:  flow.SyncInput{ConnectionRef: flow.ConnectionRef{Workspace: uuid.New(), Connection: uuid.New()}, Vendor: "salesforce"},
	}
	b.env.OnActivity(records.Cycle, mock.Anything, mock.Anything).After(slow).Return(func(_ context.Context, in flow.CycleInput) (flow.SyncResult, error) {
		b.runs = append(b.runs, in.Run)
		return answers[min(len(b.runs), len(answers))-1], nil
	}).Maybe()
	return b
}

func (b *syncBundle) run(t *testing.T) flow.SyncResult {
	t.Helper()
	b.env.ExecuteWorkflow(workflows.Sync, b.in)
	require.NoError(t, b.env.GetWorkflowError())
	var out flow.SyncResult
	require.NoError(t, b.env.GetWorkflowResult(&out))
	return out
}

// FEATURES: J01
func TestIdleCycleIsOneActivity(t *testing.T) {
	t.Parallel()
	b := setupSync(t, flow.SyncResult{Verdict: flow.VerdictEmpty})
	require.Equal(t, flow.VerdictEmpty, b.run(t).Verdict)
	require.Len(t, b.runs, 1)
}

func TestCycleGoesOnWhileThereIsMoreAndAddsUp(t *testing.T) {
	t.Parallel()
	more := flow.SyncResult{Verdict: flow.VerdictMore, Counts: lockstep.Counts{Total: 10, Updated: 10}}
	b := setupSync(t, more, more, flow.SyncResult{Verdict: flow.VerdictEmpty, Counts: lockstep.Counts{Total: 1, Failed: 1}})
	out := b.run(t)

	require.Equal(t, lockstep.Counts{Total: 21, Updated: 20, Failed: 1}, out.Counts)
	require.Len(t, b.runs, 3)
	require.NotEqual(t, b.runs[0], b.runs[1], "each chunk is a run of its own")
}

func TestCycleEndsBeforeItWouldBlockItsSchedule(t *testing.T) {
	t.Parallel()
	b := setupSlowSync(t, time.Minute, flow.SyncResult{Verdict: flow.VerdictMore})
	start := b.env.Now()
	b.run(t)
	require.Less(t, b.env.Now().Sub(start), 6*time.Minute)
}

func TestCycleThatCannotWriteEndsAllTheSame(t *testing.T) {
	t.Parallel()

	for _, verdict := range []flow.Verdict{
		flow.VerdictWait, flow.VerdictQuota, flow.VerdictStopped, flow.VerdictSuperseded, flow.VerdictCancelled,
	} {
		b := setupSync(t, flow.SyncResult{Verdict: verdict})
		require.Equal(t, verdict, b.run(t).Verdict)
		require.Len(t, b.runs, 1, "the next cycle looks again")
	}
}

// FEATURES: S05
func TestCycleThatMeetsADeadLoginSaysSo(t *testing.T) {
	t.Parallel()
	b := setupSync(t, flow.SyncResult{Verdict: flow.VerdictUnauthorized})
	var told []flow.StatusChange
	b.env.OnActivity(connections.SetStatus, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.StatusChange) error {
		told = append(told, in)
		return nil
	})
	b.run(t)

	require.Equal(t, []flow.StatusChange{{
		ConnectionRef: b.in.ConnectionRef, Status: lockstep.StatusUnauthorized, Problem: lockstep.CodeUnauthorized,
	}}, told)
}

func TestCycleThatMissesTheExternalIDFieldPutsItBackAndAsksForAResync(t *testing.T) {
	t.Parallel()
	b := setupSync(t, flow.SyncResult{Verdict: flow.VerdictProvision})
	b.env.OnActivity(connections.SetUp, mock.Anything, mock.Anything).Return(nil).Once()
	b.env.OnSignalExternalWorkflow(mock.Anything, flow.ConnectionID(b.in.Connection), "", flow.SignalResync, mock.Anything).Return(nil).Once()
	b.run(t)
	b.env.AssertExpectations(t)
}

// testContactBundle is a TestContact in the test environment.
func setupTestContact(t *testing.T, answer func() (flow.TestContactResult, error)) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.OnActivity(records.TestContact, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.TestContactRun) (flow.TestContactResult, error) {
		out, err := answer()
		out.Run = in.Run
		return out, err
	})
	return env
}

// FEATURES: P02
func TestEverybodyWhoAsksForATestContactIsAnswered(t *testing.T) {
	t.Parallel()
	env := setupTestContact(t, func() (flow.TestContactResult, error) {
		return flow.TestContactResult{Outcome: lockstep.OutcomeCreated, CRMID: "003"}, nil
	})
	var answers []flow.TestContactResult
	env.RegisterDelayedCallback(func() {
		for _, id := range []string{"a", "b"} {
			env.UpdateWorkflow(flow.UpdateAnswer, id, &testsuite.TestUpdateCallback{
				OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) },
				OnComplete: func(out any, err error) {
					require.NoError(t, err)
					answers = append(answers, out.(flow.TestContactResult))
				},
			})
		}
	}, 0)
	env.ExecuteWorkflow(workflows.TestContact, flow.TestContactInput{})

	require.NoError(t, env.GetWorkflowError())
	require.Len(t, answers, 2)
	require.Equal(t, answers[0], answers[1])
	require.Equal(t, "003", answers[0].CRMID)
}

func TestTestContactThatFailsForABugSaysSoToWhoeverAsks(t *testing.T) {
	t.Parallel()
	env := setupTestContact(t, func() (flow.TestContactResult, error) {
		return flow.TestContactResult{}, temporal.NewNonRetryableApplicationError("x: internal", "internal", nil)
	})
	var told error
	env.RegisterDelayedCallback(func() {
		env.UpdateWorkflow(flow.UpdateAnswer, "a", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { told = err }, OnComplete: func(_ any, err error) { told = err },
		})
	}, 0)
	env.ExecuteWorkflow(workflows.TestContact, flow.TestContactInput{})

	require.Error(t, told)
	require.Error(t, env.GetWorkflowError())
}

func TestRetryGoesOnWhenMoreWasMarkedForItMeanwhile(t *testing.T) {
	t.Parallel()
	b := setupImport(t, flow.ChunkResult{Verdict: flow.VerdictEmpty})
	b.more = 1
	b.env.ExecuteWorkflow(workflows.RetryFailed, b.in)

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, 2, b.chunks)
	var counts lockstep.Counts
	require.NoError(t, b.env.GetWorkflowResult(&counts))
	require.EqualValues(t, 10, counts.Created)
}
