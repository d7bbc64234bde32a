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

	"lockstep/activities"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/workflows"
)

var (
	records     *activities.Records
	runs        *activities.Runs
	connections *activities.Connections
)

// importBundle is an Import in the test environment, with a script of verdicts
// and a memory of what the run was moved to.
type importBundle struct {
	env    *testsuite.TestWorkflowEnvironment
	in     flow.RunInput
	drain  func() (flow.ChunkResult, error)
	moves  []flow.RunChange
	ended  *flow.RunChange
	chunks int
	more   int // how often more is marked for the run as it would end
}

func setupImport(t *testing.T, verdicts ...flow.ChunkResult) *importBundle {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &importBundle{env: suite.NewTestWorkflowEnvironment()}
	b.in = flow.RunInput{
		ConnectionRef: flow.ConnectionRef{Workspace: uuid.New(), Connection: uuid.New()}, Vendor: "salesforce", Run: uuid.New(),
	}
	b.drain = func() (flow.ChunkResult, error) { return verdicts[min(b.chunks, len(verdicts))-1], nil }
	b.env.OnActivity(records.Drain, mock.Anything, mock.Anything).Return(func(context.Context, flow.ChunkInput) (flow.ChunkResult, error) {
		b.chunks++
		return b.drain()
	}).Maybe()
	b.env.OnActivity(runs.Move, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.RunChange) error {
		b.moves = append(b.moves, in)
		return nil
	}).Maybe()
	b.env.OnActivity(runs.Finish, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.RunChange) (flow.Ended, error) {
		if b.more > 0 {
			b.more--
			return flow.Ended{Open: true}, nil
		}
		b.ended = &in
		return flow.Ended{Counts: lockstep.Counts{Total: 10, Created: 10}}, nil
	}).Maybe()
	b.env.OnActivity(connections.SetStatus, mock.Anything, mock.Anything).Return(nil).Maybe()
	return b
}

func (b *importBundle) run() { b.env.ExecuteWorkflow(workflows.Import, b.in) }

func TestImportDrainsChunkAfterChunkAndEndsCompleted(t *testing.T) {
	t.Parallel()
	more := flow.ChunkResult{Verdict: flow.VerdictMore}
	b := setupImport(t, more, more, flow.ChunkResult{Verdict: flow.VerdictEmpty})
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, 3, b.chunks)
	require.Equal(t, lockstep.RunCompleted, b.ended.State)
	require.Empty(t, b.moves, "a run that never stopped has not been moved")
	var counts lockstep.Counts
	require.NoError(t, b.env.GetWorkflowResult(&counts))
	require.EqualValues(t, 10, counts.Created, "the totals are the database's")
}

func TestImportWhoseAuthorisationIsLostParksUntilSomebodyReconnects(t *testing.T) {
	t.Parallel()
	b := setupImport(t, flow.ChunkResult{Verdict: flow.VerdictUnauthorized}, flow.ChunkResult{Verdict: flow.VerdictEmpty})
	b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(flow.SignalLook, nil) }, 72*time.Hour)
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, 2, b.chunks)
	require.Len(t, b.moves, 1)
	require.Equal(t, lockstep.RunParked, b.moves[0].State)
	require.Equal(t, lockstep.CodeUnauthorized, b.moves[0].Problem)
}

// FEATURES: J07
func TestImportWaitsForTheQuotaAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	b := setupImport(t)
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	until := now.Add(14 * time.Hour)
	b.env.SetStartTime(now)
	b.drain = func() (flow.ChunkResult, error) {
		if b.env.Now().Before(until) {
			return flow.ChunkResult{Verdict: flow.VerdictQuota, Until: until}, nil
		}
		return flow.ChunkResult{Verdict: flow.VerdictEmpty}, nil
	}
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, 2, b.chunks, "nothing is tried before the reset")
	require.Len(t, b.moves, 2)
	require.Equal(t, lockstep.CodeQuotaSpent, b.moves[0].Problem)
	require.Equal(t, lockstep.RunRunning, b.moves[1].State)
}

func TestPausedImportCostsNothingUntilItIsResumed(t *testing.T) {
	t.Parallel()
	b := setupImport(t, flow.ChunkResult{Verdict: flow.VerdictStopped}, flow.ChunkResult{Verdict: flow.VerdictEmpty})
	looked := false
	b.env.RegisterDelayedCallback(func() {
		looked = true
		require.Equal(t, 1, b.chunks, "nothing is tried while it is paused")
		b.env.SignalWorkflow(flow.SignalLook, nil)
	}, 30*24*time.Hour)
	b.run()
	require.True(t, looked, "it waited for somebody")

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, 2, b.chunks)
	require.Equal(t, lockstep.RunCompleted, b.ended.State)
}

func TestCancelledImportEndsItsRun(t *testing.T) {
	t.Parallel()
	b := setupImport(t, flow.ChunkResult{Verdict: flow.VerdictStopped})
	b.env.RegisterDelayedCallback(b.env.CancelWorkflow, time.Minute)
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, lockstep.RunCancelled, b.ended.State)
}

func TestOutageIsWaitedOutInGrowingSteps(t *testing.T) {
	t.Parallel()
	wait := flow.ChunkResult{Verdict: flow.VerdictWait}
	b := setupImport(t, wait, wait, wait, wait, wait, wait, wait, wait, flow.ChunkResult{Verdict: flow.VerdictEmpty})
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	var steps []time.Duration
	for i := 0; i+2 < len(b.moves); i += 2 {
		steps = append(steps, b.moves[i+2].Until.Sub(b.moves[i].Until))
	}
	require.IsIncreasing(t, steps[:4])
	require.LessOrEqual(t, steps[len(steps)-1], 6*time.Minute)
}

func TestImportOutlivesTheDatabase(t *testing.T) {
	t.Parallel()
	b := setupImport(t)
	back := time.Now().Add(30 * time.Hour)
	b.drain = func() (flow.ChunkResult, error) {
		if b.env.Now().Before(back) {
			return flow.ChunkResult{}, temporal.NewApplicationError("store.claim: unavailable", "unavailable")
		}
		return flow.ChunkResult{Verdict: flow.VerdictEmpty}, nil
	}
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, lockstep.RunCompleted, b.ended.State)
}

func TestImportThatMeetsABugStaysOpenUntilSomebodyLooks(t *testing.T) {
	t.Parallel()
	b := setupImport(t)
	b.drain = func() (flow.ChunkResult, error) {
		if b.chunks == 1 {
			return flow.ChunkResult{}, temporal.NewNonRetryableApplicationError("store.mapping: not_found", "not_found_in_crm", nil)
		}
		return flow.ChunkResult{Verdict: flow.VerdictEmpty}, nil
	}
	looked := false
	b.env.RegisterDelayedCallback(func() {
		looked = true
		require.Equal(t, lockstep.CodeInternal, b.moves[0].Problem)
		b.env.SignalWorkflow(flow.SignalLook, nil)
	}, time.Hour)
	b.run()
	require.True(t, looked, "it waited for somebody")

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, lockstep.RunCompleted, b.ended.State)
}

func TestImportWhoseExternalIDFieldIsGoneProvisionsItAndStampsEverythingAgain(t *testing.T) {
	t.Parallel()
	b := setupImport(t, flow.ChunkResult{Verdict: flow.VerdictProvision}, flow.ChunkResult{Verdict: flow.VerdictEmpty})
	b.env.OnActivity(connections.SetUp, mock.Anything, mock.Anything).Return(nil).Once()
	b.env.OnSignalExternalWorkflow(mock.Anything, flow.ConnectionID(b.in.Connection), "", flow.SignalResync, mock.Anything).Return(nil).Once()
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, lockstep.RunCompleted, b.ended.State)
	b.env.AssertExpectations(t)
}

func TestWaitThatIsOverByTheTimeItWouldBeginIsNoWaitForEver(t *testing.T) {
	t.Parallel()
	b := setupImport(t)
	b.drain = func() (flow.ChunkResult, error) {
		if b.chunks == 1 {
			return flow.ChunkResult{Verdict: flow.VerdictQuota, Until: b.env.Now().Add(-time.Second)}, nil
		}
		return flow.ChunkResult{Verdict: flow.VerdictEmpty}, nil
	}
	b.run()

	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, lockstep.RunCompleted, b.ended.State)
}
