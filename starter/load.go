package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"lockstep/internal/client"
)

// noRecords is the code of the problem that no row of a request could be taken.
const noRecords = "no_records"

// load sends the records in file, part by part and in order, so that of rows
// with the same external id the last one stands. It tells loaded of the report
// so far after each part. The report it returns is about the whole file, in the
// file's own lines and rows; with an error it is about what was taken before.
func (r *remote) load(ctx context.Context, file io.Reader, object client.Object, idColumn string, loaded func(client.LoadReport)) (client.LoadReport, error) {
	var total client.LoadReport
	src, err := cut(file, partRows)
	if err != nil {
		return total, err
	}
	params := client.LoadRecordsParams{Object: &object, IDColumn: orNil(idColumn)}
	var refused *client.Problem
	empty := true
	for p, err := range src.parts {
		if err != nil {
			return total, err
		}
		params.IdempotencyKey = requestKey()
		report, err := answer[client.LoadReport](r.LoadRecordsWithBodyWithResponse(ctx, &params, src.contentType, bytes.NewReader(p.body)))
		if problem, ok := errors.AsType[*client.Problem](err); ok && problem.Report != nil && problem.Code == noRecords {
			refused, report, err = problem, *problem.Report, nil // other parts may be better
		}
		if err != nil && empty {
			return total, err
		}
		if err != nil {
			return total, fmt.Errorf("loading from line %s on (the lines before are loaded, and loading them again changes nothing): %w", thousands(p.line), err)
		}
		merge(&total, report, p)
		loaded(total)
		empty = false
	}
	switch {
	case total.Rows == 0:
		return total, errors.New("there are no rows: the file holds no records")
	case total.Accepted == 0 && refused != nil:
		refused.Report, refused.Fix = &total, "Correct these rows and load the file again." // all parts', in the file's lines
		return client.LoadReport{}, refused
	}
	return total, nil
}

// merge adds the report of a part to that of all parts before it.
func merge(total *client.LoadReport, report client.LoadReport, p part) {
	rows, faults := total.Rows, total.Faults
	if rows == 0 {
		total.Object, total.Format, total.Delimiter, total.IDColumn = report.Object, report.Format, report.Delimiter, report.IDColumn
		total.Encoding = report.Encoding
	}
	if report.Encoding != "utf-8" {
		total.Encoding = report.Encoding // the parts before had nothing but ASCII
	}
	known := make(map[string]bool, len(total.Columns))
	for _, c := range total.Columns {
		known[c.Name] = true
	}
	for _, c := range report.Columns {
		if !known[c.Name] {
			total.Columns = append(total.Columns, c)
		}
	}
	for _, fault := range report.Faults {
		fault.Line, fault.Row = p.lineOf(fault.Line), rows+fault.Row
		if fault.Code == "replaced" { // its words name a line of the part
			fault.Reason = "A later row has the same external id and stands instead of this one."
		}
		faults = append(faults, fault)
	}
	total.Faults = faults
	total.Rows += report.Rows
	total.Accepted += report.Accepted
	total.Created += report.Created
	total.Updated += report.Updated
	total.Unchanged += report.Unchanged
	total.Replaced += report.Replaced
	total.Rejected += report.Rejected
}
