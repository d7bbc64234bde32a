package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// Standing is how the records of a connection stand: what has got its outcome
// lately, and what is on its way.
type Standing struct {
	Synced       int64
	Held         int64 // waits, or was skipped
	Failed       int64
	Pending      int64      // at whatever time it was marked
	PendingSince *time.Time // when the one that has waited longest was; nil when none is
}

// Affliction is a problem that records have now.
type Affliction struct {
	Outcome  lockstep.Outcome // failed, waiting or skipped
	Problem  lockstep.Code
	Records  int64
	Examples []string // external ids of the first three
}

// Standing returns how the records of a connection stand that have got their
// outcome since a moment, and those that have none.
func (s *Store) Standing(ctx context.Context, workspace, connection uuid.UUID, since time.Time) (Standing, error) {
	settled, err := s.q.SettledSince(ctx, db.SettledSinceParams{WorkspaceID: workspace, ConnectionID: connection, Since: since})
	if err != nil {
		return Standing{}, interpret("standing", err)
	}
	out := Standing{Synced: settled.Synced, Held: settled.Held, Failed: settled.Failed}
	pending, err := s.q.Standing(ctx, db.StandingParams{WorkspaceID: workspace, ConnectionID: connection})
	if errors.Is(err, pgx.ErrNoRows) {
		return out, nil
	}
	out.Pending, out.PendingSince = pending.Pending, &pending.Since
	return out, interpret("standing", err)
}

// Afflictions returns the problems that records of a connection have now, by how
// the records stand and then the largest first.
func (s *Store) Afflictions(ctx context.Context, workspace, connection uuid.UUID) ([]Affliction, error) {
	rows, err := s.q.Afflicted(ctx, db.AfflictedParams{WorkspaceID: workspace, ConnectionID: connection})
	if err != nil {
		return nil, interpret("afflictions", err)
	}
	out := make([]Affliction, len(rows))
	for i, r := range rows {
		out[i] = Affliction{Outcome: lockstep.Outcome(r.Outcome), Problem: lockstep.Code(r.Problem), Records: r.Records, Examples: r.Examples}
	}
	return out, nil
}
