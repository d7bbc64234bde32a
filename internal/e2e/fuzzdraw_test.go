package e2e_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// drawer draws one request after the other. What it decides and the values that
// it takes depend on its seed alone; which ids those stand for, on what the API
// has answered so far.
type drawer struct {
	*rand.Rand

	fuzz *fuzzer
	ops  []*operation // as often as each is asked
}

// chance tells whether something that happens once in n times does.
func (d *drawer) chance(n int) bool { return d.IntN(n) == 0 }

func pick[T any](d *drawer, from ...T) T { return from[d.IntN(len(from))] }

// request draws a request: as the document wants it, or with something wrong.
func (d *drawer) request() *fuzzRequest {
	by := d.fuzz.parties[d.IntN(len(d.fuzz.parties))]
	if again := by.asked.pick(d); again != nil && d.chance(12) {
		return d.again(again)
	}
	r := d.sound(by, d.ops[d.IntN(len(d.ops))])
	if d.chance(2) {
		return r
	}
	for range 1 + d.IntN(2) {
		d.wrong(r)
	}
	return r
}

// sound draws a request that the document allows.
func (d *drawer) sound(by *party, op *operation) *fuzzRequest {
	r := &fuzzRequest{op: op, by: by, role: "admin", method: op.method}
	d.key(r, by, "admin")
	path, query := op.path, url.Values{}
	for _, p := range op.params {
		if needed := p.Required || p.Name == "If-Match" && op.id == "saveMapping"; !needed && d.chance(2) {
			continue
		}
		value := fmt.Sprint(d.value(by, p.Schema, op.id+"."+p.Name))
		if p.Name == "connection_id" && !d.chance(3) { // those that somebody has signed in to
			value = by.worlds[d.IntN(len(by.worlds))].conn.ID.String()
		}
		if open, ok := by.corpus.pick("open", 0); ok && p.Name == "run_id" && d.chance(2) {
			value = open
		}
		switch p.In {
		case openapi3.ParameterInPath:
			path = strings.Replace(path, "{"+p.Name+"}", url.PathEscape(value), 1)
		case openapi3.ParameterInQuery:
			query.Set(p.Name, value)
		case openapi3.ParameterInHeader:
			r.set(p.Name, headerText(value))
		}
	}
	r.target = path
	if len(query) > 0 {
		r.target += "?" + query.Encode()
	}
	r.stored = r.get("Idempotency-Key")
	if tag, ok := by.corpus.pick("etag "+mappingOf(r.target), 0); ok && r.get("If-Match") != "" {
		r.set("If-Match", tag)
	}
	if op.open {
		r.set("Accept", pick(d, "text/html", "application/json", "*/*"))
	}
	d.fill(r)
	return r
}

// key shows one of the keys that a party has for a role.
func (d *drawer) key(r *fuzzRequest, by *party, role string) {
	if r.op.open {
		r.by, r.role = nil, ""
		return
	}
	r.by, r.role = by, role
	r.set("Authorization", "Bearer "+pick(d, by.keys[role]...))
}

// value draws what a schema allows. Names are looked up with their operation
// first.
func (d *drawer) value(by *party, s *openapi3.SchemaRef, name string) any {
	if _, short, ok := strings.Cut(name, "."); ok && knownAs[name] == "" && knownOf[name] == nil {
		name = short
	}
	return by.values.of(s, name).Example(int(d.Uint64()))
}

// headerText returns s as it can stand in a header.
func headerText(s string) string {
	s = strings.Trim(s, " ")
	return strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, s)
}

// fill draws the body.
func (d *drawer) fill(r *fuzzRequest) {
	op := r.op
	switch {
	case op.body == nil, !op.body.Required && d.chance(2):
		return
	case op.id == "loadRecords":
		d.load(r)
		return
	}
	r.set("Content-Type", "application/json")
	v := d.value(r.by, op.body.Content.Get("application/json").Schema, "body")
	if rules, ok := r.by.corpus.pick("rules "+mappingOf(r.target), 0); ok && op.id == "saveMapping" && d.chance(2) {
		v = d.remapped(r.by, rules)
	}
	r.body = inJSON(v)
}

// remapped returns the rules of a mapping with one that is another.
func (d *drawer) remapped(by *party, rules string) any {
	var have []struct{ Field, Target, Fixed string }
	_ = json.Unmarshal([]byte(rules), &have) // they were written from what was read
	var out []any
	for _, rule := range have {
		if d.chance(8) {
			continue
		}
		if rule.Field != "" {
			out = append(out, map[string]any{"target": rule.Target, "field": rule.Field})
		} else {
			out = append(out, map[string]any{"target": rule.Target, "fixed": rule.Fixed})
		}
	}
	if field, ok := by.corpus.pick("field", d.Uint64()); ok && d.chance(2) {
		out = append(out, map[string]any{"target": field, "fixed": pick(d, by.canary, "x", "true", "1", "2026-01-01")})
	}
	return map[string]any{"rules": out}
}

func inJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("e2e: writing %T: %v", v, err)) // all that is drawn can be written
	}
	return text
}

// load draws records, in one of the forms that they are loaded in. Most carry
// their party's mark, in a field or in an attribute.
func (d *drawer) load(r *fuzzRequest) {
	n := 1 + d.IntN(20)
	names := []string{"external_id", "First Name", "last_name", "E-mail", "Company", "notes", pick(d, "tier", "名前", "a b", "x\"y", "constructor", r.by.canary)}
	rows := make([][]string, n)
	for i := range rows {
		id := d.IntN(400)
		rows[i] = []string{
			fmt.Sprintf("%s-%d", r.by.name, id), pick(d, oddTexts...), pick(d, oddTexts...), fmt.Sprintf("%s-%d@example.net", r.by.name, id),
			"Example Ltd", r.by.canary, pick(d, oddTexts...),
		}
		if d.chance(4) {
			rows[i][1+d.IntN(6)] = pick(d, oddTexts...)
		}
		if d.chance(20) {
			rows[i][0] = pick(d, oddTexts...)
		}
	}
	switch d.IntN(3) {
	case 0:
		r.set("Content-Type", pick(d, "text/csv", "text/csv; charset=utf-8"))
		r.body = inCSV(pick(d, ",", ",", ";", "\t", "|"), append([][]string{names}, rows...))
	case 1:
		r.set("Content-Type", "application/json")
		r.body = inJSON(objects(names, rows))
	case 2:
		r.set("Content-Type", "application/x-ndjson")
		for _, o := range objects(names, rows) {
			r.body = append(append(r.body, inJSON(o)...), '\n')
		}
	}
}

func objects(names []string, rows [][]string) []map[string]string {
	out := make([]map[string]string, len(rows))
	for i, row := range rows {
		out[i] = make(map[string]string)
		for j, name := range names {
			out[i][name] = row[j]
		}
	}
	return out
}

func inCSV(delimiter string, rows [][]string) []byte {
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				b.WriteString(delimiter)
			}
			b.WriteString(strconv.Quote("")[:1] + strings.ReplaceAll(cell, `"`, `""`) + `"`)
		}
		b.WriteString("\r\n")
	}
	return []byte(b.String())
}

// again repeats a request under its key, or makes another one under it.
func (d *drawer) again(before *fuzzRequest) *fuzzRequest {
	if d.chance(3) {
		other := d.sound(before.by, before.op)
		other.set("Idempotency-Key", before.stored)
		other.stored = before.stored
		other.spoil("another request under a key that was used", false)
		return other
	}
	r := *before
	r.wrong, r.refused, r.again = []string{"asked before"}, false, true
	return &r
}

var methods = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodConnect, "PROPFIND", "get", "X",
}
