package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/store/db"
)

// SignIn is what is remembered of somebody who is signing in to a CRM.
type SignIn struct {
	WorkspaceID    uuid.UUID
	ConnectionID   uuid.UUID
	Epoch          int64 // of the connection when it was begun
	Vendor         crm.Vendor
	SealedVerifier []byte
	ExpiresAt      time.Time
}

// SignInFlaw is why a sign-in that is remembered cannot be finished.
type SignInFlaw string

// The flaws. The empty one is none.
const (
	SignInOtherBrowser SignInFlaw = "other_browser" // it was begun in another one; nothing was consumed
	SignInConsumed     SignInFlaw = "consumed"
	SignInExpired      SignInFlaw = "expired"
)

// PutConnectLink remembers a link that begins a sign-in, by the hash of what is
// secret in it.
func (s *Store) PutConnectLink(ctx context.Context, workspace, connection uuid.UUID, secret string, expires time.Time) error {
	hash := sha256.Sum256([]byte(secret))
	return interpret("put_connect_link", s.inTx(ctx, func(q *db.Queries) error {
		if err := q.DeleteOldSignIns(ctx); err != nil {
			return err
		}
		return q.PutConnectLink(ctx, db.PutConnectLinkParams{
			Hash: hash[:], WorkspaceID: workspace, ConnectionID: connection, ExpiresAt: expires,
		})
	}))
}

// OpenConnectLink returns which connection a link is for, once. It returns an
// Error of KindNotFound for a link that was opened before, has expired or was
// never made.
func (s *Store) OpenConnectLink(ctx context.Context, secret string) (workspace, connection uuid.UUID, err error) {
	hash := sha256.Sum256([]byte(secret))
	row, err := s.q.OpenConnectLink(ctx, hash[:])
	return row.WorkspaceID, row.ConnectionID, interpret("open_connect_link", err)
}

// PutSignIn remembers a sign-in under the hash of its state, for the browser
// that has the cookie of the other hash.
func (s *Store) PutSignIn(ctx context.Context, state, browser []byte, in SignIn) error {
	return interpret("put_sign_in", s.q.PutOAuthState(ctx, db.PutOAuthStateParams{
		StateHash: state, BrowserHash: browser, WorkspaceID: in.WorkspaceID, ConnectionID: in.ConnectionID,
		SealedVerifier: in.SealedVerifier, Epoch: in.Epoch, ExpiresAt: in.ExpiresAt,
	}))
}

// ConsumeSignIn returns what PutSignIn was given and makes sure that of all
// calls for one state a single one finds no flaw. It returns an Error of
// KindNotFound for a state that was never put, or is long over.
func (s *Store) ConsumeSignIn(ctx context.Context, state, browser []byte) (SignIn, SignInFlaw, error) {
	row, err := s.q.ConsumeOAuthState(ctx, db.ConsumeOAuthStateParams{StateHash: state, BrowserHash: browser})
	if err != nil {
		return SignIn{}, "", interpret("consume_sign_in", err)
	}
	in := SignIn{
		WorkspaceID: row.WorkspaceID, ConnectionID: row.ConnectionID, Epoch: row.Epoch,
		Vendor: crm.Vendor(row.Vendor), SealedVerifier: row.SealedVerifier, ExpiresAt: row.ExpiresAt,
	}
	switch {
	case row.OtherBrowser:
		return in, SignInOtherBrowser, nil
	case row.Consumed:
		return in, SignInConsumed, nil
	case row.Expired:
		return in, SignInExpired, nil
	}
	return in, "", nil
}
