package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

func TestSchemaThatIsBehindIsTold(t *testing.T) {
	t.Parallel()

	pool := storetest.New(t)
	there, needed, err := store.SchemaVersions(t.Context(), pool)
	require.NoError(t, err)
	require.Positive(t, needed)
	require.Equal(t, needed, there)

	_, err = pool.Exec(t.Context(), "DELETE FROM goose_db_version WHERE version_id = $1", needed)
	require.NoError(t, err)
	there, _, err = store.SchemaVersions(t.Context(), pool)
	require.NoError(t, err)
	require.Less(t, there, needed)

	_, err = pool.Exec(t.Context(), "DROP TABLE goose_db_version")
	require.NoError(t, err)
	there, _, err = store.SchemaVersions(t.Context(), pool)
	require.NoError(t, err)
	require.Zero(t, there)
}
