package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/secret"
)

func TestKeysetIsPrintedAlone(t *testing.T) {
	t.Parallel()

	code, stdout, _ := cli(t, nil, "keys", "new")
	require.Equal(t, exitOK, code)
	_, err := secret.ParseKeyring([]byte(strings.TrimSuffix(stdout, "\n")))
	require.NoError(t, err)
}

func TestKeysetFileIsPrivateAndNeverOverwritten(t *testing.T) {
	t.Parallel()

	file := filepath.Join(t.TempDir(), "keyset.json")
	code, _, stderr := cli(t, nil, "keys", "new", "--file", file)
	require.Equal(t, exitOK, code, stderr)
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	first, err := os.ReadFile(file)
	require.NoError(t, err)

	code, _, stderr = cli(t, nil, "keys", "new", "--file", file)
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "name another file")

	code, _, stderr = cli(t, map[string]string{"LOCKSTEP_KEYSET_FILE": file}, "keys", "rotate")
	require.Equal(t, exitOK, code, stderr)
	rotated, err := os.ReadFile(file)
	require.NoError(t, err)
	old, err := secret.ParseKeyring(first)
	require.NoError(t, err)
	now, err := secret.ParseKeyring(rotated)
	require.NoError(t, err)
	sealed, err := old.Seal([]byte("token"), nil)
	require.NoError(t, err)
	opened, err := now.Open(sealed, nil)
	require.NoError(t, err)
	require.Equal(t, "token", string(opened))
	sealed, err = now.Seal([]byte("token"), nil)
	require.NoError(t, err)
	_, err = old.Open(sealed, nil)
	require.Error(t, err, "the new key seals")
}
