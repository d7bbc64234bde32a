package hubspot

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"lockstep/internal/crmsim"
)

// Bounds of a search (crm/hubspot.md §4).
const (
	maxFound      = 10_000
	maxSearchPage = 200
	maxGroups     = 5
	maxFilters    = 6 // in a group
	maxAllFilters = 18
)

// request is the body of a search. Numbers come as text too
// (read-via-search/contacts-payload.json).
type request struct {
	FilterGroups []struct {
		Filters []filter `json:"filters"`
	} `json:"filterGroups"`
	Sorts      []json.RawMessage `json:"sorts"`
	Query      string            `json:"query"`
	Properties []string          `json:"properties"`
	Limit      loose             `json:"limit"`
	After      loose             `json:"after"`
}

// loose is a number, or a text of one.
type loose string

// UnmarshalJSON takes the text between the quotes, if there are any.
func (l *loose) UnmarshalJSON(raw []byte) error {
	if text := strings.Trim(string(raw), `"`); text != "null" {
		*l = loose(text)
	}
	return nil
}

func (l loose) number(usual int) (int, bool) {
	if l == "" {
		return usual, true
	}
	n, err := strconv.Atoi(string(l))
	return n, err == nil && n >= 0
}

// search finds records in the index, which is as old as its lag.
func search(c *call) crmsim.Answer {
	var in request
	if json.Unmarshal(c.Body, &in) != nil {
		return badJSON().answer()
	}
	w := newRenderer(c.table)
	q, bad := in.plan(w.shape)
	if bad != nil {
		return bad.answer()
	}
	found := c.indexed(q)
	total := len(found)
	slices.SortStableFunc(found, q.compare)
	found = found[min(q.after, total):min(q.after+q.limit, total)]
	c.Records = len(found)
	columns := w.shape.columns(in.Properties, w.shape.searched)
	out := strconv.AppendInt([]byte(`{"total":`), int64(total), 10)
	out = append(out, `,"results":[`...)
	for i := range found {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(w.read(out, &found[i].record, columns), '}')
	}
	out = append(out, ']')
	if next := q.after + len(found); next < total {
		// No link, as recorded (search/contacts/1-first-page.json).
		out = append(out, `,"paging":{"next":{"after":"`...)
		out = append(strconv.AppendInt(out, int64(next), 10), `"}}`...)
	}
	return jsonAnswer(http.StatusOK, append(out, '}'))
}

// query is a search that has been checked.
type query struct {
	groups [][]test
	words  []string
	order  int // property sorted by; -1 is the id
	down   bool
	limit  int
	after  int
	kind   valueType // of the property sorted by
}

// hit is a record as the index knows it, and what it is sorted by.
type hit struct {
	record record
	by     string
}

// plan checks a request; the messages of its refusals are unverified.
func (in *request) plan(o *object) (*query, *failure) {
	q := &query{order: -1, kind: typeNumber, words: strings.Fields(strings.ToLower(in.Query))}
	var ok, fits bool
	q.limit, ok = in.Limit.number(defaultPage)
	q.after, fits = in.After.number(0)
	filters := 0
	for _, g := range in.FilterGroups {
		filters += len(g.Filters)
		if len(g.Filters) > maxFilters {
			return nil, refused("There were more than " + strconv.Itoa(maxFilters) + " filters in a filter group.")
		}
	}
	switch {
	case !ok || q.limit > maxSearchPage:
		return nil, refused("The limit must be between 0 and " + strconv.Itoa(maxSearchPage) + ".")
	case !fits || q.after+q.limit > maxFound:
		return nil, refused("Paging beyond " + strconv.Itoa(maxFound) + " results is not supported.")
	case len(in.FilterGroups) > maxGroups || filters > maxAllFilters:
		return nil, refused("There were too many filters.")
	}
	for _, g := range in.FilterGroups {
		tests := make([]test, 0, len(g.Filters))
		for _, f := range g.Filters {
			t, bad := f.test(o)
			if bad != nil {
				return nil, bad
			}
			tests = append(tests, t)
		}
		q.groups = append(q.groups, tests)
	}
	return q, q.sortBy(o, in.Sorts)
}

// sortBy takes the first of the sorts, more not being allowed: an object, or
// the name of a property alone. Equal ones are by id.
func (q *query) sortBy(o *object, sorts []json.RawMessage) *failure {
	if len(sorts) == 0 {
		return nil
	}
	var by struct {
		PropertyName string `json:"propertyName"`
		Direction    string `json:"direction"`
	}
	if json.Unmarshal(sorts[0], &by) != nil && json.Unmarshal(sorts[0], &by.PropertyName) != nil {
		return badJSON()
	}
	if name, down := strings.CutPrefix(by.PropertyName, "-"); down {
		by.PropertyName, by.Direction = name, "DESCENDING"
	}
	i := o.find(by.PropertyName)
	if i < 0 {
		return unknownInSearch(by.PropertyName)
	}
	q.order, q.kind, q.down = i, o.properties[i].kind, by.Direction == "DESCENDING"
	return nil
}

func unknownInSearch(name string) *failure {
	return refused("There was a problem with the request: unknown property " + name)
}

// indexed returns the live records that fit, as they were when the index last
// heard of them.
func (c *call) indexed(q *query) []hit {
	t := c.table
	now, lag := c.sim.rig.Clock.Now(), t.lag()
	c.portal.mu.RLock()
	defer c.portal.mu.RUnlock()
	stale := t.journal.stale(now, lag)
	w := newRenderer(t)
	var found []hit
	for _, r := range t.records {
		seen := *r
		if was, old := stale[r]; old {
			seen = was
		}
		if seen.id == 0 || seen.archived || !q.fits(w, &seen) {
			continue
		}
		h := hit{record: seen}
		if q.order >= 0 {
			h.by = w.text(&seen, q.order)
		}
		found = append(found, h)
	}
	return found
}

// fits loads the record into w.
func (q *query) fits(w *renderer, r *record) bool {
	w.load(r)
	for _, word := range q.words {
		if !w.mentions(word) {
			return false
		}
	}
	return len(q.groups) == 0 || slices.ContainsFunc(q.groups, func(tests []test) bool {
		for _, t := range tests {
			if !t.holds(w.text(r, t.property)) {
				return false
			}
		}
		return true
	})
}

// mentions reports whether one of the texts at hand has the word in it.
func (w *renderer) mentions(word string) bool {
	return slices.ContainsFunc(w.stored, func(text string) bool { return strings.Contains(strings.ToLower(text), word) })
}

// compare orders hits; those without a value come last.
func (q *query) compare(a, b hit) int {
	n := 0
	switch {
	case q.order < 0:
	case a.by == "" || b.by == "":
		if n = strings.Compare(b.by, a.by); n != 0 {
			return n
		}
	default:
		n = compareAs(q.kind, a.by, b.by)
	}
	if n == 0 {
		n = int(a.record.id - b.record.id)
	}
	if q.down {
		return -n
	}
	return n
}
