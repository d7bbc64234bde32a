package rest

import (
	"context"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// Runs has the runs of the workspaces' connections.
type Runs interface {
	Run(ctx context.Context, workspace, id uuid.UUID) (lockstep.Run, error)
	Runs(ctx context.Context, workspace, connection uuid.UUID, limit int) ([]lockstep.Run, error)
	OpenRuns(ctx context.Context, workspace, connection uuid.UUID) ([]lockstep.Run, error)

	// RunsNow returns the runs with these ids, each of the workspace at its place;
	// what there is not is left out.
	RunsNow(ctx context.Context, workspaces, ids []uuid.UUID) ([]lockstep.Run, error)
	SetRunState(ctx context.Context, workspace, id uuid.UUID, state lockstep.RunState, reason string, until *time.Time) error
	FinishRun(ctx context.Context, run lockstep.Run, state lockstep.RunState, reason string) (lockstep.Run, error)
}

// pageSize is how many items a page has when nobody says.
const pageSize = 50

func sizeOf(limit *int) int {
	if limit == nil {
		return pageSize
	}
	return *limit
}

// ListRuns implements StrictServerInterface.
func (s *Server) ListRuns(ctx context.Context, req ListRunsRequestObject) (ListRunsResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	runs, err := s.Runs.Runs(ctx, c.WorkspaceID, c.ID, sizeOf(req.Params.Limit))
	if err != nil {
		return nil, err
	}
	out := ListRuns200JSONResponse{Items: make([]Run, len(runs))}
	for i, run := range runs {
		out.Items[i] = s.showRun(run)
	}
	return out, nil
}

// GetRun implements StrictServerInterface.
func (s *Server) GetRun(ctx context.Context, req GetRunRequestObject) (GetRunResponseObject, error) {
	key, _ := callerOf(ctx)
	run, err := s.Runs.Run(ctx, key.WorkspaceID, req.RunID)
	if err != nil {
		return nil, err
	}
	return GetRun200JSONResponse(s.showRun(run)), nil
}

// cancelReason is what is read of a run that somebody has cancelled.
const cancelReason = "Cancelled by a person."

// CancelRun implements StrictServerInterface. The row says so first, so that no
// more rows are claimed; then its workflow is told, which ends the run. A run
// without a workflow is ended here.
func (s *Server) CancelRun(ctx context.Context, req CancelRunRequestObject) (CancelRunResponseObject, error) {
	key, _ := callerOf(ctx)
	run, err := s.Runs.Run(ctx, key.WorkspaceID, req.RunID)
	if err != nil {
		return nil, err
	}
	if run.FinishedAt != nil && run.State != lockstep.RunCancelled {
		return nil, &Error{Code: "run_ended", Detail: "The run has ended: it is " + string(run.State) + "."}
	}
	if run.FinishedAt == nil {
		if run.Kind != lockstep.RunImport && run.Kind != lockstep.RunRetry {
			return nil, &Error{Code: "run_short"}
		}
		if err := s.cancel(ctx, run); err != nil {
			return nil, err
		}
	}
	if run, err = s.Runs.Run(ctx, key.WorkspaceID, run.ID); err != nil {
		return nil, err
	}
	return CancelRun202JSONResponse(s.showRun(run)), nil
}

func (s *Server) cancel(ctx context.Context, run lockstep.Run) error {
	if err := s.Runs.SetRunState(ctx, run.WorkspaceID, run.ID, lockstep.RunCancelled, cancelReason, nil); err != nil {
		return err
	}
	changing(ctx).made = true
	workflow := flow.ImportID(run.ConnectionID)
	if run.Kind == lockstep.RunRetry {
		workflow = flow.RetryID(run.ConnectionID)
	}
	err := s.Supervisors.Look(ctx, workflow)
	if crm.KindOf(err) == crm.KindNotFound {
		_, err = s.Runs.FinishRun(ctx, run, lockstep.RunCancelled, cancelReason)
	}
	return err
}

// showRun returns r as callers see it.
func (s *Server) showRun(r lockstep.Run) Run {
	c := r.Counts
	out := Run{
		ID: r.ID, ConnectionID: r.ConnectionID, Kind: RunKind(r.Kind), State: RunState(r.State), Reason: r.Reason,
		Counts: Counts{
			Total: c.Total, Done: c.Done(), Landed: c.Landed(), Created: c.Created, Updated: c.Updated, Unchanged: c.Unchanged,
			Waiting: c.Waiting, Skipped: c.Skipped, Failed: c.Failed,
		},
		StartedAt: r.StartedAt, FirstClaimAt: r.FirstClaimAt, LastSettleAt: r.LastSettleAt, FinishedAt: r.FinishedAt, ParkedUntil: r.ParkedUntil,
	}
	switch r.Kind {
	case lockstep.RunImport:
		out.TemporalURL = s.Temporal.workflow(flow.ImportID(r.ConnectionID))
	case lockstep.RunRetry:
		out.TemporalURL = s.Temporal.workflow(flow.RetryID(r.ConnectionID))
	case lockstep.RunSync:
		out.TemporalURL = s.Temporal.schedule(flow.SyncID(r.ConnectionID))
	case lockstep.RunTestContact: // its id has the caller's key, which is not kept
	}
	progress := r.Progress(time.Now())
	out.Progress = Progress{Percent: progress.Percent, Rate: progress.Rate}
	if progress.ETA > 0 && r.State == lockstep.RunRunning {
		eta := int64(progress.ETA.Seconds())
		out.Progress.ETASeconds = &eta
	}
	return out
}
