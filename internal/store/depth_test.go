package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

func (b *bundle) depth(t testing.TB) store.Depth {
	t.Helper()
	d, err := b.store.Depth(t.Context())
	require.NoError(t, err)
	return d
}

func TestDepthTellsWhatHasNotArrived(t *testing.T) {
	t.Parallel()
	b := setup(t, 5)

	d := b.depth(t)
	require.Equal(t, []store.LedgerDepth{{Vendor: "salesforce", State: "pending", Rows: 5}}, d.Ledger)
	require.Equal(t, []store.OpenRuns{{Vendor: "salesforce", Kind: "import", State: "running", Runs: 1}}, d.Runs)

	rows := b.claim(t, b.lease, 2)
	failed := lockstep.Settlement{RecordID: rows[1].RecordID, Revision: rows[1].Revision, Outcome: lockstep.OutcomeFailed, Problem: "internal"}
	_, err := b.store.Settle(t.Context(), b.lease, []lockstep.Settlement{landed(rows[0], "003A"), failed})
	require.NoError(t, err)
	require.ElementsMatch(t, []store.LedgerDepth{
		{Vendor: "salesforce", State: "pending", Rows: 3}, {Vendor: "salesforce", State: "failed", Rows: 1},
	}, b.depth(t).Ledger, "what is synced is not counted")
}

func TestDepthTellsHowOldThePendingIs(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	b := setupIn(t, pool, 2)
	exec := func(statement string, args ...any) {
		t.Helper()
		_, err := pool.Exec(t.Context(), statement, args...)
		require.NoError(t, err)
	}
	exec(`UPDATE runs SET started_at = now() - interval '2 hours'`)
	exec(`UPDATE records SET updated_at = now() - interval '20 minutes'`)
	exec(`UPDATE ledger SET run_id = NULL WHERE record_id = (SELECT min(id::text)::uuid FROM records)`)
	ages := func() map[string]time.Duration {
		out := make(map[string]time.Duration)
		for _, o := range b.depth(t).Oldest {
			require.Equal(t, "salesforce", o.Vendor)
			out[o.MarkedBy] = o.Age.Round(time.Minute)
		}
		return out
	}
	require.Equal(t, map[string]time.Duration{"change": 20 * time.Minute, "import": 2 * time.Hour}, ages())

	exec(`UPDATE connections SET sync_seconds = 900`)
	require.Equal(t, 10*time.Minute, ages()["change"], "nobody looks any more often")

	exec(`UPDATE ledger SET settled_at = now()`)
	require.Zero(t, ages()["change"], "it was dealt with since")

	require.NoError(t, b.store.SetStatus(t.Context(), b.conn.WorkspaceID, b.conn.ID, lockstep.StatusUnauthorized, "revoked"))
	require.Empty(t, ages(), "what waits for a person is told of elsewhere")
}

func TestDepthTellsWhenConnectionsWereLookedAt(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	b := setupIn(t, pool, 0)
	other := connected(t, b.store, b.conn.WorkspaceID, "00D2")
	require.NoError(t, b.store.SetStatus(t.Context(), other.WorkspaceID, other.ID, lockstep.StatusUnauthorized, "revoked"))
	_, err := pool.Exec(t.Context(), `UPDATE connections SET synced_at = now() - interval '1 hour'`)
	require.NoError(t, err)

	got := b.depth(t).Connections
	require.Len(t, got, 2)
	require.Equal(t, lockstep.StatusLive, got[0].Status)
	require.EqualValues(t, 1, got[0].Connections)
	require.Equal(t, time.Hour, got[0].Unsynced.Round(time.Minute))
	require.Equal(t, store.ConnectionStates{Vendor: "salesforce", Status: lockstep.StatusUnauthorized, Connections: 1}, got[1])
}

func TestDepthTellsWhichAccountsAreLeftAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, 0)
	require.Empty(t, b.depth(t).Parked)

	for _, account := range []string{uuid.NewString(), uuid.NewString()} {
		require.NoError(t, b.store.ParkAccount(t.Context(), store.AccountPark{Vendor: crm.HubSpot, AccountID: account, Spent: true, Rest: time.Hour}))
	}
	got := b.depth(t).Parked
	require.Len(t, got, 1)
	require.Equal(t, time.Hour, got[0].Rest.Round(time.Minute))
	got[0].Rest = 0
	require.Equal(t, store.ParkedAccounts{Vendor: "hubspot", Spent: true, Accounts: 2}, got[0])
}
