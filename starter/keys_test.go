package main

import (
	"encoding/base64"
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
	requireRotated(t, first, rotated)
}

// keysetText returns a fresh keyset as LOCKSTEP_KEYSET has it.
func keysetText(t *testing.T) string {
	t.Helper()
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(keyset)
}

func TestKeysetOfASettingIsRotatedOnStdout(t *testing.T) {
	t.Parallel()

	before := keysetText(t)
	code, stdout, stderr := cli(t, map[string]string{"LOCKSTEP_KEYSET": before}, "keys", "rotate")
	require.Equal(t, exitOK, code, stderr)
	after := strings.TrimSuffix(stdout, "\n")
	require.NotContains(t, stderr, after, "a keyset stands on stdout alone")
	requireRotated(t, []byte(before), []byte(after))

	code, stdout, _ = cli(t, map[string]string{"LOCKSTEP_KEYSET": before}, "keys", "rotate", "--json")
	require.Equal(t, exitOK, code)
	requireRotated(t, []byte(before), []byte(decoded[map[string]string](t, stdout)["keyset"]))

	code, _, stderr = cli(t, map[string]string{"LOCKSTEP_KEYSET": before, "LOCKSTEP_KEYSET_FILE": "keyset.json"}, "keys", "rotate")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "both set")

	code, _, stderr = cli(t, map[string]string{"LOCKSTEP_KEYSET": "bm90aGluZw=="}, "keys", "rotate")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "keyset")
}

// requireRotated requires the second keyset to open what the first has sealed,
// and to seal with a key that the first has not.
func requireRotated(t *testing.T, before, after []byte) {
	t.Helper()
	old, err := secret.ParseKeyring(before)
	require.NoError(t, err)
	now, err := secret.ParseKeyring(after)
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
