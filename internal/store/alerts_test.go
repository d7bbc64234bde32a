package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/store"
)

func TestWorkspaceIsToldWhereItWantsToBe(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	_, err := s.Alerts(t.Context(), in.WorkspaceID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err))
	for _, target := range []store.AlertTarget{{URL: "https://a.example", SealedSecret: []byte("a")}, {URL: "https://b.example", SealedSecret: []byte("b")}} {
		require.NoError(t, s.PutAlerts(t.Context(), in.WorkspaceID, target, byKey))
		got, err := s.Alerts(t.Context(), in.WorkspaceID)
		require.NoError(t, err)
		require.False(t, got.UpdatedAt.IsZero())
		got.UpdatedAt = target.UpdatedAt
		require.Equal(t, target, got)
	}
	require.NoError(t, s.DeleteAlerts(t.Context(), in.WorkspaceID, byKey))
	require.Equal(t, crm.KindNotFound, crm.KindOf(s.DeleteAlerts(t.Context(), in.WorkspaceID, byKey)))
	log, err := s.Audit(t.Context(), in.WorkspaceID, "", 0, 10)
	require.NoError(t, err)
	require.Len(t, log, 3)
}

// FEATURES: B02
func TestGuideStaysDismissed(t *testing.T) {
	t.Parallel()
	s, in := signingIn(t)
	dismissed := func() []uuid.UUID {
		ids, err := s.DismissedGuides(t.Context(), in.WorkspaceID)
		require.NoError(t, err)
		return ids
	}
	for range 2 {
		require.NoError(t, s.SetGuideDismissed(t.Context(), in.WorkspaceID, in.ConnectionID, true, byKey))
		require.Equal(t, []uuid.UUID{in.ConnectionID}, dismissed())
	}
	require.Error(t, s.SetGuideDismissed(t.Context(), uuid.New(), in.ConnectionID, true, byKey), "another workspace's")
	require.NoError(t, s.SetGuideDismissed(t.Context(), in.WorkspaceID, in.ConnectionID, false, byKey))
	require.Empty(t, dismissed())
}
