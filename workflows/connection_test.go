package workflows_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/workflows"
)

// connectionBundle is a Connection in the test environment, beside a database
// that is one row.
type connectionBundle struct {
	env *testsuite.TestWorkflowEnvironment
	in  flow.ConnectionInput

	mu       sync.Mutex
	standing flow.Standing
	setUp    error
	did      []string
	started  []flow.StartRun
	heard    []flow.HeardSignal
	choose   error

	// What a test does while an activity runs, and what one fails with.
	onRetry, onStop func()
	syncNow         error
}

func setupConnection(t *testing.T, status lockstep.Status) *connectionBundle {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &connectionBundle{
		env: suite.NewTestWorkflowEnvironment(), standing: flow.Standing{Status: status},
		in: flow.ConnectionInput{Workspace: uuid.New(), Connection: uuid.New(), Vendor: "salesforce"},
	}
	b.env.OnActivity(connections.Stand, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) (flow.Standing, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.standing, nil
	}).Maybe()
	b.env.OnActivity(connections.SetUp, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("set up")
		return b.setUp
	}).Maybe()
	b.env.OnActivity(connections.SetStatus, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.StatusChange) error {
		b.do(string(in.Status))
		b.stand(func(s *flow.Standing) { s.Status = in.Status })
		return nil
	}).Maybe()
	b.env.OnActivity(connections.Choose, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, _ flow.ConnectionRef, in flow.Choice) error {
		if b.choose != nil {
			return b.choose
		}
		b.do("choose " + string(in.StartingPoint))
		b.stand(func(s *flow.Standing) { s.Status, s.StartingPoint = lockstep.StatusLive, in.StartingPoint })
		return nil
	}).Maybe()
	b.env.OnActivity(runs.StartImport, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.StartRun) (flow.Started, error) {
		b.do("import")
		b.mu.Lock()
		defer b.mu.Unlock()
		b.started = append(b.started, in)
		return flow.Started{Run: &in.Run}, nil
	}).Maybe()
	b.env.OnActivity(runs.StartRetry, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.StartRun) (flow.Started, error) {
		b.do("retry " + string(in.Problem))
		if b.onRetry != nil {
			b.onRetry()
		}
		return flow.Started{Run: &in.Run}, nil
	}).Maybe()
	b.env.OnActivity(connections.SyncNow, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("sync")
		return b.syncNow
	}).Maybe()
	b.env.OnActivity(connections.Note, mock.Anything, mock.Anything).Return(func(_ context.Context, in flow.Heard) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard = append(b.heard, in.Signals...)
		return nil
	}).Maybe()
	b.env.OnActivity(connections.Arrange, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("arrange")
		return nil
	}).Maybe()
	b.env.OnActivity(connections.Approve, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, _ flow.ConnectionRef, in flow.MappingReview) error {
		if in.Version != 3 {
			return temporal.NewNonRetryableApplicationError("store.approve_mapping: conflict", string(lockstep.CodeConflict), nil)
		}
		b.do("approve")
		return nil
	}).Maybe()
	b.env.OnActivity(connections.Close, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("close")
		b.stand(func(s *flow.Standing) { s.Status = lockstep.StatusDisconnected })
		return nil
	}).Maybe()
	b.env.OnActivity(runs.Stop, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("stop")
		if b.onStop != nil {
			b.onStop()
		}
		return nil
	}).Maybe()
	b.env.OnActivity(connections.Forget, mock.Anything, mock.Anything, mock.Anything).Return(func(_ context.Context, _ flow.ConnectionRef, how flow.Disconnection) error {
		b.do(fmt.Sprintf("forget, keep mapping %t", how.KeepMapping))
		return nil
	}).Maybe()
	b.env.OnActivity(runs.Pause, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("pause")
		b.stand(func(s *flow.Standing) { s.Status = lockstep.StatusPaused })
		return nil
	}).Maybe()
	b.env.OnActivity(runs.GoOn, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("go on")
		b.stand(func(s *flow.Standing) { s.Status = lockstep.StatusLive })
		return nil
	}).Maybe()
	b.env.OnActivity(runs.Resume, mock.Anything, mock.Anything).Return(func(context.Context, flow.ConnectionRef) error {
		b.do("resume")
		b.stand(func(s *flow.Standing) { s.Status = lockstep.StatusLive })
		return nil
	}).Maybe()
	return b
}

func (b *connectionBundle) do(what string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.did = append(b.did, what)
}

func (b *connectionBundle) stand(change func(*flow.Standing)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.standing)
}

// update sends an update after a while and keeps its answer.
func (b *connectionBundle) update(after time.Duration, name string, answer *error, args ...any) {
	b.env.RegisterDelayedCallback(func() {
		b.env.UpdateWorkflow(name, name+after.String(), &testsuite.TestUpdateCallback{
			OnAccept:   func() {},
			OnReject:   func(err error) { *answer = err },
			OnComplete: func(_ any, err error) { *answer = err },
		}, args...)
	}, after)
}

func (b *connectionBundle) run(t *testing.T) {
	t.Helper()
	b.env.ExecuteWorkflow(workflows.Connection, b.in)
	require.True(t, b.env.IsWorkflowCompleted())
}

func requireRolledOver(t *testing.T, err error) {
	t.Helper()
	var rolled *workflow.ContinueAsNewError
	require.ErrorAs(t, err, &rolled)
}

func TestAuthorisedConnectionIsSetUpAndWaitsForTheStartingPoint(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusConnecting)
	var answer error
	b.update(time.Minute, flow.UpdateCompleteAuthorization, &answer)
	b.run(t)

	require.NoError(t, answer)
	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"set up", "ready"}, b.did)
}

func TestConnectionNobodyAuthorisesIsGivenUpAfterAnHour(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusConnecting)
	start := b.env.Now()
	b.run(t)

	require.NoError(t, b.env.GetWorkflowError())
	require.InDelta(t, time.Hour, b.env.Now().Sub(start), float64(time.Minute))
	require.Equal(t, []string{"connecting"}, b.did)
}

func TestAuthorisationThatNobodyToldOfIsNotGivenUp(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusConnecting)
	b.env.RegisterDelayedCallback(func() {
		b.stand(func(s *flow.Standing) { s.Status = lockstep.StatusSettingUp })
	}, time.Minute)
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"set up", "ready"}, b.did)
}

func TestChoosingImportStartsIt(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusReady)
	var answer error
	b.update(time.Second, flow.UpdateChooseStartingPoint, &answer, flow.Choice{StartingPoint: lockstep.StartImport})
	b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(flow.SignalResume, nil) }, time.Minute)
	b.run(t)

	require.NoError(t, answer)
	require.Equal(t, []string{"choose import", "import"}, b.did[:2])
}

func TestChoiceThatIsAskedAgainIsAnsweredTheSame(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	for name, choice := range map[string]flow.Choice{
		"import": {StartingPoint: lockstep.StartImport, Import: &id},
		"skip":   {StartingPoint: lockstep.StartSkip, Import: &id},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupConnection(t, lockstep.StatusLive)
			b.standing = flow.Standing{Status: lockstep.StatusLive, StartingPoint: choice.StartingPoint, FirstImport: choice.Import}
			var answer error
			b.update(time.Second, flow.UpdateChooseStartingPoint, &answer, choice)
			b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(flow.SignalPause, nil) }, time.Minute)
			b.run(t)

			require.NoError(t, answer)
			require.NotContains(t, b.did, "choose "+string(choice.StartingPoint), "it is chosen already")
			if choice.StartingPoint == lockstep.StartImport {
				require.Len(t, b.started, 1, "which changes nothing when it has begun")
				require.Equal(t, id, b.started[0].Run)
			}
		})
	}
}

func TestStartingPointOfAConnectionThatEndsMeanwhileIsRefused(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusReady)
	b.choose = temporal.NewNonRetryableApplicationError("store.choose_starting_point: not_found", string(lockstep.CodeNotFound), nil)
	var answer error
	b.update(time.Second, flow.UpdateChooseStartingPoint, &answer, flow.Choice{StartingPoint: lockstep.StartImport})
	b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(flow.SignalPause, nil) }, time.Minute)
	b.run(t)

	var app *temporal.ApplicationError
	require.ErrorAs(t, answer, &app)
	require.Equal(t, flow.RefusedNotReady, app.Type())
	require.Empty(t, b.started)
}

func TestStartingPointIsRefusedWhenItCannotBe(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		standing flow.Standing
		choice   lockstep.StartingPoint
		refused  string
	}{
		"no choice":   {flow.Standing{Status: lockstep.StatusReady}, "later", flow.RefusedChoice},
		"not set up":  {flow.Standing{Status: lockstep.StatusError}, lockstep.StartImport, flow.RefusedNotReady},
		"chosen once": {flow.Standing{Status: lockstep.StatusLive, StartingPoint: lockstep.StartSkip}, lockstep.StartImport, flow.RefusedChosen},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupConnection(t, test.standing.Status)
			b.standing = test.standing
			var answer error
			b.update(time.Second, flow.UpdateChooseStartingPoint, &answer, flow.Choice{StartingPoint: test.choice})
			b.env.RegisterDelayedCallback(func() { b.env.SignalWorkflow(flow.SignalPause, nil) }, time.Minute)
			b.run(t)

			var app *temporal.ApplicationError
			require.ErrorAs(t, answer, &app)
			require.Equal(t, test.refused, app.Type())
			require.Empty(t, b.started)
		})
	}
}

func TestWhatIsSignalledPastTheAPIIsAudited(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	b.env.RegisterDelayedCallback(func() {
		for range 3 {
			b.env.SignalWorkflow(flow.SignalRetryFailed, flow.Request{Problem: "refused"})
		}
		b.env.SignalWorkflow(flow.SignalRetryFailed, flow.Request{Problem: "refused", By: flow.AskerAPI})
		b.env.SignalWorkflow(flow.SignalSyncNow, flow.Request{By: flow.AskerSelf})
		b.env.SignalWorkflow(flow.SignalPause, nil)
	}, time.Minute)
	b.run(t)

	times := make(map[string]int)
	for _, h := range b.heard {
		times[h.Name+" "+string(h.Problem)] += h.Times
	}
	require.Equal(t, map[string]int{"pause ": 1, "retry-failed refused": 3}, times)
	require.Subset(t, b.did, []string{"retry refused", "sync"}, "whoever asks")
}

func TestSignalsThatComeTogetherAreEachAnswered(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	b.env.RegisterDelayedCallback(func() {
		for range 50 {
			b.env.SignalWorkflow(flow.SignalPause, nil)
			b.env.SignalWorkflow(flow.SignalResume, nil)
			b.env.SignalWorkflow(flow.SignalResync, nil)
		}
	}, time.Minute)
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Subset(t, b.did, []string{"pause", "resume", "import"})
	require.True(t, b.started[0].Force, "a resync ignores what is believed to be there")
}

func TestSetUpThatAPersonMustMendIsShownAndTheSupervisorStays(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusSettingUp)
	b.setUp = temporal.NewNonRetryableApplicationError("salesforce.provision: forbidden", "not_permitted", nil)
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"set up", "error"}, b.did)
}

func TestReconnectedConnectionGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusSettingUp)
	b.standing.StartingPoint = lockstep.StartImport
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"set up", "go on"}, b.did)
}

// signal sends signals after a while, all at once.
func (b *connectionBundle) signal(after time.Duration, name string, args ...any) {
	b.env.RegisterDelayedCallback(func() {
		for _, arg := range args {
			b.env.SignalWorkflow(name, arg)
		}
	}, after)
}

func TestSignalToRetryAsksForEachProblemOnce(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	b.onRetry = func() { // the others come while the first is answered
		b.onRetry = nil
		b.env.SignalWorkflow(flow.SignalRetryFailed, flow.Request{Problem: "refused"})
		b.env.SignalWorkflow(flow.SignalRetryFailed, "value_invalid")
		b.env.SignalWorkflow(flow.SignalRetryFailed, flow.Request{Problem: "refused"})
	}
	b.signal(time.Minute, flow.SignalRetryFailed, flow.Request{Problem: "record_locked"})
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"retry record_locked", "retry refused", "retry value_invalid"}, b.did)
}

func TestSignalToRetryWithoutAProblemAsksForAll(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	b.onRetry = func() {
		b.onRetry = nil
		b.env.SignalWorkflow(flow.SignalRetryFailed, flow.Request{Problem: "value_invalid"})
		b.env.SignalWorkflow(flow.SignalRetryFailed, nil)
	}
	b.signal(time.Minute, flow.SignalRetryFailed, flow.Request{Problem: "refused"})
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"retry refused", "retry "}, b.did)
}

func TestSignalsWakeTheSupervisorAndItSleepsAgain(t *testing.T) {
	t.Parallel()

	for signal, want := range map[string][]string{
		flow.SignalSyncNow:  {"sync"},
		flow.SignalResync:   {"import"},
		flow.SignalPause:    {"pause"},
		flow.SignalResume:   {"resume"},
		flow.SignalSettings: {"arrange"},
	} {
		t.Run(signal, func(t *testing.T) {
			t.Parallel()
			b := setupConnection(t, lockstep.StatusLive)
			b.signal(time.Minute, signal, nil, nil, nil)
			b.run(t)
			requireRolledOver(t, b.env.GetWorkflowError())
			require.NotEmpty(t, b.did)
			require.Less(t, len(b.did), 3, "signals that come together are answered together")
			require.Subset(t, want, b.did)
		})
	}
}

func TestSignalThatComesWhileAnotherIsAnsweredIsAnsweredToo(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	b.onRetry = func() {
		b.onRetry = nil
		b.env.SignalWorkflow(flow.SignalRetryFailed, flow.Request{Problem: "value_invalid"})
	}
	b.signal(time.Minute, flow.SignalRetryFailed, flow.Request{Problem: "refused"})
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"retry refused", "retry value_invalid"}, b.did)
}

func TestWhatCannotBeDoneAsTheConnectionIsDoesNotEndItsSupervisor(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	b.syncNow = temporal.NewNonRetryableApplicationError("store.connection: not_found", "not_found_in_crm", nil)
	b.signal(time.Minute, flow.SignalSyncNow, nil)
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Contains(t, b.did, "sync", "it was tried")
}

// FEATURES: S01, S02
func TestDisconnectEndsTheConnectionInItsOrder(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	var answer error
	b.update(time.Minute, flow.UpdateDisconnect, &answer, flow.Disconnection{KeepMapping: true})
	b.run(t)

	require.NoError(t, answer)
	require.NoError(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"close", "stop", "forget, keep mapping true"}, b.did)
}

// FEATURES: S04
func TestConnectionThatIsAuthorisedWhileItEndsIsSetUpAgain(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	var gone, back error
	b.onStop = func() {
		b.stand(func(s *flow.Standing) { s.Status, s.StartingPoint = lockstep.StatusSettingUp, lockstep.StartUndecided })
		b.env.UpdateWorkflow(flow.UpdateCompleteAuthorization, "back", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { back = err }, OnComplete: func(_ any, err error) { back = err },
		})
	}
	b.update(time.Minute, flow.UpdateDisconnect, &gone, flow.Disconnection{})
	b.run(t)

	require.NoError(t, gone)
	require.NoError(t, back)
	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"close", "stop", "forget, keep mapping false", "set up", "ready"}, b.did)
}

func TestMappingThatHasChangedSinceIsNotApproved(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct {
		version int64
		refused bool
	}{
		"the newest": {3, false},
		"an older":   {2, true},
		"none":       {0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupConnection(t, lockstep.StatusLive)
			var answer error
			b.update(time.Minute, flow.UpdateApproveMapping, &answer, flow.MappingReview{Version: tt.version})
			b.signal(2*time.Minute, flow.SignalSettings, nil)
			b.run(t)
			if !tt.refused {
				require.NoError(t, answer)
				require.Contains(t, b.did, "approve")
				return
			}
			require.NotContains(t, b.did, "approve")
			var app *temporal.ApplicationError
			require.ErrorAs(t, answer, &app)
			require.Equal(t, flow.RefusedMapping, app.Type())
		})
	}
}

func TestSupervisorRollsOverAfterAnUpdate(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	var answer error
	b.update(time.Minute, flow.UpdateApproveMapping, &answer, flow.MappingReview{Version: 3})
	b.run(t)

	require.NoError(t, answer)
	require.Equal(t, []string{"approve"}, b.did)
	requireRolledOver(t, b.env.GetWorkflowError())
}

func TestSupervisorThatFindsANewLoginSetsTheConnectionUp(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusUnauthorized)
	b.env.RegisterDelayedCallback(func() { // and whoever gave it could not tell
		b.stand(func(s *flow.Standing) { s.Status = lockstep.StatusSettingUp })
		b.env.SignalWorkflow(flow.SignalSettings, nil)
	}, time.Minute)
	b.run(t)

	requireRolledOver(t, b.env.GetWorkflowError())
	require.Equal(t, []string{"arrange", "set up", "ready"}, b.did)
}

func TestSignInBeforeADisconnectKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	b := setupConnection(t, lockstep.StatusLive)
	var in, gone error
	b.onStop = func() {
		b.env.UpdateWorkflow(flow.UpdateCompleteAuthorization, "late", &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { in = err }, OnComplete: func(_ any, err error) { in = err },
		})
	}
	b.update(time.Minute, flow.UpdateDisconnect, &gone, flow.Disconnection{})
	b.run(t)

	require.NoError(t, in)
	require.NoError(t, gone)
	require.NoError(t, b.env.GetWorkflowError(), "it is disconnected, whatever was said meanwhile")
	require.Equal(t, []string{"close", "stop", "forget, keep mapping false"}, b.did)
}
