package hubspot

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

// renderer spells records of one table as the API does. It is for one call.
type renderer struct {
	table   *table
	shape   *object
	stored  []string // of the record at hand, by property
	changed []bool
}

func newRenderer(t *table) *renderer {
	o := t.schema.Load()
	return &renderer{table: t, shape: o, stored: make([]string, len(o.properties)), changed: make([]bool, len(o.properties))}
}

func (w *renderer) load(r *record) {
	clear(w.stored)
	for i, text := range r.row.All() {
		if i < len(w.stored) {
			w.stored[i] = text
		}
	}
}

func (w *renderer) text(r *record, i int) string {
	if derive := w.shape.properties[i].derive; derive != nil {
		return derive(w.table, r)
	}
	return w.stored[i]
}

// written appends what a write answers: of a new record everything it has, of
// an updated one what was written and the usual few, cleared values as they
// were given.
func (w *renderer) written(out []byte, o outcome) []byte {
	w.load(&o.record)
	clear(w.changed)
	for _, c := range o.changes {
		w.changed[c.Field] = true
	}
	out = w.head(out, &o.record)
	for _, i := range w.shape.sorted {
		p := w.shape.properties[i]
		told := w.changed[i] || p.echoed || o.created && (p.shown || p.derive == nil)
		if !told {
			continue
		}
		if text := w.text(&o.record, i); text != "" || w.changed[i] {
			out = crmsim.AppendString(crmsim.AppendMember(out, p.name), text)
		}
	}
	return w.tail(out, &o.record)
}

// read appends the columns of a record; what it has no value for is null.
func (w *renderer) read(out []byte, r *record, columns []int) []byte {
	w.load(r)
	out = w.head(out, r)
	for _, i := range columns {
		out = crmsim.AppendMember(out, w.shape.properties[i].name)
		if text := w.text(r, i); text != "" {
			out = crmsim.AppendString(out, text)
			continue
		}
		out = append(out, "null"...)
	}
	return w.tail(out, r)
}

func (w *renderer) head(out []byte, r *record) []byte {
	out = append(out, `{"id":"`...)
	out = strconv.AppendInt(out, r.id, 10)
	return append(out, `","properties":{`...)
}

// tail leaves the object open, for what some answers add.
func (w *renderer) tail(out []byte, r *record) []byte {
	out = append(out, `},"createdAt":"`...)
	out = time.UnixMilli(r.created).UTC().AppendFormat(out, layout)
	out = append(out, `","updatedAt":"`...)
	out = time.UnixMilli(r.modified).UTC().AppendFormat(out, layout)
	out = append(out, `","archived":`...)
	out = strconv.AppendBool(out, r.archived)
	if r.archived {
		out = append(out, `,"archivedAt":"`...)
		out = time.UnixMilli(r.modified).UTC().AppendFormat(out, layout)
		out = append(out, '"')
	}
	out = append(out, `,"url":"`...)
	return append(w.table.appendURL(out, r), '"')
}

// columns returns the properties that a read answers, in alphabetical order:
// those asked for and a few that are always told, or the defaults. Names that
// there is no property of are passed over.
func (o *object) columns(asked, defaults []string) []int {
	names := defaults
	if len(asked) > 0 {
		names = slices.Concat(asked, o.always)
	}
	columns := make([]int, 0, len(names))
	for _, name := range names {
		if i := o.find(strings.TrimSpace(name)); i >= 0 {
			columns = append(columns, i)
		}
	}
	slices.SortFunc(columns, func(a, b int) int { return strings.Compare(o.properties[a].name, o.properties[b].name) })
	return slices.Compact(columns)
}

// envelope appends what a batch answers: results that are already spelled, and
// errors.
func envelope(began, ended time.Time, results []byte, errs []*failure) []byte {
	out := make([]byte, 0, len(results)+256)
	out = append(out, `{"completedAt":"`...)
	out = ended.UTC().AppendFormat(out, layout)
	out = append(out, `","status":"COMPLETE","startedAt":"`...)
	out = began.UTC().AppendFormat(out, layout)
	out = append(out, `","results":[`...)
	out = append(out, results...)
	out = append(out, ']')
	if len(errs) == 0 {
		return append(out, '}')
	}
	out = append(out, `,"errors":[`...)
	for i, bad := range errs {
		if i > 0 {
			out = append(out, ',')
		}
		out = bad.append(out, "")
	}
	out = append(out, `],"numErrors":`...)
	return append(strconv.AppendInt(out, int64(len(errs)), 10), '}')
}

// shuffled is the order in which a batch answers records: always the same, and
// hardly ever that of the inputs (crm/hubspot.md §3).
func shuffled(a, b int64) int {
	const odd = 0x9E3779B97F4A7C15
	x, y := uint64(a)*odd, uint64(b)*odd //nolint:gosec // an id is positive
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}
