package secret_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/secret"
)

// ring returns the keyring of data.
func ring(t *testing.T, data []byte) *secret.Keyring {
	t.Helper()

	k, err := secret.ParseKeyring(data)
	require.NoError(t, err)
	return k
}

func keyset(t *testing.T) []byte {
	t.Helper()

	data, err := secret.NewKeyset()
	require.NoError(t, err)
	return data
}

func TestSealedOpensWithWhatItWasSealedFor(t *testing.T) {
	t.Parallel()

	k := ring(t, keyset(t))
	plain, aad := []byte("a refresh token"), []byte("workspace|connection")
	sealed, err := k.Seal(plain, aad)
	require.NoError(t, err)
	require.NotContains(t, string(sealed), string(plain))

	opened, err := k.Open(sealed, aad)
	require.NoError(t, err)
	require.Equal(t, plain, opened)

	again, err := k.Seal(plain, aad)
	require.NoError(t, err)
	require.NotEqual(t, sealed, again, "equal plain texts must not be told by their sealed forms")
}

// FEATURES: A09
func TestSealedOpensForNobodyElse(t *testing.T) {
	t.Parallel()

	k := ring(t, keyset(t))
	aad := []byte("workspace|connection")
	sealed, err := k.Seal([]byte("a refresh token"), aad)
	require.NoError(t, err)

	_, err = k.Open(sealed, []byte("workspace|another"))
	require.Error(t, err)
	_, err = ring(t, keyset(t)).Open(sealed, aad)
	require.Error(t, err)

	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		_, err = k.Open(changed, aad)
		require.Error(t, err, "byte %d", i)
	}
	_, err = k.Open(nil, aad)
	require.Error(t, err)
}

func TestSealedCarriesItsKeysID(t *testing.T) {
	t.Parallel()

	first := keyset(t)
	second, err := secret.Rotate(first)
	require.NoError(t, err)

	// Tink's prefix: a version byte and four of the key's id.
	prefix := func(data []byte) []byte {
		sealed, err := ring(t, data).Seal([]byte("x"), nil)
		require.NoError(t, err)
		return sealed[:5]
	}
	before, again, after := prefix(first), prefix(first), prefix(second)
	require.Equal(t, before, again)
	require.NotEqual(t, before, after)
}

func TestRotatedKeyringOpensOldAndSealsNew(t *testing.T) {
	t.Parallel()

	first := keyset(t)
	aad := []byte("workspace|connection")
	sealed, err := ring(t, first).Seal([]byte("old"), aad)
	require.NoError(t, err)

	second, err := secret.Rotate(first)
	require.NoError(t, err)
	opened, err := ring(t, second).Open(sealed, aad)
	require.NoError(t, err)
	require.Equal(t, "old", string(opened))

	fresh, err := ring(t, second).Seal([]byte("new"), aad)
	require.NoError(t, err)
	_, err = ring(t, first).Open(fresh, aad)
	require.Error(t, err, "the old keyset has no such key")
}

func TestKeysetIsReadFromJSONOrBase64(t *testing.T) {
	t.Parallel()

	data := keyset(t)
	sealed, err := ring(t, data).Seal([]byte("x"), nil)
	require.NoError(t, err)

	encoded := []byte(base64.StdEncoding.EncodeToString(data) + "\n")
	opened, err := ring(t, encoded).Open(sealed, nil)
	require.NoError(t, err)
	require.Equal(t, "x", string(opened))
}

func TestBrokenKeysetIsNotQuoted(t *testing.T) {
	t.Parallel()

	for _, broken := range []string{"", "planted!", base64.StdEncoding.EncodeToString([]byte("planted")), `{"planted": 1}`, `{"key": [{"planted"`} {
		_, err := secret.ParseKeyring([]byte(broken))
		require.Error(t, err, broken)
		require.NotContains(t, err.Error(), "planted")
		_, err = secret.Rotate([]byte(broken))
		require.Error(t, err, broken)
	}
}
