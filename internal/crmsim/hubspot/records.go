package hubspot

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"lockstep/internal/crmsim"
)

// A list answers so many records unless asked for fewer, and at most so many
// (crm/hubspot.md §4).
const (
	defaultPage = 10
	maxPage     = 100
)

// create makes one record.
func create(c *call) crmsim.Answer {
	return c.writeOne(&batch{table: c.table, verb: creating, by: -1}, "", http.StatusCreated)
}

// update writes one record, found by id or by a unique property.
func update(c *call) crmsim.Answer {
	by, bad := c.table.lookUpBy(c.request.URL.Query().Get("idProperty"), false)
	if bad != nil {
		return bad.answer()
	}
	return c.writeOne(&batch{table: c.table, verb: updating, by: by}, c.request.PathValue("id"), http.StatusOK)
}

// writeOne carries a batch of one out, and answers without the batch.
func (c *call) writeOne(b *batch, id string, status int) crmsim.Answer {
	rd := reader{portal: c.portal, object: b.shape()}
	s := crmsim.NewScanner(string(c.Body))
	d, ok := rd.input(s)
	d.id = id
	b.drafts = []draft{d}
	switch {
	case s.End() != nil || !ok:
		return badJSON().answer()
	case !d.given:
		return missingField("properties").answer()
	}
	if bad := b.strangers(); bad != nil {
		return bad.answer()
	}
	// A single record's conflict tells whose it is.
	b.partial = true
	if stop := c.carryOut(b); stop != nil {
		return *stop
	}
	switch out := b.outcomes[0]; {
	case out.missing:
		return noRecord(id).answer()
	case out.bad != nil:
		out.bad.context = nil
		return out.bad.answer()
	default:
		return jsonAnswer(status, append(newRenderer(c.table).written(nil, out), '}'))
	}
}

// retrieve reads one record, by id or by a unique property.
func retrieve(c *call) crmsim.Answer {
	q := c.request.URL.Query()
	id := c.request.PathValue("id")
	by, bad := c.table.lookUpBy(q.Get("idProperty"), false)
	if bad != nil {
		return bad.answer()
	}
	found, _ := c.lookUp([]string{id}, by, q.Get("archived") == "true")
	if len(found) == 0 {
		return noRecord(id).answer()
	}
	c.Records = 1
	w := newRenderer(c.table)
	return jsonAnswer(http.StatusOK, append(w.read(nil, &found[0], w.shape.columns(listed(q, "properties"), w.shape.defaults)), '}'))
}

// remove archives one record. Whether it was there is not told.
func remove(c *call) crmsim.Answer {
	c.portal.mu.Lock()
	defer c.portal.mu.Unlock()
	c.Records = 1
	if r := c.table.get(c.request.PathValue("id")); r != nil && !r.archived {
		c.table.archive(r)
		c.Updated = 1
	}
	return noContent()
}

// list pages through all records by ascending id.
func list(c *call) crmsim.Answer {
	q := c.request.URL.Query()
	limit, bad := pageSize(q, defaultPage, maxPage)
	after, wrong := strconv.ParseInt("0"+q.Get("after"), 10, 64)
	switch {
	case bad != nil:
		return bad.answer()
	case wrong != nil:
		return refused("Invalid value for query parameter 'after'").answer()
	}
	page, next := c.page(after, limit, q.Get("archived") == "true")
	c.Records = len(page)
	w := newRenderer(c.table)
	columns := w.shape.columns(listed(q, "properties"), w.shape.defaults)
	out := append(make([]byte, 0, 512*len(page)), `{"results":[`...)
	for i := range page {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(w.read(out, &page[i], columns), '}')
	}
	out = append(out, ']')
	if next > 0 {
		out = appendPaging(out, c.Request, strconv.FormatInt(next, 10))
	}
	return jsonAnswer(http.StatusOK, append(out, '}'))
}

// page returns the records from an id on, and the id to go on from, if any.
func (c *call) page(from int64, limit int, archived bool) (page []record, next int64) {
	t := c.table
	c.portal.mu.RLock()
	defer c.portal.mu.RUnlock()
	first := min(max(from-t.base-int64(t.cleared)-1, 0), int64(len(t.records)))
	for _, r := range t.records[first:] {
		if r.archived != archived || r.into != nil {
			continue
		}
		if len(page) == limit {
			return page, r.id
		}
		page = append(page, *r)
	}
	return page, 0
}

// appendPaging appends where the next page is (read/objects-api/contacts-response.json).
func appendPaging(out []byte, r *http.Request, after string) []byte {
	q := r.URL.Query()
	q.Set("after", after)
	type next struct {
		After string `json:"after"`
		Link  string `json:"link"`
	}
	return appendJSON(append(out, `,"paging":`...), map[string]next{
		"next": {After: after, Link: "http://" + r.Host + r.URL.Path + "?" + q.Encode()},
	})
}

// pageSize reads a limit; the refusals' messages are unverified.
func pageSize(q url.Values, usual, most int) (int, *failure) {
	text := q.Get("limit")
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, refused("Invalid value for query parameter 'limit': it must be between 1 and " + strconv.Itoa(most))
	}
	return n, nil
}

// listed reads a list that is apart by commas, or given again and again.
func listed(q url.Values, name string) []string {
	var all []string
	for _, text := range q[name] {
		for one := range strings.SplitSeq(text, ",") {
			if one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}
