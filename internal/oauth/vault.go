package oauth

import (
	"bytes"
	"context"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/secret"
)

// Grants keeps the grants of connections. It is safe for concurrent use, by
// many processes.
type Grants interface {
	// Update calls next with the grant of connection and keeps what it returns.
	// The grant stays locked meanwhile, for all processes: what next is given is
	// the truth until Update returns, and nobody sees what it returned before
	// that is kept. When next fails, nothing is kept and its error is returned.
	// An Error of KindNotFound says that there is no grant.
	Update(ctx context.Context, workspace, connection uuid.UUID, next func(current Grant) (Grant, error)) error
}

// SealedGrants keeps grants that only a Vault can open.
type SealedGrants interface {
	// UpdateGrant calls next with the sealed grant of connection and keeps what
	// it returns, or leaves it as it is when that is nil. It holds one row lock
	// meanwhile, and is otherwise as Grants.Update says.
	UpdateGrant(ctx context.Context, workspace, connection uuid.UUID, next func(sealed []byte) ([]byte, error)) error
}

// Vault is Grants over sealed rows. A sealed grant opens only as that of the
// workspace and connection that it was sealed for.
type Vault struct {
	Rows    SealedGrants
	Keyring *secret.Keyring
}

// Update implements Grants. A grant that next returns unchanged is not written.
func (v *Vault) Update(ctx context.Context, workspace, connection uuid.UUID, next func(current Grant) (Grant, error)) error {
	return v.Rows.UpdateGrant(ctx, workspace, connection, func(sealed []byte) ([]byte, error) {
		current, err := v.Open(workspace, connection, sealed)
		if err != nil {
			return nil, err
		}
		before, err := current.Encode()
		if err != nil {
			return nil, err
		}
		grant, err := next(current)
		if err != nil {
			return nil, err
		}
		if after, err := grant.Encode(); err != nil || bytes.Equal(before, after) {
			return nil, err
		}
		return v.Seal(workspace, connection, grant)
	})
}

// Read returns the grant of connection.
func (v *Vault) Read(ctx context.Context, workspace, connection uuid.UUID) (Grant, error) {
	var grant Grant
	err := v.Update(ctx, workspace, connection, func(current Grant) (Grant, error) {
		grant = current
		return current, nil
	})
	return grant, err
}

// Reseal seals the grant of connection with the keyring's newest key.
func (v *Vault) Reseal(ctx context.Context, workspace, connection uuid.UUID) error {
	return v.Rows.UpdateGrant(ctx, workspace, connection, func(sealed []byte) ([]byte, error) {
		grant, err := v.Open(workspace, connection, sealed)
		if err != nil {
			return nil, err
		}
		return v.Seal(workspace, connection, grant)
	})
}

// Seal returns grant as the row of connection keeps it.
func (v *Vault) Seal(workspace, connection uuid.UUID, grant Grant) ([]byte, error) {
	plain, err := grant.Encode()
	if err != nil {
		return nil, err
	}
	return v.Keyring.Seal(plain, belongsTo(workspace, connection, "grant"))
}

// Open returns the grant that Seal has sealed for connection. An Error of
// KindInternal says that it is not, or that the key is gone.
func (v *Vault) Open(workspace, connection uuid.UUID, sealed []byte) (Grant, error) {
	plain, err := v.Keyring.Open(sealed, belongsTo(workspace, connection, "grant"))
	if err != nil {
		return Grant{}, &crm.Error{Kind: crm.KindInternal, Op: "oauth.open_grant", Err: err}
	}
	return DecodeGrant(plain)
}

// belongsTo is the associated data of what is sealed: whose it is and what, so
// that a row copied to another tenant, or a verifier passed off as a grant,
// does not open.
func belongsTo(workspace, connection uuid.UUID, what string) []byte {
	return []byte(workspace.String() + "|" + connection.String() + "|" + what)
}
