package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/activities"
	"lockstep/internal/connect"
	"lockstep/internal/crm"
	"lockstep/internal/oauth"
	"lockstep/internal/store"
)

// revokeWithin bounds giving a grant back: somebody waits, and it is deleted in
// any case.
const revokeWithin = 10 * time.Second

// grants implements activities.Grants.
type grants struct {
	rows   *store.Store
	vault  *oauth.Vault
	opener *connect.Opener
}

var _ activities.Grants = (*grants)(nil)

// Revoke implements activities.Grants. A grant that another connection lives on
// too is left alone, and a vendor that takes none back is asked for nothing.
func (g *grants) Revoke(ctx context.Context, workspace, connection uuid.UUID) error {
	shared, err := g.rows.SharesGrant(ctx, workspace, connection)
	if err != nil || shared {
		return err
	}
	grant, err := g.vault.Read(ctx, workspace, connection)
	if err != nil || grant.RefreshToken.Empty() {
		return err
	}
	connector, err := g.opener.Open(ctx, workspace, connection)
	if err != nil {
		return err
	}
	revoker, err := crm.As[crm.Revoker](connector)
	if err != nil {
		return nil // it has no such thing
	}
	ctx, cancel := context.WithTimeout(ctx, revokeWithin)
	defer cancel()
	return revoker.Revoke(ctx, grant.RefreshToken.Reveal())
}
