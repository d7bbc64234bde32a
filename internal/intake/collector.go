package intake

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// collector makes records and faults of rows.
type collector struct {
	options Options
	columns *columns
	report  Report
	kept    []kept
	byID    map[string]int // external id → index into kept
}

// kept is a row that may become a record, unless a later one replaces it.
type kept struct {
	line, row  int
	externalID string
	fields     map[string]any
	replaced   bool
}

func newCollector(o Options) *collector {
	return &collector{
		options: o,
		columns: newColumns(o.Object, o.IDColumn),
		report:  Report{Format: o.Format},
		byID:    make(map[string]int),
	}
}

// add takes one row. It returns an *Error when there are too many.
func (c *collector) add(r row) error {
	c.report.Rows++
	if c.report.Rows > MaxRows {
		return &Error{
			Code:   "too_many_rows",
			Detail: fmt.Sprintf("There are more than %d rows.", MaxRows),
			Fix:    fmt.Sprintf("Split them into requests of at most %d rows each. Loading is safe to repeat: a record that is there already is recognised.", MaxRows),
		}
	}
	if r.flaw != nil {
		c.reject(r.line, "", *r.flaw)
		return nil
	}
	layout, err := c.columns.layout(r.names)
	if err != nil {
		return err
	}
	externalID, problem := c.externalID(r, layout)
	if problem == nil {
		var fields map[string]any
		if fields, problem = fieldsOf(r, layout); problem == nil {
			c.keep(kept{line: r.line, row: c.report.Rows, externalID: externalID, fields: fields})
			return nil
		}
	}
	c.reject(r.line, externalID, *problem)
	return nil
}

func (c *collector) keep(k kept) {
	if i, ok := c.byID[k.externalID]; ok {
		earlier := &c.kept[i]
		earlier.replaced = true
		c.report.Replaced++
		c.report.Faults = append(c.report.Faults, Fault{
			Line: earlier.line, Row: earlier.row, Code: "replaced", ExternalID: k.externalID,
			Reason: fmt.Sprintf("Row %d, on line %d, has the same external id and stands instead of this one.", k.row, k.line),
		})
	}
	c.byID[k.externalID] = len(c.kept)
	c.kept = append(c.kept, k)
}

func (c *collector) reject(line int, externalID string, f flaw) {
	c.report.Rejected++
	c.report.Faults = append(c.report.Faults, Fault{
		Line: line, Row: c.report.Rows, Code: f.code, Reason: f.reason, ExternalID: externalID,
	})
}

// load returns what was collected, or an *Error when there were no rows, or none
// had an external id to go by.
func (c *collector) load() (Load, error) {
	if c.report.Rows == 0 {
		return Load{}, &Error{Code: "no_records", Detail: "There are no rows.", Fix: "Send at least one record."}
	}
	if c.columns.id == "" && len(c.columns.seen) > 0 {
		return Load{}, c.columns.refusal()
	}
	load := Load{Report: c.report}
	for _, k := range c.kept {
		if k.replaced {
			continue
		}
		record, err := newRecord(c.options.Object, k.externalID, k.fields)
		if err != nil {
			return Load{}, err
		}
		load.Records = append(load.Records, record)
	}
	load.Report.IDColumn = c.columns.id
	load.Report.Columns = c.columns.seen
	load.Report.Accepted = len(load.Records)
	slices.SortStableFunc(load.Report.Faults, func(a, b Fault) int { return a.Row - b.Row })
	return load, nil
}

// externalID returns the external id of r, or what is wrong with it. What is
// returned with a flaw is fit to be shown.
func (c *collector) externalID(r row, l layout) (string, *flaw) {
	if l.id < 0 {
		return "", &flaw{"external_id_missing", "The row has no " + c.columns.wanted() + "."}
	}
	text, problem := scalar(r.names[l.id], r.values[l.id])
	if problem != nil {
		return "", problem
	}
	var id string
	switch text := text.(type) {
	case string:
		id = text
	case json.Number:
		id = text.String()
	}
	if id == "" {
		return "", &flaw{"external_id_missing", "The external id, in " + quoted(r.names[l.id]) + ", is empty."}
	}
	if n := utf8.RuneCountInString(id); n > MaxExternalID {
		return "", &flaw{"external_id_too_long", fmt.Sprintf("The external id has %d characters; at most %d are kept.", n, MaxExternalID)}
	}
	if strings.ContainsFunc(id, isBreak) {
		return "", &flaw{"control_character", "The external id holds a line break or a tab."}
	}
	return id, nil
}

func isBreak(r rune) bool { return r == '\n' || r == '\r' || r == '\t' }
