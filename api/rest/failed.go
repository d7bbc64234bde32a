package rest

import (
	"context"

	"github.com/google/uuid"

	"lockstep/internal/lockstep"
)

// Ledger says where the workspaces' records stand with their connections.
type Ledger interface {
	// Stranded returns up to limit rows of a connection that failed, wait, or
	// were left alone, after the one with this record id, in order of record id.
	Stranded(ctx context.Context, workspace, connection uuid.UUID, filter lockstep.RowFilter, after uuid.UUID, limit int) ([]lockstep.Row, error)
}

// ListFailed implements StrictServerInterface.
func (s *Server) ListFailed(ctx context.Context, req ListFailedRequestObject) (ListFailedResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	var after uuid.UUID
	if req.Params.After != nil {
		after = *req.Params.After
	}
	filter := lockstep.RowFilter{Problem: lockstep.Code(deref(req.Params.Problem))}
	if req.Params.Outcome != nil {
		filter.State = lockstep.Outcome(*req.Params.Outcome).State()
	}
	limit := sizeOf(req.Params.Limit)
	rows, err := s.Ledger.Stranded(ctx, c.WorkspaceID, c.ID, filter, after, limit+1)
	if err != nil {
		return nil, err
	}
	out := ListFailed200JSONResponse{Items: make([]Failed, 0, limit)}
	for _, row := range rows[:min(limit, len(rows))] {
		out.Items = append(out.Items, showFailed(row))
	}
	if len(rows) > limit {
		next := out.Items[limit-1].RecordID.String()
		out.Next = &next
	}
	return out, nil
}

func showFailed(row lockstep.Row) Failed {
	out := Failed{
		RecordID: row.RecordID, ExternalID: row.ExternalID, Object: string(row.Object), Outcome: FailedOutcome(row.State), Detail: row.Detail,
		CRMType: row.CRMType, CRMID: row.CRMID, RunID: row.RunID, SettledAt: row.SettledAt,
	}
	if row.Problem != "" {
		problem := explanation(lockstep.Explain(row.Problem))
		out.Problem = &problem
	}
	return out
}
