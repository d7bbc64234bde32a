// Package intake reads records from what people export: CSV, NDJSON or a JSON
// array, in whatever encoding, with whatever column names. Every row becomes a
// record or a fault that says what is wrong with it and where; one bad row
// never costs its neighbours.
//
// It is pure: a reader in, records and faults out. It knows no database, no
// HTTP and no connection, decides nothing about what is stored already, and
// logs nothing, because all that it sees belongs to people.
package intake

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/google/uuid"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// The bounds of one reading.
const (
	MaxRows       = 10_000
	MaxColumns    = 1_000
	MaxField      = 1 << 20 // bytes of one value
	MaxExternalID = 255     // characters; also of a column's name
	maxRow        = 8 * MaxField
)

// Format is how records are written down.
type Format string

// The formats.
const (
	CSV    Format = "csv"    // the first row names the columns
	NDJSON Format = "ndjson" // an object a line
	JSON   Format = "json"   // an array of objects
)

// Options say what is read.
type Options struct {
	Object   crm.Object // decides which column names are recognised
	Format   Format
	IDColumn string // holds the external ids; empty to choose
}

// Load is what was read.
type Load struct {
	Records []lockstep.Record // with fresh ids, in the order of their rows; no external id twice
	Report  Report
}

// Report says what became of each row and column. Of Rows, Accepted became
// records, Replaced gave way to a later row, and Rejected could not be taken.
type Report struct {
	Format    Format
	Encoding  string // that was assumed
	Delimiter string // of a CSV
	IDColumn  string // as it was given
	Columns   []Column
	Rows      int
	Accepted  int
	Replaced  int
	Rejected  int
	Faults    []Fault // by row
}

// Fault is a row that is not among the records, and why. Code is for programs.
type Fault struct {
	Line       int // where the row begins, from 1
	Row        int // from 1, without the header
	Code       string
	Reason     string
	ExternalID string // as far as it is known
}

// Error is an error about everything that was to be read: nothing of it can
// be used until what it says is done. Its Detail may quote column names.
type Error struct {
	Code   string
	Detail string
	Fix    string
}

// Error returns the code, for what else a Error says belongs to its reader.
func (r *Error) Error() string { return "reading records: " + r.Code }

// row is one record as it was written down. Values are strings, json.Numbers,
// booleans or nil, one for each name.
type row struct {
	line   int
	names  []string
	values []any
	flaw   *flaw // why there are no values
}

// flaw is what is wrong with a row.
type flaw struct{ code, reason string }

// Read reads at most MaxRows records from r. It returns an *Error when they
// cannot be used at all, and the error of r when it has one.
func Read(r io.Reader, o Options) (Load, error) {
	text, err := decode(r)
	if err != nil {
		return Load{}, err
	}
	load, err := newCollector(o).read(text)
	_, refused := errors.AsType[*Error](err)
	if text.binary && (refused || len(load.Report.Columns) == 0 && err == nil) {
		return Load{}, notText("This is no text in any encoding that is read.")
	}
	load.Report.Encoding = text.encoding()
	return load, err
}

// read returns what text holds, but for its encoding.
func (c *collector) read(text *text) (Load, error) {
	rows, err := c.open(text)
	if err != nil {
		return Load{}, err
	}
	for row, err := range rows {
		if err != nil {
			return Load{}, err
		}
		if err := c.add(row); err != nil {
			return Load{}, err
		}
	}
	return c.load()
}

// open returns the rows of text.
func (c *collector) open(text *text) (iter.Seq2[row, error], error) {
	switch c.options.Format {
	case CSV:
		table, err := openTable(text)
		if err != nil {
			return nil, err
		}
		c.report.Delimiter = string(table.delimiter)
		if _, err := c.columns.layout(table.header); err != nil {
			return nil, err
		}
		if c.columns.id == "" {
			return nil, c.columns.refusal()
		}
		return table.rows(), nil
	case NDJSON:
		return objectLines(text), nil
	case JSON:
		return objectArray(text), nil
	}
	return nil, fmt.Errorf("reading records: unknown format %q", c.options.Format)
}

// newRecord returns a record with a fresh id, which is greater than all before
// it.
func newRecord(object crm.Object, externalID string, fields map[string]any) (lockstep.Record, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return lockstep.Record{}, fmt.Errorf("making a record id: %w", err)
	}
	return lockstep.Record{ID: id, Object: object, ExternalID: externalID, Fields: fields}, nil
}
