package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// BeginRun adds an import and marks every record of object for it, in one
// transaction; what other runs had not come to is its from now on. It returns
// the run with its total, and an Error of KindConflict when an import of that
// connection is open already.
func (s *Store) BeginRun(ctx context.Context, run lockstep.Run, object crm.Object, force bool) (lockstep.Run, error) {
	err := s.inTx(ctx, func(q *db.Queries) error {
		if err := addRun(ctx, q, run); err != nil {
			return err
		}
		err := q.Yield(ctx, db.YieldParams{
			WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, RunID: run.ID, Object: string(object),
		})
		if err != nil {
			return err
		}
		total, err := q.MarkAll(ctx, db.MarkAllParams{
			ConnectionID: run.ConnectionID, RunID: &run.ID, Force: force, WorkspaceID: run.WorkspaceID, Object: string(object),
		})
		if err != nil {
			return err
		}
		if err := q.AnalyzeLedger(ctx); err != nil {
			return err
		}
		return begun(ctx, q, run, total)
	})
	if err != nil {
		return lockstep.Run{}, interpret("begin_run", err)
	}
	return s.Run(ctx, run.WorkspaceID, run.ID)
}

// errNothing ends a transaction that has found nothing to begin.
var errNothing = errors.New("nothing to do")

// BeginSync adds a run of what has changed since the last one, and of what
// failed at least rest ago with one of the given problems, up to limit rows.
// It returns an Error of KindNotFound when there is nothing to do, and takes
// over what an earlier cycle has not come to. Beginning the same run again adds
// what has changed since.
func (s *Store) BeginSync(ctx context.Context, run lockstep.Run, passing []lockstep.Code, rest time.Duration, limit int) (lockstep.Run, error) {
	codes := make([]string, len(passing))
	for i, c := range passing {
		codes[i] = string(c)
	}
	there, err := s.q.HasChanges(ctx, db.HasChangesParams{
		WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, Problems: codes, RestSeconds: rest.Seconds(),
	})
	if err != nil {
		return lockstep.Run{}, interpret("begin_sync", err)
	}
	if !there {
		return lockstep.Run{}, s.idle(ctx, run)
	}
	err = s.inTx(ctx, func(q *db.Queries) error {
		if err := leaveSync(ctx, q, run); err != nil {
			return err
		}
		_, err := q.LockRun(ctx, db.LockRunParams{WorkspaceID: run.WorkspaceID, ID: run.ID})
		if errors.Is(err, pgx.ErrNoRows) {
			err = addRun(ctx, q, run)
		}
		if err != nil {
			return err
		}
		total, err := q.AdoptChanges(ctx, db.AdoptChangesParams{
			RunID: &run.ID, WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, Max: int32(limit), //nolint:gosec // a chunk
		})
		if err != nil {
			return err
		}
		again, err := q.AdoptFailed(ctx, db.AdoptFailedParams{
			RunID: &run.ID, WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, Max: int32(limit), //nolint:gosec // a chunk
			Problems: codes, RestSeconds: rest.Seconds(),
		})
		if err != nil {
			return err
		}
		return begun(ctx, q, run, total+again)
	})
	if err != nil {
		return lockstep.Run{}, interpret("begin_sync", err)
	}
	return s.Run(ctx, run.WorkspaceID, run.ID)
}

// idle notes that somebody has looked for changes, and that there were none.
func (s *Store) idle(ctx context.Context, run lockstep.Run) error {
	if err := s.q.SetSynced(ctx, db.SetSyncedParams{WorkspaceID: run.WorkspaceID, ID: run.ConnectionID}); err != nil {
		return interpret("begin_sync", err)
	}
	return &crm.Error{Kind: crm.KindNotFound, Op: "store.begin_sync", Code: "no_changes"}
}

// leaveSync ends a cycle that its worker has not ended.
func leaveSync(ctx context.Context, q *db.Queries, run lockstep.Run) error {
	open, err := q.LockOpenRun(ctx, db.LockOpenRunParams{
		WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, Kind: string(lockstep.RunSync),
	})
	if errors.Is(err, pgx.ErrNoRows) || err == nil && open.ID == run.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return release(ctx, q, runOf(open), "Ended early. What it had not come to went to the next run.")
}

// release gives back what a run has not come to and ends it.
func release(ctx context.Context, q *db.Queries, run lockstep.Run, reason string) error {
	left, err := q.ReleaseRows(ctx, db.ReleaseRowsParams{WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, RunID: &run.ID})
	if err != nil {
		return err
	}
	if err := q.AddRunTotal(ctx, db.AddRunTotalParams{Rows: -left, WorkspaceID: run.WorkspaceID, ID: run.ID}); err != nil {
		return err
	}
	return endRun(ctx, q, run, lockstep.RunCompleted, reason)
}

// ReleaseRun ends a run that does not wait for the rows it has not come to: they
// go to whoever comes next. It returns the final counts; releasing a run that
// has ended changes nothing.
func (s *Store) ReleaseRun(ctx context.Context, run lockstep.Run, reason string) (lockstep.Run, error) {
	err := s.inTx(ctx, func(q *db.Queries) error {
		held, err := q.LockRun(ctx, db.LockRunParams{WorkspaceID: run.WorkspaceID, ID: run.ID})
		if err != nil || held.FinishedAt != nil {
			return err
		}
		if err := release(ctx, q, run, reason); err != nil {
			return err
		}
		if held.Kind != string(lockstep.RunSync) {
			return nil
		}
		return q.SetSynced(ctx, db.SetSyncedParams{WorkspaceID: run.WorkspaceID, ID: run.ConnectionID})
	})
	if err != nil {
		return lockstep.Run{}, interpret("release_run", err)
	}
	return s.Run(ctx, run.WorkspaceID, run.ID)
}

// BeginRetry marks what has failed, or waits for a person, for a retry: all of
// it, or with one problem; and, where the problem is named, what was skipped
// for it. Rows join the retry that is open, if there is one, and it returns
// that. It returns an Error of KindNotFound when there is nothing to retry.
func (s *Store) BeginRetry(ctx context.Context, run lockstep.Run, problem lockstep.Code) (lockstep.Run, error) {
	fresh := run.ID
	err := s.inTx(ctx, func(q *db.Queries) error {
		run.ID = fresh
		open, err := q.LockOpenRun(ctx, db.LockOpenRunParams{
			WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, Kind: string(lockstep.RunRetry),
		})
		joined := err == nil
		if joined {
			run.ID = open.ID
		} else if errors.Is(err, pgx.ErrNoRows) {
			err = addRun(ctx, q, run)
		}
		if err != nil {
			return err
		}
		marked, err := q.MarkFailed(ctx, db.MarkFailedParams{
			RunID: &run.ID, WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, Problem: string(problem),
		})
		if err != nil {
			return err
		}
		if joined {
			return q.AddRunTotal(ctx, db.AddRunTotalParams{Rows: marked, WorkspaceID: run.WorkspaceID, ID: run.ID})
		}
		if marked == 0 {
			return errNothing
		}
		return begun(ctx, q, run, marked)
	})
	if errors.Is(err, errNothing) {
		return lockstep.Run{}, &crm.Error{Kind: crm.KindNotFound, Op: "store.begin_retry", Code: "nothing_failed"}
	}
	if err != nil {
		return lockstep.Run{}, interpret("begin_retry", err)
	}
	return s.Run(ctx, run.WorkspaceID, run.ID)
}

// BeginTest adds a run of one record, the workspace's test contact, which is
// made the first time, and returns the record's id. Beginning the same run
// again changes nothing but that the record is marked for it.
func (s *Store) BeginTest(ctx context.Context, run lockstep.Run, contact lockstep.Record) (uuid.UUID, error) {
	fields, err := json.Marshal(contact.Fields)
	if err != nil {
		return uuid.Nil, fmt.Errorf("writing fields: %w", err)
	}
	var record db.PutTestRecordRow
	err = s.inTx(ctx, func(q *db.Queries) error {
		_, err := q.LockRun(ctx, db.LockRunParams{WorkspaceID: run.WorkspaceID, ID: run.ID})
		again := err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			err = addRun(ctx, q, run)
		}
		if err != nil {
			return err
		}
		record, err = q.PutTestRecord(ctx, db.PutTestRecordParams{
			ID: contact.ID, WorkspaceID: run.WorkspaceID, Object: string(contact.Object), ExternalID: contact.ExternalID, Fields: fields,
		})
		if err != nil {
			return err
		}
		err = q.Yield(ctx, db.YieldParams{
			WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, RunID: run.ID, Object: string(contact.Object), RecordID: &record.ID,
		})
		if err != nil {
			return err
		}
		err = q.MarkOne(ctx, db.MarkOneParams{
			ConnectionID: run.ConnectionID, RecordID: record.ID, WorkspaceID: run.WorkspaceID, Object: string(contact.Object),
			Desired: record.Revision, RunID: &run.ID,
		})
		if err != nil || again {
			return err
		}
		return begun(ctx, q, run, 1)
	})
	return record.ID, interpret("begin_test", err)
}

// Proven notes that a test contact has arrived.
func (s *Store) Proven(ctx context.Context, workspace, connection uuid.UUID) error {
	return interpret("proven", s.q.SetProven(ctx, db.SetProvenParams{WorkspaceID: workspace, ID: connection}))
}

func addRun(ctx context.Context, q *db.Queries, run lockstep.Run) error {
	if err := q.EnsureEventPartitions(ctx); err != nil {
		return err
	}
	return q.InsertRun(ctx, db.InsertRunParams{
		ID: run.ID, WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, Kind: string(run.Kind), LinkUp: string(run.LinkUp),
	})
}

// begun adds to a run's total and says in the activity log that it has begun.
func begun(ctx context.Context, q *db.Queries, run lockstep.Run, rows int64) error {
	if err := q.AddRunTotal(ctx, db.AddRunTotalParams{Rows: rows, WorkspaceID: run.WorkspaceID, ID: run.ID}); err != nil {
		return err
	}
	return q.InsertEvent(ctx, db.InsertEventParams{
		WorkspaceID: run.WorkspaceID, ConnectionID: run.ConnectionID, RunID: &run.ID, Outcome: string(run.Kind) + "_started",
	})
}
