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

// UpsertRecords adds records and merges what is given into those that are
// there, by external id, which must not repeat. In the same statement whatever
// changed is marked pending for every connection that wants it. It returns how
// many were added and how many of the others changed.
func (s *Store) UpsertRecords(ctx context.Context, workspace uuid.UUID, object crm.Object, records []lockstep.Record) (created, updated int64, err error) {
	p := db.UpsertRecordsParams{
		WorkspaceID: workspace, Object: string(object),
		Ids: make([]uuid.UUID, len(records)), ExternalIds: make([]string, len(records)), Fields: make([]string, len(records)),
	}
	for i, r := range records {
		fields, err := json.Marshal(r.Fields)
		if err != nil {
			return 0, 0, fmt.Errorf("writing fields: %w", err)
		}
		p.Ids[i], p.ExternalIds[i], p.Fields[i] = r.ID, r.ExternalID, string(fields)
	}
	var row db.UpsertRecordsRow
	err = again(func() error {
		var err error
		row, err = s.q.UpsertRecords(ctx, p)
		return err
	})
	return row.Created, row.Updated, interpret("upsert_records", err)
}

// CountRecords returns how many records of an object a workspace has.
func (s *Store) CountRecords(ctx context.Context, workspace uuid.UUID, object crm.Object) (int64, error) {
	n, err := s.q.CountRecords(ctx, db.CountRecordsParams{WorkspaceID: workspace, Object: string(object)})
	return n, interpret("count_records", err)
}

// Records returns up to limit records after the given id, in order of id.
func (s *Store) Records(ctx context.Context, workspace uuid.UUID, object crm.Object, after uuid.UUID, limit int) ([]lockstep.Record, error) {
	rows, err := s.q.Records(ctx, db.RecordsParams{
		WorkspaceID: workspace, Object: string(object), After: after, PageSize: int32(limit), //nolint:gosec // a page
	})
	if err != nil {
		return nil, interpret("records", err)
	}
	out := make([]lockstep.Record, len(rows))
	for i, r := range rows {
		out[i] = lockstep.Record{
			ID: r.ID, Object: crm.Object(r.Object), ExternalID: r.ExternalID, Revision: r.Revision, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		}
		if err := json.Unmarshal(r.Fields, &out[i].Fields); err != nil {
			return nil, fmt.Errorf("reading record %s: %w", r.ID, err)
		}
	}
	return out, nil
}

// RecordLedger returns where a record stands with each connection.
func (s *Store) RecordLedger(ctx context.Context, workspace, record uuid.UUID) ([]lockstep.Row, error) {
	rows, err := s.q.RecordLedger(ctx, db.RecordLedgerParams{WorkspaceID: workspace, RecordID: record})
	if err != nil {
		return nil, interpret("record_ledger", err)
	}
	out := make([]lockstep.Row, len(rows))
	for i, r := range rows {
		out[i] = ledgerRow(r)
	}
	return out, nil
}

// Stranded returns up to limit rows of a connection that failed, wait, or were
// left alone, after the one with the given record id, in order of record id.
func (s *Store) Stranded(ctx context.Context, workspace, connection uuid.UUID, filter lockstep.RowFilter, after uuid.UUID, limit int) ([]lockstep.Row, error) {
	rows, err := s.q.Stranded(ctx, db.StrandedParams{
		WorkspaceID: workspace, ConnectionID: connection, State: orNil(string(filter.State)), Problem: orNil(string(filter.Problem)),
		After: after, PageSize: int32(limit), //nolint:gosec // a page
	})
	if err != nil {
		return nil, interpret("stranded", err)
	}
	out := make([]lockstep.Row, len(rows))
	for i, r := range rows {
		out[i] = ledgerRow(db.RecordLedgerRow(r))
	}
	return out, nil
}

func ledgerRow(r db.RecordLedgerRow) lockstep.Row {
	row := lockstep.Row{
		ConnectionID: r.ConnectionID, RecordID: r.RecordID, Object: crm.Object(r.Object), ExternalID: r.ExternalID,
		State: lockstep.State(r.State), RunID: r.RunID, CRMType: orEmpty(r.CRMType), CRMID: orEmpty(r.CRMID),
		Problem: lockstep.Code(orEmpty(r.Problem)), Detail: orEmpty(r.Detail), SettledAt: r.SettledAt,
	}
	if r.Claim != nil && r.State == string(lockstep.StatePending) {
		row.State = lockstep.StateClaimed
	}
	return row
}
