package store

import (
	"context"
	"math"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// LogFilter narrows the activity log; zero fields do not.
type LogFilter struct {
	lockstep.EventFilter

	RecordID *uuid.UUID
	Since    *time.Time
	Until    *time.Time // not included
}

// SyncLog returns up to limit events of a connection before the one with this
// id, newest first; before 0 starts with the newest.
func (s *Store) SyncLog(ctx context.Context, workspace, connection uuid.UUID, filter LogFilter, before int64, limit int) ([]lockstep.Event, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	rows, err := s.q.SyncLog(ctx, db.SyncLogParams{
		WorkspaceID: workspace, ConnectionID: connection, Before: before, PageSize: int32(limit), //nolint:gosec // a page
		RunID: filter.RunID, RecordID: filter.RecordID, Outcome: orNil(filter.Outcome), Problem: orNil(string(filter.Problem)),
		Since: filter.Since, Until: filter.Until,
	})
	if err != nil {
		return nil, interpret("sync_log", err)
	}
	out := make([]lockstep.Event, len(rows))
	for i, e := range rows {
		out[i] = eventOf(e)
	}
	return out, nil
}

func eventOf(e db.SyncLogRow) lockstep.Event {
	return lockstep.Event{
		ID: e.ID, At: e.At, RunID: e.RunID, RecordID: e.RecordID, ExternalID: orEmpty(e.ExternalID), Object: crm.Object(e.Object),
		Outcome: e.Outcome, CRMType: orEmpty(e.CRMType), CRMID: orEmpty(e.CRMID), Problem: lockstep.Code(orEmpty(e.Problem)), Detail: orEmpty(e.Detail),
	}
}
