package store

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/store/db"
)

// Grant returns the sealed grant of a connection.
func (s *Store) Grant(ctx context.Context, workspace, connection uuid.UUID) ([]byte, error) {
	sealed, err := s.q.Grant(ctx, db.GrantParams{WorkspaceID: workspace, ConnectionID: connection})
	return sealed, interpret("grant", err)
}

// UpdateGrant calls next with the sealed grant of a connection and keeps what
// it returns, or leaves it as it is when that is nil. The row stays locked meanwhile, so of all workers one refreshes
// and the others find the new grant, which is stored before anyone can use it.
//
// next calls the vendor while a database connection waits: its deadline must
// be short. What remains is a crash between the vendor's answer and the
// commit: a rotated token is lost, and a person has to reconnect.
func (s *Store) UpdateGrant(ctx context.Context, workspace, connection uuid.UUID, next func(sealed []byte) ([]byte, error)) error {
	var refused error
	err := s.once(ctx, func(q *db.Queries) error { // a refresh is not made twice
		sealed, err := q.LockGrant(ctx, db.LockGrantParams{WorkspaceID: workspace, ConnectionID: connection})
		if err != nil {
			return err
		}
		if sealed, refused = next(sealed); refused != nil {
			return refused
		}
		if sealed == nil {
			return nil
		}
		return q.PutGrant(ctx, db.PutGrantParams{ConnectionID: connection, WorkspaceID: workspace, Sealed: sealed})
	})
	if refused != nil {
		return refused
	}
	return interpret("update_grant", err)
}

// SharesGrant tells whether another connection, of whichever workspace, lives on
// a login of the same user of the same account: giving one back may end both.
func (s *Store) SharesGrant(ctx context.Context, workspace, connection uuid.UUID) (bool, error) {
	shared, err := s.q.SharesGrant(ctx, db.SharesGrantParams{WorkspaceID: workspace, ID: connection})
	return shared, interpret("shares_grant", err)
}
