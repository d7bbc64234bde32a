package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// FEATURES: Q01, Q02, J08
func TestStandingTellsWhatHasArrivedAndWhatHasNot(t *testing.T) {
	t.Parallel()
	b := setup(t, 9)
	ws, conn := b.conn.WorkspaceID, b.conn.ID
	began := b.run.StartedAt
	got, err := b.store.Standing(t.Context(), ws, conn, began)
	require.NoError(t, err)
	require.EqualValues(t, 9, got.Pending)
	require.True(t, began.Equal(*got.PendingSince), "they are pending since their run began")

	rows := b.claim(t, b.lease, 9)
	fail := func(i int, outcome lockstep.Outcome, problem lockstep.Code) lockstep.Settlement {
		return lockstep.Settlement{RecordID: rows[i].RecordID, Revision: 1, Outcome: outcome, Problem: problem, Defer: time.Hour}
	}
	_, err = b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{
		landed(rows[0], "003A"), landed(rows[1], "003B"),
		fail(2, lockstep.OutcomeFailed, lockstep.CodeRefused), fail(3, lockstep.OutcomeFailed, lockstep.CodeRefused),
		fail(4, lockstep.OutcomeFailed, lockstep.CodeRefused), fail(5, lockstep.OutcomeFailed, lockstep.CodeRefused),
		fail(6, lockstep.OutcomeSkipped, lockstep.CodeMissingEmail), fail(7, lockstep.OutcomeWaiting, lockstep.CodeQuotaSpent),
		fail(8, "", lockstep.CodeUnavailable),
	})
	require.NoError(t, err)

	got, err = b.store.Standing(t.Context(), ws, conn, began)
	require.NoError(t, err)
	require.NotNil(t, got.PendingSince)
	got.PendingSince = nil
	require.Equal(t, store.Standing{Synced: 2, Held: 2, Failed: 4, Pending: 1}, got)
	cards, err := b.store.Afflictions(t.Context(), ws, conn)
	require.NoError(t, err)
	require.Equal(t, []store.Affliction{
		{Outcome: lockstep.OutcomeFailed, Problem: lockstep.CodeRefused, Records: 4, Examples: []string{"c0002", "c0003", "c0004"}},
		{Outcome: lockstep.OutcomeSkipped, Problem: lockstep.CodeMissingEmail, Records: 1, Examples: []string{"c0006"}},
		{Outcome: lockstep.OutcomeWaiting, Problem: lockstep.CodeUnavailable, Records: 1, Examples: []string{"c0008"}},
		{Outcome: lockstep.OutcomeWaiting, Problem: lockstep.CodeQuotaSpent, Records: 1, Examples: []string{"c0007"}},
	}, cards)

	later, err := b.store.Standing(t.Context(), ws, conn, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, later.Synced+later.Held+later.Failed)
	other, err := b.store.Standing(t.Context(), uuid.New(), conn, began)
	require.NoError(t, err)
	require.Equal(t, store.Standing{}, other)
	cards, err = b.store.Afflictions(t.Context(), uuid.New(), conn)
	require.NoError(t, err)
	require.Empty(t, cards)
}

func TestPendingIsAsOldAsWhatMadeItSo(t *testing.T) {
	t.Parallel()
	b := settled(t, 2, lockstep.CodeRefused)
	since := func() time.Time {
		got, err := b.store.Standing(t.Context(), b.conn.WorkspaceID, b.conn.ID, time.Now())
		require.NoError(t, err)
		require.EqualValues(t, 1, got.Pending)
		return *got.PendingSince
	}
	landedAt := func() time.Time {
		records, err := b.store.Records(t.Context(), b.conn.WorkspaceID, "contact", uuid.Nil, 1)
		require.NoError(t, err)
		rows, err := b.store.RecordLedger(t.Context(), b.conn.WorkspaceID, records[0].ID)
		require.NoError(t, err)
		return *rows[0].SettledAt
	}()

	_, marked, err := b.remap(t)
	require.NoError(t, err)
	require.EqualValues(t, 1, marked)
	remapped := since()
	require.True(t, remapped.After(landedAt), "not since the record was last changed")
	b.change(t, "c0000")
	require.True(t, since().After(remapped))
}
