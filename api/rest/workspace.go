package rest

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// Workspaces has the workspaces.
type Workspaces interface {
	Workspace(ctx context.Context, id uuid.UUID) (lockstep.Workspace, error)
}

// GetWorkspace implements StrictServerInterface.
func (s *Server) GetWorkspace(ctx context.Context, _ GetWorkspaceRequestObject) (GetWorkspaceResponseObject, error) {
	key, _ := callerOf(ctx)
	w, err := s.Workspaces.Workspace(ctx, key.WorkspaceID)
	if err != nil {
		return nil, err
	}
	out := GetWorkspace200JSONResponse{ID: w.ID, Key: w.Key, Name: w.Name, Role: Role(key.Role), CreatedAt: w.CreatedAt}
	if out.Records.Contact, err = s.Records.CountRecords(ctx, w.ID, crm.Contact); err != nil {
		return nil, err
	}
	if out.Records.Company, err = s.Records.CountRecords(ctx, w.ID, crm.Company); err != nil {
		return nil, err
	}
	return out, nil
}
