package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// bundle is a workspace with a live connection, some contacts, and an import
// that has marked them.
type bundle struct {
	store *store.Store
	conn  lockstep.Connection
	run   lockstep.Run
	lease lockstep.Lease
}

func setup(t testing.TB, contacts int) *bundle {
	t.Helper()
	return setupIn(t, storetest.New(t), contacts)
}

// setupIn is setup in a database that the test has a hand in.
func setupIn(t testing.TB, pool *pgxpool.Pool, contacts int) *bundle {
	t.Helper()
	b := &bundle{store: store.New(pool)}
	ctx := t.Context()

	w, err := lockstep.NewWorkspace("Test")
	require.NoError(t, err)
	key, secret, err := lockstep.NewAPIKey(w.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, b.store.CreateWorkspace(ctx, w, key, secret))

	b.conn = connected(t, b.store, w.ID, "00D1")
	b.load(t, contacts)
	b.run = b.begin(t, b.conn)
	b.lease = b.leaseOf(b.run)
	return b
}

func connected(t testing.TB, s *store.Store, workspace uuid.UUID, account string) lockstep.Connection {
	t.Helper()
	ctx := t.Context()
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, s.CreateConnection(ctx, lockstep.Connection{
		ID: id, WorkspaceID: workspace, Vendor: crm.Salesforce, Targets: map[crm.Object]string{},
	}))
	require.NoError(t, s.Authorize(ctx, workspace, id, 1, crm.Account{ID: account, Environment: crm.Production}, "https://x.my.salesforce.com", []byte("sealed")))
	require.NoError(t, s.PutMapping(ctx, workspace, id, lockstep.Mapping{Object: crm.Contact, Type: "Contact", Version: 1}))
	require.NoError(t, s.SetStatus(ctx, workspace, id, lockstep.StatusReady, ""))
	require.NoError(t, s.ChooseStartingPoint(ctx, workspace, id, lockstep.StartImport, nil))
	conn, err := s.Connection(ctx, workspace, id)
	require.NoError(t, err)
	return conn
}

func (b *bundle) load(t testing.TB, contacts int) {
	t.Helper()
	records := make([]lockstep.Record, contacts)
	for i := range records {
		records[i] = lockstep.Record{
			ID: uuid.Must(uuid.NewV7()), ExternalID: fmt.Sprintf("c%04d", i), Fields: map[string]any{"email": fmt.Sprintf("c%d@example.com", i)},
		}
	}
	created, _, err := b.store.UpsertRecords(t.Context(), b.conn.WorkspaceID, crm.Contact, records)
	require.NoError(t, err)
	require.EqualValues(t, contacts, created)
}

func (b *bundle) begin(t testing.TB, conn lockstep.Connection) lockstep.Run {
	t.Helper()
	run, err := b.store.BeginRun(t.Context(), lockstep.Run{
		ID: uuid.Must(uuid.NewV7()), WorkspaceID: conn.WorkspaceID, ConnectionID: conn.ID, Kind: lockstep.RunImport, LinkUp: lockstep.LinkUpNone,
	}, crm.Contact, false)
	require.NoError(t, err)
	return run
}

func (b *bundle) leaseOf(run lockstep.Run) lockstep.Lease {
	return lockstep.Lease{
		WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, RunID: run.ID, Epoch: b.conn.Epoch, Token: uuid.New(),
	}
}

func (b *bundle) claim(t testing.TB, lease lockstep.Lease, limit int) []lockstep.Claimed {
	t.Helper()
	rows, err := b.store.Claim(t.Context(), lease, uuid.Nil, limit, time.Minute)
	require.NoError(t, err)
	return rows
}

func (b *bundle) counts(t *testing.T) lockstep.Counts {
	t.Helper()
	run, err := b.store.Run(t.Context(), b.run.WorkspaceID, b.run.ID)
	require.NoError(t, err)
	return run.Counts
}

func landed(row lockstep.Claimed, id string) lockstep.Settlement {
	return lockstep.Settlement{
		RecordID: row.RecordID, Revision: row.Revision, Outcome: lockstep.OutcomeCreated, CRMType: "Contact", CRMID: id, Hash: []byte{1},
	}
}

func TestEachRowIsClaimedOnceHoweverManyClaim(t *testing.T) {
	t.Parallel()
	b := setup(t, 500)

	var (
		mu   sync.Mutex
		seen = make(map[uuid.UUID]int)
		wg   sync.WaitGroup
	)
	for range 8 {
		wg.Go(func() {
			lease := b.leaseOf(b.run)
			for {
				rows, err := b.store.Claim(context.WithoutCancel(t.Context()), lease, uuid.Nil, 20, time.Minute)
				if err != nil || len(rows) == 0 {
					return
				}
				mu.Lock()
				for _, r := range rows {
					seen[r.RecordID]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	require.Len(t, seen, 500)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

func TestSettlingMovesRowsCountsThemAndTellsTheLog(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	rows := b.claim(t, b.lease, 10)
	require.Len(t, rows, 3)

	n, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{
		landed(rows[0], "003A"),
		{RecordID: rows[1].RecordID, Revision: 1, Outcome: lockstep.OutcomeFailed, Problem: "validation_rule", Detail: "no"},
		{RecordID: rows[2].RecordID, Revision: 1, Outcome: lockstep.OutcomeSkipped, Problem: lockstep.CodeMissingEmail},
	})
	require.NoError(t, err)
	require.EqualValues(t, 3, n)
	require.Equal(t, lockstep.Counts{Total: 3, Created: 1, Failed: 1, Skipped: 1}, b.counts(t))

	events, err := b.store.SyncLog(t.Context(), b.run.WorkspaceID, b.run.ConnectionID, store.LogFilter{EventFilter: lockstep.EventFilter{RunID: &b.run.ID, Outcome: "failed"}}, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	require.Equal(t, lockstep.Code("validation_rule"), events[0].Problem)

	backlog, err := b.store.Backlog(t.Context(), b.lease)
	require.NoError(t, err)
	require.Zero(t, backlog.Open)
}

func TestClaimThatWasTakenOverSettlesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	old := b.claim(t, b.lease, 10)
	require.Len(t, old, 2)
	require.False(t, old[0].InDoubt)

	next := b.leaseOf(b.run)
	require.Empty(t, b.claim(t, next, 10), "rows are held")
	n, err := b.store.TakeOver(t.Context(), next)
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	taken := b.claim(t, next, 10)
	require.Len(t, taken, 2)
	require.True(t, taken[0].InDoubt, "the first holder may have written")

	n, err = b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(old[0], "003A")})
	require.NoError(t, err)
	require.Zero(t, n)
	require.Zero(t, b.counts(t).Done())

	n, err = b.store.Settle(t.Context(), next, []lockstep.Settlement{landed(taken[0], "003A"), landed(taken[1], "003B")})
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
}

func TestSettlingTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	rows := b.claim(t, b.lease, 1)
	for range 2 {
		_, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(rows[0], "003A")})
		require.NoError(t, err)
	}
	require.EqualValues(t, 1, b.counts(t).Created)
}

func TestOlderEpochClaimsNothingAndKeepsWhatComesHome(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	rows := b.claim(t, b.lease, 1)
	require.Len(t, rows, 1)

	require.NoError(t, b.store.Authorize(t.Context(), b.conn.WorkspaceID, b.conn.ID, b.conn.Epoch, b.conn.Account, b.conn.BaseURL, []byte("new")))
	n, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(rows[0], "003A")})
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "it is what the CRM has answered")
	require.Empty(t, b.claim(t, b.lease, 1))
}

func TestPausedRunGivesNothingOut(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	require.NoError(t, b.store.SetRunState(ctx, b.run.WorkspaceID, b.run.ID, lockstep.RunPaused, "", nil))
	require.Empty(t, b.claim(t, b.lease, 1))
	runs, err := b.store.ResumeRuns(ctx, b.run.WorkspaceID, b.run.ConnectionID)
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Len(t, b.claim(t, b.lease, 1), 1)
}

func TestChangeWhileClaimedLeavesTheRowPending(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	rows := b.claim(t, b.lease, 1)

	_, updated, err := b.store.UpsertRecords(ctx, b.conn.WorkspaceID, crm.Contact, []lockstep.Record{
		{ID: uuid.Must(uuid.NewV7()), ExternalID: "c0000", Fields: map[string]any{"phone": "1"}},
	})
	require.NoError(t, err)
	require.EqualValues(t, 1, updated)
	_, err = b.store.Settle(ctx, b.lease, []lockstep.Settlement{landed(rows[0], "003A")})
	require.NoError(t, err)

	require.EqualValues(t, 1, b.counts(t).Done(), "the run has its outcome")
	var state string
	var run *uuid.UUID
	require.NoError(t, b.row(t, rows[0].RecordID, &state, &run))
	require.Equal(t, "pending", state)
	require.Nil(t, run, "the newer revision is somebody else's to send")
}

// What is changed while somebody has it in hand counts its attempts from the
// beginning; that the one under way said nothing takes nothing from that.
func TestChangeWhileClaimedAndAnAttemptThatSaidNothingLeaveNoAttempts(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	row := b.claim(t, b.lease, 1)[0]
	require.Zero(t, row.Attempts)
	_, _, err := b.store.UpsertRecords(t.Context(), b.conn.WorkspaceID, crm.Contact, []lockstep.Record{
		{ID: uuid.Must(uuid.NewV7()), ExternalID: "c0000", Fields: map[string]any{"phone": "1"}},
	})
	require.NoError(t, err)
	_, err = b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{{RecordID: row.RecordID, Revision: row.Revision, Problem: lockstep.CodeUnavailable, Free: true}})
	require.NoError(t, err)

	again := b.claim(t, b.leaseOf(b.run), 1)
	require.Len(t, again, 1)
	require.Zero(t, again[0].Attempts)
}

func TestSecondRecordOfACRMRecordIsSkippedNamingTheFirst(t *testing.T) {
	t.Parallel()
	b := setup(t, 3)
	rows := b.claim(t, b.lease, 3)

	tied, err := b.store.Link(t.Context(), b.lease, []lockstep.Link{
		{RecordID: rows[0].RecordID, CRMType: "Contact", CRMID: "003A"}, {RecordID: rows[1].RecordID, CRMType: "Contact", CRMID: "003A"},
	})
	require.NoError(t, err)
	require.Equal(t, []uuid.UUID{rows[0].RecordID}, tied)

	_, err = b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(rows[0], "003A"), landed(rows[1], "003A"), landed(rows[2], "003A")})
	require.NoError(t, err)
	require.Equal(t, lockstep.Counts{Total: 3, Created: 1, Skipped: 2}, b.counts(t))
	events, err := b.store.SyncLog(t.Context(), b.run.WorkspaceID, b.run.ConnectionID, store.LogFilter{EventFilter: lockstep.EventFilter{Problem: lockstep.CodeSameRecord}}, 0, 10)
	require.NoError(t, err)
	require.Len(t, events, 2)
	require.Equal(t, rows[0].ExternalID, events[0].Detail)
}

func TestSecondImportIsRefusedWhileOneIsOpen(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	again := lockstep.Run{
		ID: uuid.Must(uuid.NewV7()), WorkspaceID: b.run.WorkspaceID, ConnectionID: b.run.ConnectionID, Kind: lockstep.RunImport, LinkUp: lockstep.LinkUpKeys,
	}
	_, err := b.store.BeginRun(ctx, again, crm.Contact, true)
	require.Equal(t, crm.KindConflict, crm.KindOf(err))

	ended, err := b.store.FinishRun(ctx, b.run, lockstep.RunCancelled, "")
	require.NoError(t, err)
	require.EqualValues(t, 1, ended.Counts.Skipped, "what was not sent says so")
	_, err = b.store.BeginRun(ctx, again, crm.Contact, true)
	require.NoError(t, err)
}

func TestDeletedInTheCRMIsNotBroughtBackByAChange(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	rows := b.claim(t, b.lease, 1)
	_, err := b.store.Settle(ctx, b.lease, []lockstep.Settlement{{
		RecordID: rows[0].RecordID, Revision: 1, Outcome: lockstep.OutcomeSkipped, Problem: lockstep.Code(crm.ReasonDeleted), Unlink: true,
	}})
	require.NoError(t, err)
	_, _, err = b.store.UpsertRecords(ctx, b.conn.WorkspaceID, crm.Contact, []lockstep.Record{
		{ID: uuid.Must(uuid.NewV7()), ExternalID: "c0000", Fields: map[string]any{"phone": "1"}},
	})
	require.NoError(t, err)
	var state string
	var run *uuid.UUID
	require.NoError(t, b.row(t, rows[0].RecordID, &state, &run))
	require.Equal(t, "skipped", state)
}

func TestAnotherWorkspaceSeesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	stranger := uuid.Must(uuid.NewV7())

	_, err := b.store.Connection(ctx, stranger, b.conn.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	_, err = b.store.Run(ctx, stranger, b.run.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	_, err = b.store.Grant(ctx, stranger, b.conn.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	lease := b.lease
	lease.WorkspaceID = stranger
	require.Empty(t, b.claim(t, lease, 10))
	events, err := b.store.SyncLog(ctx, stranger, b.conn.ID, store.LogFilter{}, 0, 10)
	require.NoError(t, err)
	require.Empty(t, events)
}

func (b *bundle) row(t *testing.T, record uuid.UUID, state *string, run **uuid.UUID) error {
	t.Helper()
	rows, err := b.store.RecordLedger(t.Context(), b.conn.WorkspaceID, record)
	if err != nil {
		return err
	}
	require.Len(t, rows, 1)
	*state, *run = string(rows[0].State), rows[0].RunID
	return nil
}

func TestChangeOfASettledRowIsNotTheSameRunsToDoAgain(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	ctx := t.Context()
	rows := b.claim(t, b.lease, 2)
	_, err := b.store.Settle(ctx, b.lease, []lockstep.Settlement{landed(rows[0], "003A")})
	require.NoError(t, err)
	_, _, err = b.store.UpsertRecords(ctx, b.conn.WorkspaceID, crm.Contact, []lockstep.Record{
		{ID: uuid.Must(uuid.NewV7()), ExternalID: "c0000", Fields: map[string]any{"phone": "1"}},
	})
	require.NoError(t, err)

	backlog, err := b.store.Backlog(ctx, b.lease)
	require.NoError(t, err)
	require.EqualValues(t, 1, backlog.Open, "the other one")
	var state string
	var run *uuid.UUID
	require.NoError(t, b.row(t, rows[0].RecordID, &state, &run))
	require.Equal(t, "pending", state)
	require.Nil(t, run)
}

func TestRunThatHasEndedStaysAsItEnded(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	ctx := t.Context()
	_, err := b.store.FinishRun(ctx, b.run, lockstep.RunCompleted, "")
	require.NoError(t, err)
	again, err := b.store.FinishRun(ctx, b.run, lockstep.RunCancelled, "too late")
	require.NoError(t, err)
	require.Equal(t, lockstep.RunCompleted, again.State)
	events, err := b.store.SyncLog(ctx, b.run.WorkspaceID, b.run.ConnectionID, store.LogFilter{EventFilter: lockstep.EventFilter{RunID: &b.run.ID, Outcome: "import_cancelled"}}, 0, 10)
	require.NoError(t, err)
	require.Empty(t, events)
}

func TestRunThatAPersonPausedIsSetGoingByAPersonAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	for _, state := range []lockstep.RunState{lockstep.RunParked, lockstep.RunPaused, lockstep.RunRunning, lockstep.RunParked} {
		require.NoError(t, b.store.SetRunState(ctx, b.run.WorkspaceID, b.run.ID, state, "", nil))
	}
	run, err := b.store.Run(ctx, b.run.WorkspaceID, b.run.ID)
	require.NoError(t, err)
	require.Equal(t, lockstep.RunPaused, run.State)
}

func TestChangeDuringAReconnectIsNotLost(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ctx := t.Context()
	rows := b.claim(t, b.lease, 1)
	_, err := b.store.Settle(ctx, b.lease, []lockstep.Settlement{landed(rows[0], "003A")})
	require.NoError(t, err)
	require.NoError(t, b.store.SetStatus(ctx, b.conn.WorkspaceID, b.conn.ID, lockstep.StatusSettingUp, ""))
	_, _, err = b.store.UpsertRecords(ctx, b.conn.WorkspaceID, crm.Contact, []lockstep.Record{
		{ID: uuid.Must(uuid.NewV7()), ExternalID: "c0000", Fields: map[string]any{"phone": "1"}},
	})
	require.NoError(t, err)
	var state string
	var run *uuid.UUID
	require.NoError(t, b.row(t, rows[0].RecordID, &state, &run))
	require.Equal(t, "pending", state)
}
