package rest

import (
	"context"
	"errors"
	"fmt"
	"mime"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/intake"
	"lockstep/internal/lockstep"
)

// Records has the workspaces' records.
type Records interface {
	// UpsertRecords adds records and merges what is given into those that are
	// there. No external id may be there twice.
	UpsertRecords(ctx context.Context, workspace uuid.UUID, object crm.Object, records []lockstep.Record) (created, updated int64, err error)
	Records(ctx context.Context, workspace uuid.UUID, object crm.Object, after uuid.UUID, limit int) ([]lockstep.Record, error)
	CountRecords(ctx context.Context, workspace uuid.UUID, object crm.Object) (int64, error)
}

// ListRecords implements StrictServerInterface.
func (s *Server) ListRecords(ctx context.Context, req ListRecordsRequestObject) (ListRecordsResponseObject, error) {
	key, _ := callerOf(ctx)
	var after uuid.UUID
	if req.Params.After != nil {
		after = *req.Params.After
	}
	limit := sizeOf(req.Params.Limit)
	records, err := s.Records.Records(ctx, key.WorkspaceID, objectOf(req.Params.Object), after, limit+1)
	if err != nil {
		return nil, err
	}
	out := ListRecords200JSONResponse{Items: make([]Record, 0, limit)}
	for _, r := range records[:min(limit, len(records))] {
		out.Items = append(out.Items, Record{
			ID: r.ID, Object: Object(r.Object), ExternalID: r.ExternalID, Revision: r.Revision, Fields: r.Fields,
			CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		})
	}
	if len(records) > limit {
		next := out.Items[limit-1].ID.String()
		out.Next = &next
	}
	return out, nil
}

// formats are what a load is written in, by media type.
var formats = map[string]intake.Format{
	"text/csv":             intake.CSV,
	"application/x-ndjson": intake.NDJSON,
	"application/json":     intake.JSON,
}

// LoadRecords implements StrictServerInterface.
func (s *Server) LoadRecords(ctx context.Context, req LoadRecordsRequestObject) (LoadRecordsResponseObject, error) {
	key, _ := callerOf(ctx)
	kind, _, err := mime.ParseMediaType(req.ContentType)
	if err != nil {
		return nil, &Error{Code: "media_type_unsupported"}
	}
	object := objectOf(req.Params.Object)
	load, err := intake.Read(req.Body, intake.Options{Object: object, Format: formats[kind], IDColumn: deref(req.Params.IDColumn)})
	if refused, ok := errors.AsType[*intake.Error](err); ok {
		return nil, &Error{Code: lockstep.Code(refused.Code), Kind: crm.KindInvalid, Detail: refused.Detail, Fix: refused.Fix}
	}
	if err != nil {
		return nil, err
	}
	report := reportOf(object, load.Report)
	if len(load.Records) == 0 {
		return nil, &Error{Code: codeNoRecords, report: &report}
	}
	created, updated, err := s.Records.UpsertRecords(ctx, key.WorkspaceID, object, load.Records)
	if err != nil {
		return nil, err
	}
	report.Created, report.Updated = int(created), int(updated)
	report.Unchanged = report.Accepted - report.Created - report.Updated
	changing(ctx).row.Detail = fmt.Sprintf("%s: %d created, %d updated", object, created, updated)
	return LoadRecords200JSONResponse(report), nil
}

func reportOf(object crm.Object, r intake.Report) LoadReport {
	out := LoadReport{
		Object: Object(object), Format: LoadReportFormat(r.Format), Encoding: r.Encoding, Delimiter: r.Delimiter, IDColumn: r.IDColumn,
		Rows: r.Rows, Accepted: r.Accepted, Replaced: r.Replaced, Rejected: r.Rejected,
		Columns: make([]Column, len(r.Columns)), Faults: make([]Fault, len(r.Faults)),
	}
	for i, c := range r.Columns {
		out.Columns[i] = Column{Name: c.Name, Field: c.Field, Custom: c.Custom}
	}
	for i, f := range r.Faults {
		out.Faults[i] = Fault{Line: f.Line, Row: f.Row, Code: f.Code, Reason: f.Reason, ExternalID: f.ExternalID}
	}
	return out
}
