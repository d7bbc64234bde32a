package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

var byKey = store.AuditEntry{Actor: store.ActorKey, Action: "key"}

func TestKeyIsInForceUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	key, secret, err := lockstep.NewAPIKey(in.WorkspaceID, "ci", lockstep.RoleStandard)
	require.NoError(t, err)
	require.NoError(t, s.IssueKey(t.Context(), key, secret, byKey))
	got, err := s.Authenticate(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, key, got)
	keys, err := s.IssuedKeys(t.Context(), in.WorkspaceID)
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, key, keys[1].APIKey)

	require.NoError(t, s.IssueKey(t.Context(), key, "lsk_another", byKey))
	_, err = s.Authenticate(t.Context(), secret)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err), "nobody knows it")
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.RevokeKey(t.Context(), uuid.New(), key.ID, byKey)), "another workspace's")
	require.NoError(t, s.RevokeKey(t.Context(), in.WorkspaceID, key.ID, byKey))
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.RevokeKey(t.Context(), in.WorkspaceID, key.ID, byKey)))
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.IssueKey(t.Context(), key, secret, byKey)), "what is revoked stays so")
	_, err = s.Authenticate(t.Context(), "lsk_another")
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))

	log, err := s.Audit(t.Context(), in.WorkspaceID, "", 0, 10)
	require.NoError(t, err)
	require.Len(t, log, 3)
}

func TestOneAdminKeyIsLeftHoweverManyRevoke(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	second, secret, err := lockstep.NewAPIKey(in.WorkspaceID, "second", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, s.IssueKey(t.Context(), second, secret, byKey))
	keys, err := s.IssuedKeys(t.Context(), in.WorkspaceID)
	require.NoError(t, err)

	var group errgroup.Group
	for _, key := range keys {
		group.Go(func() error {
			err := s.RevokeKey(t.Context(), in.WorkspaceID, key.ID, byKey)
			if crm.KindOf(err) == crm.KindConflict {
				return nil
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	keys, err = s.IssuedKeys(t.Context(), in.WorkspaceID)
	require.NoError(t, err)
	require.Len(t, keys, 1)
}
