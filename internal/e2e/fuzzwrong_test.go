package e2e_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// wrong makes one thing wrong with a request that was sound.
func (d *drawer) wrong(r *fuzzRequest) {
	if r.strange || r.raw != nil {
		return
	}
	kinds := []func(*fuzzRequest){
		d.wrongBody, d.wrongBody, d.wrongBody, d.wrongPath, d.wrongPath, d.wrongQuery, d.wrongQuery, d.wrongKey, d.wrongRole, d.wrongHeader, d.wrongHeader,
		d.wrongMethod, d.wrongAddress, d.wrongKind,
	}
	if d.chance(40) {
		d.noHTTP(r)
		return
	}
	kinds[d.IntN(len(kinds))](r)
}

// wrongBody spoils a body, by its schema or altogether.
func (d *drawer) wrongBody(r *fuzzRequest) {
	defer func() { r.bodied = true }()
	switch {
	case r.bodied:
		return // or what was wrong with it would be gone
	case r.op.body == nil:
		if r.method != http.MethodGet {
			r.set("Content-Type", "application/json")
			r.body = []byte(pick(d, notJSON...))
			r.spoil("a body that nobody wants", false)
		}
		return
	case r.op.id == "loadRecords":
		d.wrongLoad(r)
		return
	case d.chance(4):
		r.body = []byte(pick(d, notJSON...))
		r.set("Content-Type", "application/json")
		r.spoil("no JSON", r.op.body.Required && len(r.body) > 0 && (r.body[0] == '}' || r.body[0] == '<'))
		return
	case d.chance(30):
		r.body = bytes.Repeat([]byte("x "), 600_000)
		r.set("Content-Type", "application/json")
		r.spoil("a body of 1.2 MB", true)
		return
	}
	schema := r.op.body.Content.Get("application/json").Schema
	s := spoil(d.Rand, schema.Value, d.value(d.maker(r), schema, "body"))
	r.set("Content-Type", "application/json")
	r.body = inJSON(s.value)
	r.spoil(s.what, s.refused)
}

// maker returns the party whose values r is made of.
func (d *drawer) maker(r *fuzzRequest) *party {
	if r.by != nil {
		return r.by
	}
	return d.fuzz.parties[0]
}

// wrongLoad spoils a load. Rows that cannot be taken are reported, not refused.
func (d *drawer) wrongLoad(r *fuzzRequest) {
	mark := d.maker(r).canary
	r.set("Content-Type", pick(d, "text/csv", "application/json", "application/x-ndjson"))
	whole := []string{
		"", "\n", "external_id\n", "external_id,a\n1\n2,3,4\n", "external_id\n\"open", "id,id\n1,2\n", "\x00\x01\x02", "external_id\n\x00\n", "\xff\xfee\x00x\x00", "\xef\xbb\xbfexternal_id\n" + mark + "\n",
		"external_id;a\n1;\xe4\xf6\n", "a,b\n1,2\n", "[]", "{}", "null", "[1,2]", `[{"external_id": 1}]`, `[{"external_id": "1", "last_name": {"a": [1]}}]`, `[{"external_id": "\u0000"}]`,
		`[{"external_id": "x", "email": 1e400}]`, `[{"external_id": "x", "last_name": "\ud800"}]`, `{"external_id": "1"}` + "\n{", "[" + strings.Repeat("[", 30_000), `[{"": ""}]`,
		"external_id,notes\n1," + strings.Repeat("n", 1_000_000) + "\n", strings.Repeat("c,", 1100) + "external_id\n", "external_id\n" + strings.Repeat("1\n", 10_001), strings.Repeat("é", 300) + "\nx\n",
		"external_id,last_name\n" + strings.Repeat("y", 300) + ",x\n", `[{"external_id": "` + mark + `", "a\u0000b": "c"}]`, `[{"external_id": true, "last_name": null}]`,
	}
	switch d.IntN(4) {
	case 0:
		r.body = []byte(whole[d.IntN(len(whole))])
		r.spoil("an odd load", false)
	case 1:
		if len(r.body) > 0 {
			r.body = r.body[:d.IntN(len(r.body))]
		}
		r.spoil("a load that breaks off", false)
	case 2:
		r.body = slices.Clone(r.body)
		for range 1 + d.IntN(5) {
			if len(r.body) > 0 {
				r.body[d.IntN(len(r.body))] = byte(d.IntN(256))
			}
		}
		r.spoil("a load with odd bytes", false)
	case 3:
		r.spoil("a load of another kind", false)
	}
}

// ids that are none, or none that anybody has, or no longer where they are.
var oddIDs = []string{
	"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff", "1", "x", "%00", "%ff", "%E2%82", "..", "%2e%2e", ".", "%2F", "a%2Fb", "*", "null", "undefined", "-1", "'", "%27--",
	"%7B019ac111-0000-7000-8000-000000000000%7D", "019ac11100007000800000000000000", "urn:uuid:019ac111-0000-7000-8000-000000000000", "019ac111-0000-7000-8000-00000000000g", " ", "%20", "%0d%0aX:y", "é", ";a=b", "%25",
}

// wrongPath puts something else where an id is.
func (d *drawer) wrongPath(r *fuzzRequest) {
	if !d.chance(3) && d.foreign(r) {
		return
	}
	switch d.IntN(10) {
	case 0, 1, 2:
		if d.replace(r, uuid.UUID([16]byte{0: byte(d.IntN(256)), 6: 0x70, 8: 0x80, 15: byte(d.IntN(256))}).String()) {
			r.spoil("an id of nothing", true)
		}
	case 3:
		if d.replace(r, strings.Repeat("a", 5000)) {
			r.spoil("a very long id", true)
		}
	default:
		if d.replace(r, pick(d, oddIDs...)) {
			r.spoil("an odd id", true)
		}
	}
}

// foreign puts an id of the other party where one is, if it can.
func (d *drawer) foreign(r *fuzzRequest) bool {
	i := r.op.parameter()
	if i < 0 || r.by == nil {
		return false
	}
	kind := knownAs[strings.Trim(strings.Split(r.op.path, "/")[i], "{}")]
	id, ok := r.by.other.corpus.pick(kind, d.Uint64())
	if !ok || !d.replace(r, id) {
		return false
	}
	r.spoil("another workspace's "+kind, true)
	return true
}

// replace puts something else where an id is, if one is.
func (*drawer) replace(r *fuzzRequest, id string) bool {
	i := r.op.parameter()
	path, query, asked := strings.Cut(r.target, "?")
	segments := strings.Split(path, "/")
	if i < 0 || i >= len(segments) {
		return false
	}
	segments[i] = id
	r.target = strings.Join(segments, "/")
	if asked {
		r.target += "?" + query
	}
	return true
}

// oddQueries are what stands in a query and is none of its parameters, or is no
// query.
var oddQueries = []string{"x=1", "limit", "limit=", "=", "&", "&&&", "%", "%zz=1", "limit=%zz", "a;b", "limit=1;limit=2", "%00=1", "%ff=%fe", "?", "#", "limit[]=1", "object[a]=contact", "debug=true", "workspace_id=x", "_method=DELETE"}

// oddParameters are values that few parameters take.
var oddParameters = []string{
	"", "0", "-1", "501", "99999999999999999999", "1.5", "1e3", "0x10", " 5", "+5", "٣", "null", "NaN", "contact,company", "Contact", "CONTACT", "\x00", "\xff", "\r\nX: y", "'", "2026-02-30T00:00:00Z",
	"0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z", "2026-11-22", "2026-11-22T06:00:00", "infinity", "00000000-0000-0000-0000-000000000000", "%", "9223372036854775807", "9223372036854775808", "\u202e", strings.Repeat("9", 19), strings.Repeat("q", 3000),
}

// wrongQuery spoils the parameters of a query.
func (d *drawer) wrongQuery(r *fuzzRequest) {
	path, query, _ := strings.Cut(r.target, "?")
	add := func(more string) { r.target = path + "?" + strings.TrimPrefix(query+"&"+more, "&") }
	names := []string{"limit", "before", "after", "object", "run", "record", "since", "until", "outcome", "problem", "target", "type", "id_column", "state", "code", "error"}
	for _, p := range r.op.params {
		if p.In == openapi3.ParameterInQuery {
			names = append(names, p.Name, p.Name, p.Name, p.Name)
		}
	}
	name := names[d.IntN(len(names))]
	switch d.IntN(6) {
	case 0:
		add(pick(d, oddQueries...))
		r.spoil("an odd query", false)
	case 1:
		add(name + "=1&" + name + "=2")
		r.spoil("a parameter twice", false)
	case 2:
		cursor, ok := d.maker(r).other.corpus.pick(pick(d, "record", "run", "listEvents.next", "listAudit.next", "listRecords.next", "target"), d.Uint64())
		if ok {
			add(name + "=" + url.QueryEscape(cursor))
			r.spoil("another workspace's cursor", false)
		}
	default:
		add(name + "=" + url.QueryEscape(pick(d, oddParameters...)))
		r.spoil("an odd "+name, false)
	}
}

// wrongKey shows a key that is none.
func (d *drawer) wrongKey(r *fuzzRequest) {
	if r.op.open {
		return
	}
	key := r.get("Authorization")
	revoked, ok := d.maker(r).corpus.pick("revoked", d.Uint64())
	r.by = nil
	if ok && d.chance(4) {
		r.set("Authorization", "Bearer "+revoked)
		r.spoil("a key that was revoked", true)
		return
	}
	switch d.IntN(9) {
	case 0:
		r.drop("Authorization")
	case 1:
		r.set("Authorization", "Basic "+strings.TrimPrefix(key, "Bearer "))
	case 2:
		r.set("Authorization", key+"x")
	case 3:
		r.set("Authorization", "Bearer "+strings.ToUpper(strings.TrimPrefix(key, "Bearer ")))
	case 4:
		r.set("Authorization", "Bearer \xff\xfe\x01")
	case 5:
		r.set("Authorization", "Bearer "+strings.Repeat("k", 20_000))
	case 6:
		r.set("Authorization", "Bearer")
	case 7:
		r.set("Authorization", strings.TrimPrefix(key, "Bearer "))
	case 8:
		r.header = append([]headerLine{{"Authorization", "Bearer lsk_" + strings.Repeat("a", 52)}}, r.header...)
	}
	r.spoil("no key", true)
}

// wrongRole shows a key of another role.
func (d *drawer) wrongRole(r *fuzzRequest) {
	if r.op.open || r.by == nil || r.role != "admin" {
		return
	}
	role := pick(d, "revops", "operator", "crm_owner", "standard", "spectator")
	d.key(r, r.by, role)
	r.spoil("a key of role "+role, !r.op.allows(role))
}

// wrongKind says that the body is of another kind.
func (d *drawer) wrongKind(r *fuzzRequest) {
	kind := pick(d, "", "text/plain", "application/xml", "application/json; charset=utf-16", "application/json;", "application/JSON", "multipart/form-data", "a/b; c", ";", "text/csv; charset=nonsense", "application/x-www-form-urlencoded", "\xff", strings.Repeat("a", 3000)+"/b", "application/problem+json")
	r.set("Content-Type", kind)
	if kind == "" {
		r.drop("Content-Type")
	}
	r.spoil(fmt.Sprintf("Content-Type %.40q", kind), false)
}

// wrongHeader sends a header that is odd.
func (d *drawer) wrongHeader(r *fuzzRequest) {
	odd := []headerLine{
		{"Idempotency-Key", ""},
		{"Idempotency-Key", strings.Repeat("k", 256)},
		{"Idempotency-Key", strings.Repeat("k", 255)},
		{"Idempotency-Key", "é"},
		{"Idempotency-Key", "\xff"},
		{"Idempotency-Key", "a\tb"},
		{"Idempotency-Key", "a/../b c%"},
		{"If-Match", `"0"`},
		{"If-Match", `"999999"`},
		{"If-Match", "*"},
		{"If-Match", `W/"1"`},
		{"If-Match", "1"},
		{"If-Match", `"1", "2", "3"`},
		{"If-Match", "\xff"},
		{"If-Match", strings.Repeat("9", 300)},
		{"If-Match", ","},
		{"If-None-Match", "*"},
		{"Accept", "\xff"},
		{"Accept", "application/xml"},
		{"Accept-Encoding", "gzip, br"},
		{"Content-Encoding", "gzip"},
		{"Range", "bytes=0-1"},
		{"Expect", "100-continue"},
		{"X-Forwarded-For", "127.0.0.1"},
		{"X-HTTP-Method-Override", "DELETE"},
		{"X-Request-Id", "mine"},
		{"Cookie", "lockstep_oauth_1=x; a=\xff; =;;"},
		{"Cookie", strings.Repeat("c=d; ", 2000)},
		{"Origin", "https://evil.example"},
		{"Last-Event-ID", "-1"},
		{"X-Long", strings.Repeat("h", 50_000)},
		{"Connection", "close"},
		{"Upgrade", "websocket"},
		{"TE", "trailers"},
		{"Content-Language", "\xe2\x28\xa1"},
		{"Traceparent", "00-zz"},
	}
	h := odd[d.IntN(len(odd))]
	r.set(h.name, h.value)
	if h.name == "Idempotency-Key" {
		r.stored = "" // nobody counts on it
	}
	r.spoil(fmt.Sprintf("%s %.30q", h.name, h.value), false)
}

// wrongMethod asks with another method.
func (d *drawer) wrongMethod(r *fuzzRequest) {
	r.method = pick(d, methods...)
	r.stored = ""
	if op := d.fuzz.operationAt(r.method, r.target); op != nil {
		r.op = op
		r.refused = false
		return
	}
	r.strange, r.refused = true, false
	r.spoil("method "+r.method, false)
}

// wrongAddress asks for an address that is nearly one of the document's.
func (d *drawer) wrongAddress(r *fuzzRequest) {
	path, query, asked := strings.Cut(r.target, "?")
	switch d.IntN(12) {
	case 0:
		path += "/"
	case 1:
		path = "/" + path
	case 2:
		path = strings.ReplaceAll(path, "/", "//")
	case 3:
		path = "/v1%2F" + strings.TrimPrefix(path, "/v1/")
	case 4:
		path = strings.ToUpper(path)
	case 5:
		path = "/v1/../" + strings.TrimPrefix(path, "/")
	case 6:
		path += "/" + pick(d, "x", "..", "%2e%2e", "%00", "é", "*", "progress", "mapping")
	case 7:
		path += strings.Repeat("/a", 2000)
	case 8:
		path = "/v2" + strings.TrimPrefix(path, "/v1")
	case 9:
		path = pick(d, "/", "/v1", "/v1/", "/docs", "/docs/", "/docs/index.html", "/docs/../openapi.yaml", "/docs/%2e%2e/x", "/openapi.yaml", "/openapi.json", "/favicon.ico", "/.git/config", "/metrics", "/debug/pprof/", "/%", "/%zz", "/\xff", "*", "/v1/connections/%20", "/docs/swagger-ui.css", "/docs//")
	case 10:
		path += ";a=b"
	case 11:
		path = strings.Replace(path, "/", "/.//", 1)
	}
	r.target = path
	if asked {
		r.target += "?" + query
	}
	r.spoil("an odd address", false)
	r.op = d.fuzz.operationAt(r.method, r.target)
	r.strange = r.op == nil
	r.refused, r.stored = false, ""
}

// noHTTP sends what is no request.
func (d *drawer) noHTTP(r *fuzzRequest) {
	host := d.fuzz.host
	r.raw = []byte(pick(d,
		"GET / HTTP/1.1\r\n\r\n", "GET /v1/workspace HTTP/1.1\r\nHost: "+host+"\r\nX\x00: y\r\n\r\n", "GET /v1/workspace HTTP/1.1\r\nHost: "+host+"\r\nHost: b\r\n\r\n", "GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
		"POST /v1/keys HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "POST /v1/keys HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: nonsense\r\n\r\n", "POST /v1/keys HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"POST /v1/keys HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", "nonsense\r\n\r\n", "\x16\x03\x01\x02\x00\r\n\r\n", "GET /v1/workspace\r\n\r\n",
		"GET /v1/workspace HTTP/1.1\r\nHost: a\r\n"+strings.Repeat("X: "+strings.Repeat("h", 1000)+"\r\n", 90)+"\r\n", "GET "+"/"+strings.Repeat("p", 90_000)+" HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET http://elsewhere.example/v1/workspace HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "GET /v1/workspace HTTP/1.0\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	))
	r.by, r.refused, r.strange, r.stored = nil, true, true, ""
	r.spoil("no HTTP", false)
}
