package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// remap saves a mapping after the first.
func (b *bundle) remap(t *testing.T) (lockstep.Mapping, int64, error) {
	t.Helper()
	return b.store.SaveMapping(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.Mapping{
		Object: crm.Contact, Type: "Contact", Version: 1, Rules: []lockstep.Rule{{Target: "LeadSource", Fixed: "Web"}},
	}, store.AuditEntry{Actor: store.ActorKey, Action: "saveMapping"})
}

// states counts b's rows by state.
func (b *bundle) states(t *testing.T) map[lockstep.State]int {
	t.Helper()
	records, err := b.store.Records(t.Context(), b.conn.WorkspaceID, crm.Contact, uuid.Nil, 1000)
	require.NoError(t, err)
	out := make(map[lockstep.State]int)
	for _, r := range records {
		rows, err := b.store.RecordLedger(t.Context(), b.conn.WorkspaceID, r.ID)
		require.NoError(t, err)
		for _, row := range rows {
			out[row.State]++
		}
	}
	return out
}

// FEATURES: C05
func TestNewMappingReachesWhatIsLinked(t *testing.T) {
	t.Parallel()
	b := settled(t, 5, lockstep.CodeRefused)

	m, marked, err := b.remap(t)
	require.NoError(t, err)
	require.EqualValues(t, 2, m.Version)
	require.EqualValues(t, 4, marked)
	require.Equal(t, map[lockstep.State]int{lockstep.StatePending: 4, lockstep.StateFailed: 1}, b.states(t), "what was never written is left as it is")
	kept, err := b.store.Mapping(t.Context(), b.conn.WorkspaceID, b.conn.ID, crm.Contact)
	require.NoError(t, err)
	require.Equal(t, m, kept)
	log, err := b.store.Audit(t.Context(), b.conn.WorkspaceID, "", 0, 10)
	require.NoError(t, err)
	require.Len(t, log, 1)

	run, err := b.sync(t)
	require.NoError(t, err)
	require.EqualValues(t, 4, run.Counts.Total)
	rows := b.claim(t, b.leaseOf(run), 10)
	require.Len(t, rows, 4)
	for _, row := range rows {
		require.NotEmpty(t, row.CRMID)
		require.Zero(t, row.Attempts)
	}
}

func TestOnlyTheNewestMappingIsFollowed(t *testing.T) {
	t.Parallel()
	b := settled(t, 2, lockstep.CodeRefused)
	saved := make([]bool, 6)
	var group errgroup.Group
	for i := range saved {
		group.Go(func() error {
			_, _, err := b.remap(t)
			saved[i] = err == nil
			if crm.KindOf(err) == crm.KindConflict {
				return nil
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	var n int
	for _, ok := range saved {
		if ok {
			n++
		}
	}
	require.Equal(t, 1, n)
	log, err := b.store.Audit(t.Context(), b.conn.WorkspaceID, "", 0, 10)
	require.NoError(t, err)
	require.Len(t, log, 1, "a refused change is none")

	_, _, err = b.store.SaveMapping(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.Mapping{Object: crm.Company, Version: 1}, store.AuditEntry{Actor: store.ActorKey})
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	_, _, err = b.store.SaveMapping(t.Context(), uuid.New(), b.conn.ID, lockstep.Mapping{Object: crm.Contact, Version: 2}, store.AuditEntry{Actor: store.ActorKey})
	require.Equal(t, crm.KindNotFound, crm.KindOf(err), "another workspace's")
}

func TestWhatIsBeingWrittenIsWrittenOnceMore(t *testing.T) {
	t.Parallel()
	b := setup(t, 4)
	held := b.claim(t, b.lease, 2)

	_, marked, err := b.remap(t)
	require.NoError(t, err)
	require.EqualValues(t, 2, marked)
	n, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(held[0], "003A"), landed(held[1], "003B")})
	require.NoError(t, err)
	require.EqualValues(t, 2, n)
	require.Equal(t, lockstep.Counts{Total: 2}, b.counts(t), "they are the next run's; the import has the others")
	rest := b.claim(t, b.lease, 10)
	require.Len(t, rest, 2)
	_, err = b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(rest[0], "003C"), landed(rest[1], "003D")})
	require.NoError(t, err)
	backlog, err := b.store.Backlog(t.Context(), b.lease)
	require.NoError(t, err)
	require.Zero(t, backlog.Open)

	run, err := b.sync(t)
	require.NoError(t, err)
	again := b.claim(t, b.leaseOf(run), 10)
	require.Len(t, again, 2)
	require.Equal(t, "003A", again[0].CRMID)
	require.False(t, again[0].InDoubt)
}

func TestMappingOfAConnectionThatSendsNothingMarksNothing(t *testing.T) {
	t.Parallel()
	b := settled(t, 3, lockstep.CodeRefused)
	require.NoError(t, b.store.Disconnect(t.Context(), b.conn.WorkspaceID, b.conn.ID, ""))

	m, marked, err := b.remap(t)
	require.NoError(t, err)
	require.EqualValues(t, 2, m.Version)
	require.Zero(t, marked)
}

func TestWhatWasDeletedInTheCRMStaysSo(t *testing.T) {
	t.Parallel()
	b := setup(t, 2)
	rows := b.claim(t, b.lease, 2)
	gone := landed(rows[0], "003A")
	gone.Outcome, gone.Problem = lockstep.OutcomeSkipped, lockstep.Code(crm.ReasonDeleted)
	cancelled := landed(rows[1], "003B")
	cancelled.Outcome, cancelled.Problem = lockstep.OutcomeSkipped, lockstep.CodeRunCancelled
	_, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{gone, cancelled})
	require.NoError(t, err)

	_, marked, err := b.remap(t)
	require.NoError(t, err)
	require.EqualValues(t, 1, marked)
	require.Equal(t, map[lockstep.State]int{lockstep.StatePending: 1, lockstep.StateSkipped: 1}, b.states(t))
}

func TestTestContactIsNotRemapped(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	run := b.newRun(lockstep.RunTestContact)
	_, err := b.store.BeginTest(t.Context(), run, lockstep.Record{ID: uuid.Must(uuid.NewV7()), Object: crm.Contact, ExternalID: "test", Fields: map[string]any{}})
	require.NoError(t, err)
	rows, err := b.store.Claim(t.Context(), b.leaseOf(run), uuid.Nil, 1, time.Minute)
	require.NoError(t, err)
	require.Len(t, rows, 1)

	_, marked, err := b.remap(t)
	require.NoError(t, err)
	require.Zero(t, marked)
}
