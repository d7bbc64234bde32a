package store

import (
	"context"
	"crypto/sha256"

	"github.com/google/uuid"

	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// CreateWorkspace adds a workspace with its first API key, of which only the
// hash is kept.
func (s *Store) CreateWorkspace(ctx context.Context, w lockstep.Workspace, key lockstep.APIKey, secret string) error {
	return interpret("create_workspace", s.inTx(ctx, func(q *db.Queries) error {
		if err := q.InsertWorkspace(ctx, db.InsertWorkspaceParams{ID: w.ID, Key: w.Key, Name: w.Name}); err != nil {
			return err
		}
		hash := sha256.Sum256([]byte(secret))
		return q.InsertAPIKey(ctx, db.InsertAPIKeyParams{
			ID: key.ID, WorkspaceID: w.ID, Name: key.Name, Role: string(key.Role), Hash: hash[:],
		})
	}))
}

// Workspace returns a workspace.
func (s *Store) Workspace(ctx context.Context, id uuid.UUID) (lockstep.Workspace, error) {
	row, err := s.q.Workspace(ctx, id)
	if err != nil {
		return lockstep.Workspace{}, interpret("workspace", err)
	}
	return lockstep.Workspace{ID: row.ID, Key: row.Key, Name: row.Name, CreatedAt: row.CreatedAt}, nil
}

// Authenticate returns whose key secret is. It returns an Error of
// KindNotFound for a key that was never issued or is revoked.
func (s *Store) Authenticate(ctx context.Context, secret string) (lockstep.APIKey, error) {
	hash := sha256.Sum256([]byte(secret))
	row, err := s.q.APIKeyByHash(ctx, hash[:])
	if err != nil {
		return lockstep.APIKey{}, interpret("authenticate", err)
	}
	return lockstep.APIKey{ID: row.ID, WorkspaceID: row.WorkspaceID, Name: row.Name, Role: lockstep.Role(row.Role)}, nil
}
