package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/storetest"
)

// settled is setup with the import done: every row has landed, but the last,
// which has failed with a problem.
func settled(t *testing.T, contacts int, problem lockstep.Code) *bundle {
	t.Helper()
	b := setup(t, contacts)
	rows := b.claim(t, b.lease, contacts)
	settlements := make([]lockstep.Settlement, len(rows))
	for i, row := range rows {
		settlements[i] = landed(row, "003"+row.ExternalID)
	}
	last := rows[len(rows)-1]
	settlements[len(rows)-1] = lockstep.Settlement{RecordID: last.RecordID, Revision: last.Revision, Outcome: lockstep.OutcomeFailed, Problem: problem}
	_, err := b.store.Settle(t.Context(), b.lease, settlements)
	require.NoError(t, err)
	_, err = b.store.FinishRun(t.Context(), b.run, lockstep.RunCompleted, "")
	require.NoError(t, err)
	return b
}

// change gives a contact another name.
func (b *bundle) change(t *testing.T, external string) {
	t.Helper()
	_, changed, err := b.store.UpsertRecords(t.Context(), b.conn.WorkspaceID, crm.Contact, []lockstep.Record{
		{ID: uuid.Must(uuid.NewV7()), ExternalID: external, Fields: map[string]any{"last_name": uuid.NewString()}},
	})
	require.NoError(t, err)
	require.EqualValues(t, 1, changed)
}

func (b *bundle) newRun(kind lockstep.RunKind) lockstep.Run {
	return lockstep.Run{
		ID: uuid.Must(uuid.NewV7()), WorkspaceID: b.conn.WorkspaceID, ConnectionID: b.conn.ID, Kind: kind, LinkUp: lockstep.LinkUpKeys,
	}
}

func (b *bundle) sync(t *testing.T) (lockstep.Run, error) {
	t.Helper()
	return b.store.BeginSync(t.Context(), b.newRun(lockstep.RunSync), []lockstep.Code{lockstep.CodeUnavailable}, 0, 1000)
}

// FEATURES: J01
func TestSyncTakesWhatHasChangedAndNothingElse(t *testing.T) {
	t.Parallel()
	b := settled(t, 10, lockstep.CodeRefused)
	_, err := b.sync(t)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err), "nothing has changed")
	runs, err := b.store.Runs(t.Context(), b.conn.WorkspaceID, b.conn.ID, 10)
	require.NoError(t, err)
	require.Len(t, runs, 1, "and no run is left behind")
	conn, err := b.store.Connection(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.NotNil(t, conn.SyncedAt)

	b.change(t, "c0003")
	run, err := b.sync(t)
	require.NoError(t, err)
	require.EqualValues(t, 1, run.Counts.Total)
	rows := b.claim(t, b.leaseOf(run), 10)
	require.Len(t, rows, 1)
	require.Equal(t, "c0003", rows[0].ExternalID)
}

// FEATURES: V02
func TestSyncTakesUpWhatFailedForReasonsThatPass(t *testing.T) {
	t.Parallel()
	b := settled(t, 3, lockstep.CodeUnavailable)
	run := b.newRun(lockstep.RunSync)
	_, err := b.store.BeginSync(t.Context(), run, []lockstep.Code{lockstep.CodeUnavailable}, time.Hour, 10)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err), "not at once")

	run, err = b.store.BeginSync(t.Context(), run, []lockstep.Code{lockstep.CodeUnavailable}, 0, 10)
	require.NoError(t, err)
	require.EqualValues(t, 1, run.Counts.Total)
}

func TestSyncWhoseWorkerDiedIsFollowedByOneThatTakesItsRows(t *testing.T) {
	t.Parallel()
	b := settled(t, 5, lockstep.CodeRefused)
	b.change(t, "c0000")
	b.change(t, "c0001")
	dead, err := b.sync(t)
	require.NoError(t, err)
	require.Len(t, b.claim(t, b.leaseOf(dead), 1), 1, "it may have written this one")

	next, err := b.sync(t)
	require.NoError(t, err)
	require.EqualValues(t, 2, next.Counts.Total)
	rows := b.claim(t, b.leaseOf(next), 10)
	require.Len(t, rows, 2)
	require.True(t, rows[0].InDoubt || rows[1].InDoubt)
	dead, err = b.store.Run(t.Context(), b.conn.WorkspaceID, dead.ID)
	require.NoError(t, err)
	require.NotNil(t, dead.FinishedAt)
	require.Zero(t, dead.Counts.Total, "it had come to none")
}

func TestReleasedRunGivesBackWhatItHasNotComeTo(t *testing.T) {
	t.Parallel()
	b := settled(t, 5, lockstep.CodeRefused)
	b.change(t, "c0000")
	b.change(t, "c0001")
	run, err := b.sync(t)
	require.NoError(t, err)
	lease := b.leaseOf(run)
	row := b.claim(t, lease, 1)[0]
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{landed(row, "003"+row.ExternalID)})
	require.NoError(t, err)

	run, err = b.store.ReleaseRun(t.Context(), run, "no time")
	require.NoError(t, err)
	require.Equal(t, lockstep.Counts{Total: 1, Created: 1}, run.Counts)
	next, err := b.sync(t)
	require.NoError(t, err)
	require.EqualValues(t, 1, next.Counts.Total)
}

// FEATURES: R01
func TestRetryTakesAllThatFailedOrOneProblem(t *testing.T) {
	t.Parallel()
	b := settled(t, 3, lockstep.CodeRefused)
	_, err := b.store.BeginRetry(t.Context(), b.newRun(lockstep.RunRetry), lockstep.CodeUnavailable)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	open, err := b.store.OpenRuns(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.Empty(t, open, "a retry of nothing is no run")

	run, err := b.store.BeginRetry(t.Context(), b.newRun(lockstep.RunRetry), lockstep.CodeRefused)
	require.NoError(t, err)
	require.EqualValues(t, 1, run.Counts.Total)
	require.Len(t, b.claim(t, b.leaseOf(run), 10), 1)
}

func TestRetryThatIsAskedForTwiceIsOneRunAndLosesNothing(t *testing.T) {
	t.Parallel()
	b := settled(t, 3, lockstep.CodeRefused)
	first, err := b.store.BeginRetry(t.Context(), b.newRun(lockstep.RunRetry), "")
	require.NoError(t, err)
	lease := b.leaseOf(first)
	row := b.claim(t, lease, 1)[0]
	refused := lockstep.Settlement{RecordID: row.RecordID, Revision: row.Revision, Outcome: lockstep.OutcomeFailed, Problem: lockstep.CodeRefused}
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{refused})
	require.NoError(t, err)

	second, err := b.store.BeginRetry(t.Context(), b.newRun(lockstep.RunRetry), "")
	require.NoError(t, err)
	require.Equal(t, first.ID, second.ID)
	_, err = b.store.FinishRun(t.Context(), first, lockstep.RunCompleted, "")
	require.Equal(t, crm.KindConflict, crm.KindOf(err), "a run does not end with rows open")

	lease = b.leaseOf(second)
	row = b.claim(t, lease, 1)[0]
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{landed(row, "003"+row.ExternalID)})
	require.NoError(t, err)
	ended, err := b.store.FinishRun(t.Context(), first, lockstep.RunCompleted, "")
	require.NoError(t, err)
	require.Equal(t, lockstep.Counts{Total: 2, Created: 1, Failed: 1}, ended.Counts)
}

func specimen() lockstep.Record {
	return lockstep.Record{ID: uuid.Must(uuid.NewV7()), Object: crm.Contact, ExternalID: "lockstep-sync-test", Fields: map[string]any{"email": "t@example.com"}}
}

// FEATURES: P03
func TestTestContactIsOneRecordHoweverOftenAndBelongsToNoImport(t *testing.T) {
	t.Parallel()
	b := settled(t, 2, lockstep.CodeRefused)
	first, second := b.newRun(lockstep.RunTestContact), b.newRun(lockstep.RunTestContact)
	one, err := b.store.BeginTest(t.Context(), first, specimen())
	require.NoError(t, err)
	held := b.claim(t, b.leaseOf(first), 10)
	require.Len(t, held, 1)
	two, err := b.store.BeginTest(t.Context(), second, specimen())
	require.NoError(t, err)
	require.Equal(t, one, two)

	rows := b.claim(t, b.leaseOf(second), 10)
	require.Len(t, rows, 1, "a claim that somebody else holds is no reason to wait")
	require.True(t, rows[0].InDoubt)
	ended, err := b.store.ReleaseRun(t.Context(), first, "")
	require.NoError(t, err)
	require.Zero(t, ended.Counts.Total, "the first has nothing left to do")

	n, err := b.store.CountRecords(t.Context(), b.conn.WorkspaceID, crm.Contact)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	run := b.begin(t, b.conn)
	require.EqualValues(t, 2, run.Counts.Total)
}

func TestResyncTakesOverWhatOtherRunsHadNotComeTo(t *testing.T) {
	t.Parallel()
	b := settled(t, 3, lockstep.CodeRefused)
	b.change(t, "c0000")
	cycle, err := b.sync(t)
	require.NoError(t, err)
	run := b.begin(t, b.conn)
	require.EqualValues(t, 3, run.Counts.Total)
	cycle, err = b.store.Run(t.Context(), b.conn.WorkspaceID, cycle.ID)
	require.NoError(t, err)
	require.Zero(t, cycle.Counts.Total)
}

func TestDisconnectedConnectionGivesNothingOutAndKeepsWhatComesHome(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	rows := b.claim(t, b.lease, 1)
	require.NoError(t, b.store.Disconnect(t.Context(), b.conn.WorkspaceID, b.conn.ID, "gone"))

	n, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(rows[0], "0031")})
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Empty(t, b.claim(t, b.lease, 10))
	require.Error(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusLive, ""))
	require.NoError(t, b.store.Forget(t.Context(), b.conn.WorkspaceID, b.conn.ID, false))
	_, err = b.store.Grant(t.Context(), b.conn.WorkspaceID, b.conn.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	_, err = b.store.Mapping(t.Context(), b.conn.WorkspaceID, b.conn.ID, crm.Contact)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
}

func TestLoginGivenWhileTheOldOneIsForgottenStays(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	ctx := t.Context()
	require.NoError(t, b.store.Disconnect(ctx, b.conn.WorkspaceID, b.conn.ID, "gone"))
	conn, err := b.store.Connection(ctx, b.conn.WorkspaceID, b.conn.ID)
	require.NoError(t, err)
	require.NoError(t, b.store.Authorize(ctx, conn.WorkspaceID, conn.ID, conn.Epoch, conn.Account, conn.BaseURL, []byte("new")))
	require.NoError(t, b.store.Forget(ctx, conn.WorkspaceID, conn.ID, true))
	sealed, err := b.store.Grant(ctx, conn.WorkspaceID, conn.ID)
	require.NoError(t, err)
	require.Equal(t, []byte("new"), sealed)
}

func TestElderOfAPersonIsWhoeverIsLinkedOrComesFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	ids := make([]uuid.UUID, 4)
	for i, email := range []string{"a@example.com", " A@Example.com", "b@example.com", "a@example.com"} {
		ids[i] = uuid.Must(uuid.NewV7())
		_, _, err := b.store.UpsertRecords(t.Context(), b.conn.WorkspaceID, crm.Contact, []lockstep.Record{
			{ID: ids[i], ExternalID: string(rune('a' + i)), Fields: map[string]any{"email": email}},
		})
		require.NoError(t, err)
	}
	_, err := b.store.FinishRun(t.Context(), b.run, lockstep.RunCompleted, "")
	require.NoError(t, err)
	run := b.begin(t, b.conn)
	lease := b.leaseOf(run)
	elders, err := b.store.Elders(t.Context(), lease, ids)
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]lockstep.Elder{ids[1]: {ID: ids[0], ExternalID: "a"}, ids[3]: {ID: ids[0], ExternalID: "a"}}, elders)

	rows := b.claim(t, lease, 10)
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{landed(rows[3], "0031")})
	require.NoError(t, err)
	elders, err = b.store.Elders(t.Context(), lease, ids[:3])
	require.NoError(t, err)
	require.Equal(t, map[uuid.UUID]lockstep.Elder{ids[0]: {ID: ids[3], ExternalID: "d", Held: true}, ids[1]: {ID: ids[3], ExternalID: "d", Held: true}}, elders)
}

// blocked waits until a statement waits for a lock in the database of pool.
func blocked(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
		return err == nil && n > 0
	}, 10*time.Second, 5*time.Millisecond)
}

// A change that is committed after the settling statement has begun, and before
// it comes to the row, is a change all the same.
func TestChangeInTheMomentOfSettlingIsNotLost(t *testing.T) {
	t.Parallel()
	database := storetest.URL(t)
	pool := storetest.Open(t, database)
	b := setupIn(t, pool, 1)
	row := b.claim(t, b.lease, 1)[0]

	tx, err := pool.Begin(t.Context())
	require.NoError(t, err)
	defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it is committed by then
	_, err = tx.Exec(t.Context(), `UPDATE records SET revision = 2 WHERE id = $1`, row.RecordID)
	require.NoError(t, err)
	_, err = tx.Exec(t.Context(), `UPDATE ledger SET desired = 2 WHERE record_id = $1`, row.RecordID)
	require.NoError(t, err)

	done := make(chan error, 1)
	go func() {
		_, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(row, "0031")})
		done <- err
	}()
	blocked(t, pool)
	require.NoError(t, tx.Commit(t.Context()))
	require.NoError(t, <-done)

	rows, err := b.store.RecordLedger(t.Context(), b.conn.WorkspaceID, row.RecordID)
	require.NoError(t, err)
	require.Equal(t, lockstep.StatePending, rows[0].State)
	require.Equal(t, "0031", rows[0].CRMID)
}

// A load that began before the starting point was chosen, and ends after it, is
// found by the import or marks its records itself.
func TestLoadInTheMomentOfTheStartingPointIsNotLost(t *testing.T) {
	t.Parallel()
	database := storetest.URL(t)
	pool := storetest.Open(t, database)
	b := setupIn(t, pool, 0)
	ctx := t.Context()
	_, err := pool.Exec(ctx, `UPDATE connections SET starting_point = '', status = 'ready' WHERE id = $1`, b.conn.ID)
	require.NoError(t, err)

	choosing, err := pool.Begin(ctx)
	require.NoError(t, err)
	defer choosing.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // it is committed by then
	_, err = choosing.Exec(ctx, `UPDATE connections SET starting_point = 'import', status = 'live' WHERE id = $1`, b.conn.ID)
	require.NoError(t, err)
	done := make(chan error, 1)
	record := lockstep.Record{ID: uuid.Must(uuid.NewV7()), ExternalID: "late", Fields: map[string]any{"email": "late@example.com"}}
	go func() {
		_, _, err := b.store.UpsertRecords(ctx, b.conn.WorkspaceID, crm.Contact, []lockstep.Record{record})
		done <- err
	}()
	blocked(t, pool)
	require.NoError(t, choosing.Commit(ctx))
	require.NoError(t, <-done)

	rows, err := b.store.RecordLedger(ctx, b.conn.WorkspaceID, record.ID)
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, lockstep.StatePending, rows[0].State)
}
