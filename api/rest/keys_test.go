package rest

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// roleKeys takes the name of a role for a key that has it.
type roleKeys struct{ workspace uuid.UUID }

func (k roleKeys) Authenticate(_ context.Context, secret string) (lockstep.APIKey, error) {
	if !Role(secret).Valid() {
		return lockstep.APIKey{}, &crm.Error{Kind: crm.KindNotFound}
	}
	return lockstep.APIKey{WorkspaceID: k.workspace, Role: lockstep.Role(secret)}, nil
}
