package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

func TestAuditIsPagedAndItsWorkspaceS(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	key := uuid.New()
	for _, target := range []string{"connection/1", "connection/2", "connection/1"} {
		require.NoError(t, s.RecordAudit(t.Context(), in.WorkspaceID, store.AuditEntry{
			Actor: store.ActorKey, KeyID: &key, KeyName: "ci", Role: lockstep.RoleAdmin, Action: "pauseConnection", Target: target, Detail: "d", RequestID: "r",
		}))
	}

	page, err := s.Audit(t.Context(), in.WorkspaceID, "", 0, 2)
	require.NoError(t, err)
	require.Equal(t, []string{"connection/1", "connection/2"}, []string{page[0].Target, page[1].Target})
	page, err = s.Audit(t.Context(), in.WorkspaceID, "", page[1].ID, 2)
	require.NoError(t, err)
	require.Len(t, page, 1)
	require.Equal(t, key, *page[0].KeyID)
	page, err = s.Audit(t.Context(), in.WorkspaceID, "connection/2", 0, 10)
	require.NoError(t, err)
	require.Len(t, page, 1)
	page, err = s.Audit(t.Context(), uuid.New(), "", 0, 10)
	require.NoError(t, err)
	require.Empty(t, page)
}

func TestAuditCannotBeChanged(t *testing.T) {
	t.Parallel()
	pool := storetest.New(t)
	b := setupIn(t, pool, 0)
	require.NoError(t, b.store.RecordAudit(t.Context(), b.conn.WorkspaceID, store.AuditEntry{Actor: store.ActorTemporal, Action: "retry-failed"}))
	require.Error(t, b.store.RecordAudit(t.Context(), b.conn.WorkspaceID, store.AuditEntry{Actor: "nobody", Action: "x"}))

	for _, change := range []string{"UPDATE audit SET action = 'x'", "DELETE FROM audit", "TRUNCATE audit"} {
		_, err := pool.Exec(t.Context(), change)
		require.ErrorContains(t, err, "append-only")
	}
}
