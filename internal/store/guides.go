package store

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/store/db"
)

// SetGuideDismissed says whether nobody wants to see the setup guide of a
// connection any more, and notes in the audit log that somebody has. Saying it
// again changes nothing.
func (s *Store) SetGuideDismissed(ctx context.Context, workspace, connection uuid.UUID, dismissed bool, by AuditEntry) error {
	return interpret("set_guide_dismissed", s.inTx(ctx, func(q *db.Queries) error {
		var err error
		if dismissed {
			err = q.DismissGuide(ctx, db.DismissGuideParams{ConnectionID: connection, WorkspaceID: workspace})
		} else {
			err = q.ShowGuide(ctx, db.ShowGuideParams{WorkspaceID: workspace, ConnectionID: connection})
		}
		if err != nil {
			return err
		}
		return recordAudit(ctx, q, workspace, by)
	}))
}

// DismissedGuides returns the connections of a workspace whose setup guide
// nobody wants to see any more.
func (s *Store) DismissedGuides(ctx context.Context, workspace uuid.UUID) ([]uuid.UUID, error) {
	ids, err := s.q.DismissedGuides(ctx, workspace)
	return ids, interpret("dismissed_guides", err)
}
