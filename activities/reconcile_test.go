package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"lockstep/activities"
	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// estate is a Temporal that has some of what it should, and takes note of what
// it is asked for.
type estate struct {
	supervisors map[uuid.UUID]bool
	syncs       map[uuid.UUID]activities.SyncState
	refuses     error // what starting a supervisor fails with

	started, woken   []uuid.UUID
	imports, retries []uuid.UUID
}

func (e *estate) Supervisors(context.Context) (map[uuid.UUID]bool, error) { return e.supervisors, nil }

func (e *estate) Syncs(context.Context) (map[uuid.UUID]activities.SyncState, error) {
	return e.syncs, nil
}

func (e *estate) StartSupervisor(_ context.Context, in flow.ConnectionInput) error {
	e.started = append(e.started, in.Connection)
	return e.refuses
}

func (e *estate) WakeSupervisor(_ context.Context, connection uuid.UUID) error {
	e.woken = append(e.woken, connection)
	return nil
}

func (e *estate) StartImport(_ context.Context, in flow.RunInput) error {
	e.imports = append(e.imports, in.Run)
	return nil
}

func (e *estate) StartRetry(_ context.Context, in flow.RunInput) error {
	e.retries = append(e.retries, in.Run)
	return nil
}

func (e *estate) Look(context.Context, string) error { return nil }

// reconcile compares e with the bundle's database.
func (b *bundle) reconcile(t *testing.T, e *estate) (flow.Reconciled, error) {
	t.Helper()
	logins := &activities.Connections{Book: b.store, Opener: b.crm, Schedules: b.schedules, Grants: deaf{}}
	runs := &activities.Runs{Book: b.store, Workflows: e, Schedules: b.schedules, Estate: e, Logins: logins}
	return runs.Reconcile(t.Context())
}

func TestWhatTemporalHasLostIsMadeAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	e := &estate{}
	done, err := b.reconcile(t, e)

	require.NoError(t, err)
	require.Equal(t, flow.Reconciled{Supervisors: 1, Schedules: 1}, done)
	require.Equal(t, []uuid.UUID{b.conn.ID}, e.started)
	require.Equal(t, []uuid.UUID{b.run.ID}, e.imports)
	require.False(t, b.schedules.there[b.conn.ID].paused)
}

func TestWhatIsInOrderIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	e := &estate{
		supervisors: map[uuid.UUID]bool{b.conn.ID: true},
		syncs:       map[uuid.UUID]activities.SyncState{b.conn.ID: {Every: lockstep.SyncEveryDefault}},
	}
	done, err := b.reconcile(t, e)

	require.NoError(t, err)
	require.Equal(t, flow.Reconciled{}, done)
	require.Empty(t, e.started)
	require.Empty(t, e.woken)
	require.Empty(t, b.schedules.there, "nothing was put")
}

func TestImportThatWasChosenAndNeverBegunIsBegun(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusReady, ""))
	require.NoError(t, b.store.ChooseStartingPoint(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StartImport, &id))
	for range 2 {
		_, err := b.reconcile(t, &estate{})
		require.NoError(t, err)
	}

	runs, err := b.store.Runs(t.Context(), b.conn.WorkspaceID, b.conn.ID, 10)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, id, runs[0].ID)
}

func TestNothingIsImportedWhereSkipWasChosen(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusReady, ""))
	require.NoError(t, b.store.ChooseStartingPoint(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StartSkip, &id))
	_, err := b.reconcile(t, &estate{})
	require.NoError(t, err)

	runs, err := b.store.Runs(t.Context(), b.conn.WorkspaceID, b.conn.ID, 10)
	require.NoError(t, err)
	require.Empty(t, runs)
}

func TestLoginThatADisconnectHasLeftBehindIsForgotten(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	connections := &activities.Connections{Book: b.store, Opener: b.crm, Schedules: b.schedules, Grants: deaf{}}
	require.NoError(t, connections.Close(t.Context(), b.ref()))
	e := &estate{supervisors: map[uuid.UUID]bool{b.conn.ID: true}}
	_, err := b.reconcile(t, e)
	require.NoError(t, err)
	_, err = b.store.Grant(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err, "its supervisor is still at it")

	e.supervisors = nil
	_, err = b.reconcile(t, e)
	require.NoError(t, err)
	_, err = b.store.Grant(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	_, err = b.store.Mapping(t.Context(), b.conn.WorkspaceID, b.conn.ID, crm.Contact)
	require.NoError(t, err, "nobody knows whether it was to be cleared")
}

func TestScheduleOfNobodyIsRemoved(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	orphan := uuid.New()
	b.schedules.there[orphan] = schedule{}
	_, err := b.reconcile(t, &estate{syncs: map[uuid.UUID]activities.SyncState{orphan: {}}})

	require.NoError(t, err)
	require.NotContains(t, b.schedules.there, orphan)
}

func TestSupervisorThatWasNotToldOfASignInIsWoken(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusSettingUp, ""))
	e := &estate{supervisors: map[uuid.UUID]bool{b.conn.ID: true}}
	_, err := b.reconcile(t, e)

	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{b.conn.ID}, e.woken)
}

func TestConnectionInTroubleKeepsNothingElseFromBeingMended(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	e := &estate{refuses: &crm.Error{Kind: crm.KindUnavailable}}
	_, err := b.reconcile(t, e)

	require.Error(t, err, "it is told, and tried again")
	require.Equal(t, []uuid.UUID{b.run.ID}, e.imports)
}

func TestLostLoginOfAnEarlierEpochClosesNoFreshOne(t *testing.T) {
	t.Parallel()
	b := prepare(t)
	connections := &activities.Connections{Book: b.store, Opener: b.crm, Schedules: b.schedules, Alerts: &bell{}}
	lost := flow.StatusChange{
		ConnectionRef: b.ref(), Status: lockstep.StatusUnauthorized, Problem: lockstep.CodeUnauthorized, Epoch: b.conn.Epoch - 1,
	}
	require.NoError(t, connections.SetStatus(t.Context(), lost))
	conn, err := b.store.Connection(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.Equal(t, lockstep.StatusLive, conn.Status)

	lost.Epoch = b.conn.Epoch
	require.NoError(t, connections.SetStatus(t.Context(), lost))
	conn, err = b.store.Connection(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.Equal(t, lockstep.StatusUnauthorized, conn.Status)
}

func TestNothingIsRetriedBeforeTheStartingPointIsChosen(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	b.crm.refuse = func(crm.Write) *crm.Error { return &crm.Error{Kind: crm.KindInvalid} }
	require.EqualValues(t, 2, b.chunk(t).Counts.Failed)
	require.NoError(t, b.store.Disconnect(t.Context(), b.conn.WorkspaceID, b.conn.ID, ""))
	e := &estate{}
	runs := &activities.Runs{Book: b.store, Workflows: e, Schedules: b.schedules}
	started, err := runs.StartRetry(t.Context(), flow.StartRun{ConnectionRef: b.ref(), Run: uuid.Must(uuid.NewV7())})

	require.NoError(t, err)
	require.Nil(t, started.Run)
	require.Empty(t, e.retries)
}

func TestRunThatWaitsForNothingIsEndedOnceItsWorkerIsLost(t *testing.T) {
	t.Parallel()
	b := imported(t, 3)
	b.rename(t, 1)
	run, err := b.store.BeginSync(t.Context(), lockstep.Run{
		ID: uuid.Must(uuid.NewV7()), WorkspaceID: b.conn.WorkspaceID, ConnectionID: b.conn.ID, Kind: lockstep.RunSync, LinkUp: lockstep.LinkUpKeys,
	}, nil, time.Hour, 10)
	require.NoError(t, err)
	_, err = b.reconcile(t, &estate{})
	require.NoError(t, err)
	run, err = b.store.Run(t.Context(), b.conn.WorkspaceID, run.ID)
	require.NoError(t, err)
	require.Nil(t, run.FinishedAt, "it may be under way")

	_, err = b.pool.Exec(t.Context(), `UPDATE runs SET started_at = now() - interval '1 hour' WHERE id = $1`, run.ID)
	require.NoError(t, err)
	done, err := b.reconcile(t, &estate{})
	require.NoError(t, err)
	require.Equal(t, 1, done.Runs)
	require.EqualValues(t, 1, b.cycle(t).Counts.Updated, "what it had not come to is the next one's")
}

// locked is logins that are out of reach at the moment.
type locked struct{}

func (locked) Forget(context.Context, flow.ConnectionRef, flow.Disconnection) error {
	return temporal.NewApplicationError("store.forget: unavailable", string(lockstep.CodeOwnHouse))
}

func TestWhatKeepsTheReconcilerFromForgettingALoginPassesByItself(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	connections := &activities.Connections{Book: b.store, Opener: b.crm, Schedules: b.schedules, Grants: deaf{}}
	require.NoError(t, connections.Close(t.Context(), b.ref()))
	runs := &activities.Runs{Book: b.store, Workflows: &estate{}, Schedules: b.schedules, Estate: &estate{}, Logins: locked{}}
	_, err := runs.Reconcile(t.Context())

	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.False(t, app.NonRetryable())
}
