package oauth_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

var _ oauth.Grants = (*oauth.Vault)(nil)

// sealedRow is SealedGrants with one row for all.
type sealedRow struct {
	sealed []byte
	writes int
}

// UpdateGrant implements oauth.SealedGrants.
func (r *sealedRow) UpdateGrant(_ context.Context, _, _ uuid.UUID, next func([]byte) ([]byte, error)) error {
	sealed, err := next(r.sealed)
	if err == nil && sealed != nil {
		r.sealed, r.writes = sealed, r.writes+1
	}
	return err
}

func TestVaultKeepsWhatIsNew(t *testing.T) {
	t.Parallel()

	rows := &sealedRow{}
	vault := &oauth.Vault{Rows: rows, Keyring: keyring(t)}
	workspace, connection := uuid.New(), uuid.New()
	var err error
	rows.sealed, err = vault.Seal(workspace, connection, first())
	require.NoError(t, err)
	require.NotContains(t, string(rows.sealed), "access-1")

	grant, err := vault.Read(t.Context(), workspace, connection)
	require.NoError(t, err)
	require.Equal(t, "refresh-1", grant.RefreshToken.Reveal())
	require.Zero(t, rows.writes, "nothing was new")

	require.NoError(t, vault.Update(t.Context(), workspace, connection, func(current oauth.Grant) (oauth.Grant, error) {
		current.AccessToken = secret.NewText("access-2")
		return current, nil
	}))
	require.Equal(t, 1, rows.writes)
	grant, err = vault.Read(t.Context(), workspace, connection)
	require.NoError(t, err)
	require.Equal(t, "access-2", grant.AccessToken.Reveal())

	failure := errors.New("no")
	err = vault.Update(t.Context(), workspace, connection, func(oauth.Grant) (oauth.Grant, error) { return oauth.Grant{}, failure })
	require.ErrorIs(t, err, failure)
	require.Equal(t, 1, rows.writes)
}

func TestVaultOpensNobodyElsesGrant(t *testing.T) {
	t.Parallel()

	vault := &oauth.Vault{Rows: &sealedRow{}, Keyring: keyring(t)}
	workspace, connection := uuid.New(), uuid.New()
	sealed, err := vault.Seal(workspace, connection, first())
	require.NoError(t, err)

	_, err = vault.Open(workspace, uuid.New(), sealed)
	requireKind(t, crm.KindInternal, err)
	_, err = vault.Open(uuid.New(), connection, sealed)
	requireKind(t, crm.KindInternal, err)
}

func TestVaultSealsAgainWithTheNewestKey(t *testing.T) {
	t.Parallel()

	old, err := secret.NewKeyset()
	require.NoError(t, err)
	rotated, err := secret.Rotate(old)
	require.NoError(t, err)
	oldRing, err := secret.ParseKeyring(old)
	require.NoError(t, err)
	newRing, err := secret.ParseKeyring(rotated)
	require.NoError(t, err)

	rows := &sealedRow{}
	rows.sealed, err = (&oauth.Vault{Keyring: oldRing}).Seal(uuid.Nil, uuid.Nil, first())
	require.NoError(t, err)
	vault := &oauth.Vault{Rows: rows, Keyring: newRing}
	require.NoError(t, vault.Reseal(t.Context(), uuid.Nil, uuid.Nil))

	grant, err := vault.Read(t.Context(), uuid.Nil, uuid.Nil)
	require.NoError(t, err)
	require.Equal(t, "refresh-1", grant.RefreshToken.Reveal())
	_, err = (&oauth.Vault{Keyring: oldRing}).Open(uuid.Nil, uuid.Nil, rows.sealed)
	require.Error(t, err, "it was sealed with the new key")
}
