package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// IssuedKey is an API key that is in force.
type IssuedKey struct {
	lockstep.APIKey

	CreatedAt time.Time
}

// IssueKey adds an API key, of which only the hash is kept, and notes in the
// audit log that somebody has. Issuing a key again under its id gives it another
// secret. It returns an Error of KindNotFound when that id is revoked.
func (s *Store) IssueKey(ctx context.Context, key lockstep.APIKey, secret string, by AuditEntry) error {
	hash := sha256.Sum256([]byte(secret))
	return s.inTx(ctx, func(q *db.Queries) error {
		n, err := q.PutAPIKey(ctx, db.PutAPIKeyParams{ID: key.ID, WorkspaceID: key.WorkspaceID, Name: key.Name, Role: string(key.Role), Hash: hash[:]})
		if err := found("issue_key", n, err); err != nil {
			return err
		}
		return interpret("issue_key", recordAudit(ctx, q, key.WorkspaceID, by))
	})
}

// IssuedKeys returns the API keys of a workspace that are in force, oldest
// first.
func (s *Store) IssuedKeys(ctx context.Context, workspace uuid.UUID) ([]IssuedKey, error) {
	rows, err := s.q.APIKeys(ctx, workspace)
	if err != nil {
		return nil, interpret("issued_keys", err)
	}
	out := make([]IssuedKey, len(rows))
	for i, r := range rows {
		out[i] = IssuedKey{APIKey: lockstep.APIKey{ID: r.ID, WorkspaceID: workspace, Name: r.Name, Role: lockstep.Role(r.Role)}, CreatedAt: r.CreatedAt}
	}
	return out, nil
}

// RevokeKey makes sure that nothing is answered to a key any more, and notes in
// the audit log that somebody has. It returns an Error of KindNotFound for a key
// that is not in force, and of KindConflict for the last one of an admin.
func (s *Store) RevokeKey(ctx context.Context, workspace, id uuid.UUID, by AuditEntry) error {
	return s.inTx(ctx, func(q *db.Queries) error {
		admins, err := q.LockAdminKeys(ctx, workspace)
		if err != nil {
			return interpret("revoke_key", err)
		}
		if len(admins) == 1 && admins[0] == id {
			return &crm.Error{Kind: crm.KindConflict, Op: "store.revoke_key"}
		}
		n, err := q.RevokeAPIKey(ctx, db.RevokeAPIKeyParams{WorkspaceID: workspace, ID: id})
		if err := found("revoke_key", n, err); err != nil {
			return err
		}
		return interpret("revoke_key", recordAudit(ctx, q, workspace, by))
	})
}
