package store_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestRunsAreReadInTheirWorkspaces(t *testing.T) {
	t.Parallel()
	b := setup(t, 1)
	ws, id := b.run.WorkspaceID, b.run.ID

	runs, err := b.store.RunsNow(t.Context(), []uuid.UUID{ws, uuid.New(), ws}, []uuid.UUID{id, id, uuid.New()})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	require.Equal(t, b.run, runs[0])
	runs, err = b.store.RunsNow(t.Context(), []uuid.UUID{uuid.New()}, []uuid.UUID{id})
	require.NoError(t, err)
	require.Empty(t, runs)
}
