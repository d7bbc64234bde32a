package rest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// IssuedKey is an API key that is in force.
type IssuedKey struct {
	lockstep.APIKey

	CreatedAt time.Time
}

// IssuedKeys has the workspaces' API keys.
type IssuedKeys interface {
	// IssueKey adds a key, of which only the hash is kept, and notes that. A key
	// that is issued again under its id has another secret from then on.
	IssueKey(ctx context.Context, key lockstep.APIKey, secret string, by AuditRow) error

	// IssuedKeys returns those that are in force, oldest first.
	IssuedKeys(ctx context.Context, workspace uuid.UUID) ([]IssuedKey, error)

	// RevokeKey ends a key, and notes that. It returns an Error of KindNotFound for
	// one that is not in force, and of KindConflict for the last of an admin.
	RevokeKey(ctx context.Context, workspace, id uuid.UUID, by AuditRow) error
}

// ListKeys implements StrictServerInterface.
func (s *Server) ListKeys(ctx context.Context, _ ListKeysRequestObject) (ListKeysResponseObject, error) {
	caller, _ := callerOf(ctx)
	keys, err := s.IssuedKeys.IssuedKeys(ctx, caller.WorkspaceID)
	if err != nil {
		return nil, err
	}
	out := ListKeys200JSONResponse{Items: make([]Key, len(keys))}
	for i, k := range keys {
		out.Items[i] = Key{ID: k.ID, Name: k.Name, Role: Role(k.Role), CreatedAt: k.CreatedAt}
	}
	return out, nil
}

// CreateKey implements StrictServerInterface.
func (s *Server) CreateKey(ctx context.Context, req CreateKeyRequestObject) (CreateKeyResponseObject, error) {
	caller, _ := callerOf(ctx)
	key, secret, err := lockstep.NewAPIKey(caller.WorkspaceID, req.Body.Name, lockstep.Role(req.Body.Role))
	if crm.KindOf(err) == crm.KindInvalid {
		fault := RequestError{Where: "body.name", Message: "is blank, or holds control characters"}
		return nil, &Error{Code: codeRequestInvalid, Err: err, errors: []RequestError{fault}}
	}
	if err != nil {
		return nil, err
	}
	if key.ID, err = newID(ctx); err != nil {
		return nil, err
	}
	ch := changing(ctx)
	ch.row.Target, ch.row.Detail = "key/"+key.ID.String(), "role "+string(key.Role)
	if err := s.IssuedKeys.IssueKey(ctx, key, secret, ch.noted()); err != nil {
		return nil, err
	}
	return CreateKey201JSONResponse{ID: key.ID, Name: key.Name, Role: req.Body.Role, Secret: secret}, nil
}

// RevokeKey implements StrictServerInterface.
func (s *Server) RevokeKey(ctx context.Context, req RevokeKeyRequestObject) (RevokeKeyResponseObject, error) {
	caller, _ := callerOf(ctx)
	err := s.IssuedKeys.RevokeKey(ctx, caller.WorkspaceID, req.KeyID, changing(ctx).noted())
	if crm.KindOf(err) == crm.KindConflict {
		return nil, &Error{Code: "last_admin_key", Err: err}
	}
	return RevokeKey204Response{}, err
}
