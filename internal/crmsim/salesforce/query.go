package salesforce

import (
	"net/http"
	"strconv"
	"strings"

	"lockstep/internal/crmsim"
)

// maxPage is how many records a page of an answer holds at most.
const maxPage = 2000

// cursor is the rest of an answer. It lives as long as the org; real ones live
// two days (crm/salesforce.md §4).
type cursor struct {
	sel   *selection
	found []*record
	size  int
}

func query(c *call) crmsim.Answer    { return c.query(false) }
func queryAll(c *call) crmsim.Answer { return c.query(true) }

func (c *call) query(all bool) crmsim.Answer {
	s, bad := parseSOQL(c.request.URL.Query().Get("q"))
	if bad != nil {
		return bad.answer()
	}
	// Cursors are kept, so a query writes too.
	c.org.mu.Lock()
	defer c.org.mu.Unlock()
	tooling := strings.Contains(c.request.URL.Path, "/tooling/")
	sel, bad := c.org.prepare(s, tooling, all)
	if bad != nil {
		return bad.answer()
	}
	c.ask(sel.table)
	found := sel.run()
	if s.count {
		return jsonAnswer(http.StatusOK, []byte(`{"totalSize":`+strconv.Itoa(len(found))+`,"done":true,"records":[]}`))
	}
	cur := &cursor{sel: sel, found: found, size: c.pageSize()}
	locator := ""
	if len(found) > cur.size {
		locator = c.org.keep(cur)
	}
	return c.page(cur, locator, 0)
}

// ask names the object in the log, and what kind of call it is to ask it.
func (c *call) ask(t *table) {
	o := t.schema.Load()
	c.Object = o.name
	switch o.name {
	case "User", "Organization", "Profile":
		c.kind = crmsim.CallMeta
	case "PermissionSet", "PermissionSetAssignment", "FieldPermissions", "CustomField":
		c.kind = crmsim.CallSchema
	}
}

// pageSize reads Sforce-Query-Options: batchSize=200..2000.
func (c *call) pageSize() int {
	options := c.request.Header.Get("Sforce-Query-Options")
	_, value, ok := strings.Cut(strings.ToLower(options), "batchsize=")
	if n, err := strconv.Atoi(strings.TrimSpace(value)); ok && err == nil {
		return min(max(n, maxCollection), maxPage)
	}
	return maxPage
}

func (o *org) keep(cur *cursor) string {
	o.issued++
	locator := makeID("01g", o.instance, o.issued)
	o.cursors[locator] = cur
	return locator
}

// queryMore answers the next page; the locator is the cursor's name and the
// number of records already answered.
func queryMore(c *call) crmsim.Answer {
	locator, start, _ := strings.Cut(c.request.PathValue("locator"), "-")
	n, err := strconv.Atoi(start)
	c.org.mu.RLock()
	defer c.org.mu.RUnlock()
	cur := c.org.cursors[locator]
	if cur == nil || err != nil || n < 0 || n > len(cur.found) {
		return failedWith(http.StatusBadRequest, codeInvalidLocator, "invalid query locator").answer()
	}
	c.ask(cur.sel.table)
	return c.page(cur, locator, n)
}

// page answers the records from start on. The caller holds the lock.
func (c *call) page(cur *cursor, locator string, start int) crmsim.Answer {
	end := min(start+cur.size, len(cur.found))
	out := make([]byte, 0, 256*(end-start)+64)
	out = append(out, `{"totalSize":`...)
	out = strconv.AppendInt(out, int64(len(cur.found)), 10)
	if end < len(cur.found) {
		out = append(out, `,"done":false,"nextRecordsUrl":"/services/data/`+c.version()+`/query/`+locator+`-`...)
		out = strconv.AppendInt(out, int64(end), 10)
		out = append(out, '"')
	} else {
		out = append(out, `,"done":true`...)
	}
	out = append(out, `,"records":[`...)
	for i, r := range cur.found[start:end] {
		if i > 0 {
			out = append(out, ',')
		}
		out = cur.sel.append(out, r, cur.sel.place(c.version()))
	}
	c.Records += end - start
	return jsonAnswer(http.StatusOK, append(out, `]}`...))
}

// place is where the records' URLs point below /services/data.
func (s *selection) place(version string) string {
	if s.tooling {
		return version + "/tooling"
	}
	return version
}

// append appends a record with the selected columns, parents nested.
func (s *selection) append(out []byte, r *record, version string) []byte {
	o := s.table.schema.Load()
	out = append(out, `{"attributes":{"type":"`...)
	out = append(out, o.name...)
	out = append(out, `","url":"`...)
	out = append(out, recordURL(version, o.name, r.id)...)
	out = append(out, `"}`...)
	done := make(map[string]bool)
	for _, c := range s.columns {
		if len(c.hops) == 0 {
			out = crmsim.AppendMember(out, c.names[0])
			out = c.kind().appendJSON(out, c.text(r, s.table))
			continue
		}
		if !done[c.names[0]] {
			done[c.names[0]] = true
			out = crmsim.AppendMember(out, c.names[0])
			out = s.appendParent(out, r, s.table, 0, c.names[0], version)
		}
	}
	return append(out, '}')
}

// appendParent appends the parent at the given depth that a relationship leads
// to, with those columns that lie behind it; null if there is none.
func (s *selection) appendParent(out []byte, r *record, t *table, depth int, relationship, version string) []byte {
	var behind []column
	for _, c := range s.columns {
		if len(c.hops) > depth && c.names[depth] == relationship {
			behind = append(behind, c)
		}
	}
	id := t.text(r, behind[0].hops[depth])
	next := t.org.tableOf(id)
	if id == "" || next == nil || next.get(id) == nil {
		return append(out, "null"...)
	}
	inner := &selection{statement: s.statement, org: s.org, table: next}
	for _, c := range behind {
		inner.columns = append(inner.columns, column{hops: c.hops[depth+1:], names: c.names[depth+1:], table: c.table, field: c.field})
	}
	return inner.append(out, next.get(id), version)
}
