package store

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// RunsNow returns the runs with these ids as they are, each of the workspace that
// stands at its place; what there is not is left out. It is for whoever has
// asked for each of them in its workspace's name before.
func (s *Store) RunsNow(ctx context.Context, workspaces, ids []uuid.UUID) ([]lockstep.Run, error) {
	rows, err := s.q.RunsNow(ctx, db.RunsNowParams{WorkspaceIds: workspaces, Ids: ids})
	if err != nil {
		return nil, interpret("runs_now", err)
	}
	return runsOf(rows), nil
}
