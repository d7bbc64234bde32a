package secret_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/secret"
)

func TestKeysetFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "keyset.json")
	require.NoError(t, secret.CreateKeyset(path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	data, err := secret.ReadKeyset(path)
	require.NoError(t, err)
	ring(t, data)

	require.NoError(t, os.Chmod(path, 0o640))
	_, err = secret.ReadKeyset(path)
	require.ErrorContains(t, err, "chmod 600")
}

func TestKeysetFileIsNeverOverwritten(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "keyset.json")
	require.NoError(t, secret.CreateKeyset(path))
	before, err := secret.ReadKeyset(path)
	require.NoError(t, err)

	require.ErrorIs(t, secret.CreateKeyset(path), os.ErrExist)
	after, err := secret.ReadKeyset(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestRotatedKeysetFileOpensOldAndStaysPrivate(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	path := filepath.Join(dir, "keyset.json")
	require.NoError(t, secret.CreateKeyset(path))
	data, err := secret.ReadKeyset(path)
	require.NoError(t, err)
	sealed, err := ring(t, data).Seal([]byte("x"), nil)
	require.NoError(t, err)

	require.NoError(t, secret.RotateKeyset(path))
	rotated, err := secret.ReadKeyset(path) // refuses any mode but 0600
	require.NoError(t, err)
	require.NotEqual(t, data, rotated)
	_, err = ring(t, rotated).Open(sealed, nil)
	require.NoError(t, err)

	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, left, 1)
}
