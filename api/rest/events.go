package rest

import (
	"context"
	"strconv"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/lockstep"
)

// Events has the activity logs of the workspaces' connections.
type Events interface {
	// SyncLog returns up to limit events before the one with this id, newest
	// first; before 0 starts with the newest.
	SyncLog(ctx context.Context, workspace, connection uuid.UUID, filter LogFilter, before int64, limit int) ([]lockstep.Event, error)
}

// LogFilter narrows the activity log; zero fields do not.
type LogFilter struct {
	lockstep.EventFilter

	RecordID *uuid.UUID
	Since    *time.Time
	Until    *time.Time // not included
}

// ListEvents implements StrictServerInterface.
func (s *Server) ListEvents(ctx context.Context, req ListEventsRequestObject) (ListEventsResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	before, err := parseCursor(deref(req.Params.Before))
	if err != nil {
		return nil, err
	}
	filter := LogFilter{
		EventFilter: lockstep.EventFilter{RunID: req.Params.Run, Outcome: deref(req.Params.Outcome), Problem: lockstep.Code(deref(req.Params.Problem))},
		RecordID:    req.Params.Record, Since: req.Params.Since, Until: req.Params.Until,
	}
	limit := sizeOf(req.Params.Limit)
	events, err := s.Events.SyncLog(ctx, c.WorkspaceID, c.ID, filter, before, limit+1)
	if err != nil {
		return nil, err
	}
	out := ListEvents200JSONResponse{Items: make([]Event, 0, limit)}
	for _, e := range events[:min(limit, len(events))] {
		out.Items = append(out.Items, showEvent(e))
	}
	if len(events) > limit {
		out.Next = &out.Items[limit-1].ID
	}
	return out, nil
}

// parseCursor reads where a page begins; "" is the beginning.
func parseCursor(cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	id, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || id <= 0 {
		return 0, &Error{Code: codeRequestInvalid, errors: []RequestError{{Where: "query.before", Message: "is not the next of a page"}}}
	}
	return id, nil
}

func showEvent(e lockstep.Event) Event {
	out := Event{
		ID: strconv.FormatInt(e.ID, 10), At: e.At, RunID: e.RunID, RecordID: e.RecordID, ExternalID: e.ExternalID,
		Object: string(e.Object), Outcome: e.Outcome, CRMType: e.CRMType, CRMID: e.CRMID, Detail: e.Detail,
	}
	if e.Problem != "" {
		problem := explanation(lockstep.Explain(e.Problem))
		out.Problem = &problem
	}
	return out
}
