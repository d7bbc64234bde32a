package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/db"
)

// SaveMapping adds the version of a mapping that follows m.Version, with m's
// rules, marks whatever it changes in the CRM as pending, and notes in the audit
// log that somebody has; all or nothing. It returns the version that was added
// and how many records are pending for it. It returns an Error of KindConflict
// when m.Version is not the newest, and of KindNotFound when there is no mapping
// yet.
//
// What a worker holds at that moment is written once more by the next run: it is
// written with the mapping that was read for it. Rows that are claimed
// afterwards have to be written with a mapping that is read after the claim.
func (s *Store) SaveMapping(ctx context.Context, workspace, connection uuid.UUID, m lockstep.Mapping, by AuditEntry) (lockstep.Mapping, int64, error) {
	rules, err := json.Marshal(m.Rules)
	if err != nil {
		return m, 0, fmt.Errorf("writing mapping rules: %w", err)
	}
	saved, marked := m, int64(0)
	err = s.inTx(ctx, func(q *db.Queries) error {
		sends, err := q.HoldConnection(ctx, db.HoldConnectionParams{WorkspaceID: workspace, ID: connection})
		if err != nil {
			return err
		}
		newest, err := q.Mapping(ctx, db.MappingParams{WorkspaceID: workspace, ConnectionID: connection, Object: string(m.Object)})
		if err != nil {
			return err
		}
		if newest.Version != m.Version {
			return &crm.Error{Kind: crm.KindConflict, Op: "store.save_mapping"}
		}
		saved.Version = m.Version + 1
		err = q.InsertMapping(ctx, db.InsertMappingParams{
			WorkspaceID: workspace, ConnectionID: connection, Object: string(m.Object), CRMType: m.Type, Version: saved.Version, Rules: rules,
		})
		if err != nil {
			return err
		}
		if err := recordAudit(ctx, q, workspace, by); err != nil || !sends {
			return err
		}
		marked, err = q.MarkRemapped(ctx, db.MarkRemappedParams{WorkspaceID: workspace, ConnectionID: connection, Object: string(m.Object)})
		return err
	})
	if crm.KindOf(err) == crm.KindConflict || err == nil {
		return saved, marked, err
	}
	return m, 0, interpret("save_mapping", err)
}
