package rest

import (
	"context"

	"github.com/google/uuid"
)

// Guides knows whose setup guide nobody wants to see any more.
type Guides interface {
	SetGuideDismissed(ctx context.Context, workspace, connection uuid.UUID, dismissed bool, by AuditRow) error

	// DismissedGuides returns the connections of a workspace that it was dismissed
	// of.
	DismissedGuides(ctx context.Context, workspace uuid.UUID) ([]uuid.UUID, error)
}

// SetGuide implements StrictServerInterface.
func (s *Server) SetGuide(ctx context.Context, req SetGuideRequestObject) (SetGuideResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	err = s.Guides.SetGuideDismissed(ctx, c.WorkspaceID, c.ID, req.Body.Dismissed, changing(ctx).noted())
	return SetGuide200JSONResponse{Dismissed: req.Body.Dismissed}, err
}
