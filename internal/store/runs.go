package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// Run returns a run with its counts.
func (s *Store) Run(ctx context.Context, workspace, id uuid.UUID) (lockstep.Run, error) {
	row, err := s.q.Run(ctx, db.RunParams{WorkspaceID: workspace, ID: id})
	if err != nil {
		return lockstep.Run{}, interpret("run", err)
	}
	return runOf(row), nil
}

// Runs returns the latest runs of a connection, newest first.
func (s *Store) Runs(ctx context.Context, workspace, connection uuid.UUID, limit int) ([]lockstep.Run, error) {
	rows, err := s.q.Runs(ctx, db.RunsParams{WorkspaceID: workspace, ConnectionID: connection, PageSize: int32(limit)}) //nolint:gosec // a page
	return runsOf(rows), interpret("runs", err)
}

// OpenRuns returns the runs of a connection that have not ended, oldest first.
func (s *Store) OpenRuns(ctx context.Context, workspace, connection uuid.UUID) ([]lockstep.Run, error) {
	rows, err := s.q.OpenRuns(ctx, db.OpenRunsParams{WorkspaceID: workspace, ConnectionID: connection})
	return runsOf(rows), interpret("open_runs", err)
}

// SetRunState moves an open run to another state and says why. It does nothing
// to a run that has ended or is being cancelled, and sets none going that a
// person has paused.
func (s *Store) SetRunState(ctx context.Context, workspace, id uuid.UUID, state lockstep.RunState, reason string, until *time.Time) error {
	_, err := s.q.SetRunState(ctx, db.SetRunStateParams{
		WorkspaceID: workspace, ID: id, State: string(state), Reason: reason, ParkedUntil: until,
	})
	return interpret("set_run_state", err)
}

// ResumeRuns sets the paused and parked runs of a connection going again, and
// returns them.
func (s *Store) ResumeRuns(ctx context.Context, workspace, connection uuid.UUID) ([]lockstep.Run, error) {
	rows, err := s.q.ResumeRuns(ctx, db.ResumeRunsParams{WorkspaceID: workspace, ConnectionID: connection})
	return runsOf(rows), interpret("resume_runs", err)
}

// FinishRun ends a run and returns its final counts; ending one that has ended
// changes nothing. Rows that a cancelled run has not come to are skipped. A run
// is not completed while rows of it are open: more may have been marked since
// its last look, as an Error of KindConflict says.
func (s *Store) FinishRun(ctx context.Context, run lockstep.Run, state lockstep.RunState, reason string) (lockstep.Run, error) {
	err := s.inTx(ctx, func(q *db.Queries) error {
		held, err := q.LockRun(ctx, db.LockRunParams{WorkspaceID: run.WorkspaceID, ID: run.ID})
		if err != nil || held.FinishedAt != nil {
			return err
		}
		if state == lockstep.RunCompleted {
			open, err := q.CountOpenRows(ctx, db.CountOpenRowsParams{WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, RunID: &run.ID})
			if err != nil {
				return err
			}
			if open > 0 {
				return &crm.Error{Kind: crm.KindConflict, Op: "store.finish_run", Code: "rows_open"}
			}
		}
		return endRun(ctx, q, run, state, reason)
	})
	if e, ok := errors.AsType[*crm.Error](err); ok {
		return lockstep.Run{}, e
	}
	if err != nil {
		return lockstep.Run{}, interpret("finish_run", err)
	}
	return s.Run(ctx, run.WorkspaceID, run.ID)
}

// endRun ends a run that is open and says so in the activity log.
func endRun(ctx context.Context, q *db.Queries, run lockstep.Run, state lockstep.RunState, reason string) error {
	ended, err := q.FinishRun(ctx, db.FinishRunParams{
		State: string(state), Reason: reason, WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, ID: run.ID,
	})
	if err != nil {
		return err
	}
	if err := q.DropListing(ctx, db.DropListingParams{WorkspaceID: run.WorkspaceID, RunID: run.ID}); err != nil {
		return err
	}
	return q.InsertEvent(ctx, db.InsertEventParams{
		WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, RunID: &run.ID, Outcome: ended.Kind + "_" + string(state),
	})
}

// AllOpenRuns returns the open runs of every workspace, for whoever has to see
// to it that each has a workflow.
func (s *Store) AllOpenRuns(ctx context.Context) ([]lockstep.OpenRun, error) {
	rows, err := s.q.AllOpenRuns(ctx)
	if err != nil {
		return nil, interpret("all_open_runs", err)
	}
	out := make([]lockstep.OpenRun, len(rows))
	for i, row := range rows {
		out[i] = lockstep.OpenRun{
			ID: row.ID, WorkspaceID: row.WorkspaceID, ConnectionID: row.ConnectionID, Vendor: crm.Vendor(row.Vendor), Kind: lockstep.RunKind(row.Kind),
			StartedAt: row.StartedAt,
		}
	}
	return out, nil
}

// UnbegunImports returns the imports of every workspace that were chosen as
// starting points and that nobody has begun.
func (s *Store) UnbegunImports(ctx context.Context) ([]lockstep.OpenRun, error) {
	rows, err := s.q.UnbegunImports(ctx)
	if err != nil {
		return nil, interpret("unbegun_imports", err)
	}
	out := make([]lockstep.OpenRun, len(rows))
	for i, row := range rows {
		out[i] = lockstep.OpenRun{
			ID: row.RunID, WorkspaceID: row.WorkspaceID, ConnectionID: row.ID, Vendor: crm.Vendor(row.Vendor), Kind: lockstep.RunImport,
		}
	}
	return out, nil
}

// RecordEvent adds a line about a connection to the activity log.
func (s *Store) RecordEvent(ctx context.Context, workspace, connection uuid.UUID, what string, problem lockstep.Code, detail string) error {
	return interpret("record_event", s.q.InsertEvent(ctx, db.InsertEventParams{
		WorkspaceID: workspace, ConnectionID: connection, Outcome: what, Problem: orNil(string(problem)), Detail: orNil(detail),
	}))
}

func runsOf(rows []db.Run) []lockstep.Run {
	out := make([]lockstep.Run, len(rows))
	for i, row := range rows {
		out[i] = runOf(row)
	}
	return out
}

func runOf(row db.Run) lockstep.Run {
	return lockstep.Run{
		ID: row.ID, WorkspaceID: row.WorkspaceID, ConnectionID: row.ConnectionID,
		Kind: lockstep.RunKind(row.Kind), State: lockstep.RunState(row.State), Reason: row.Reason, LinkUp: lockstep.LinkUp(row.LinkUp),
		ListCursor: row.ListCursor, ListPages: int(row.ListPages),
		Counts: lockstep.Counts{
			Total: row.Total, Created: row.Created, Updated: row.Updated, Unchanged: row.Unchanged,
			Waiting: row.Waiting, Skipped: row.Skipped, Failed: row.Failed,
		},
		StartedAt: row.StartedAt, FirstClaimAt: row.FirstClaimAt, LastSettleAt: row.LastSettleAt,
		FinishedAt: row.FinishedAt, ParkedUntil: row.ParkedUntil,
	}
}
