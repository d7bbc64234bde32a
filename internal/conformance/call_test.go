package conformance

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
)

// call is one request that was sent, and how it was answered.
type call struct {
	method string
	url    *url.URL
	header http.Header
	body   []byte

	status int
	answer []byte
}

// path returns the path as the documents spell it.
func (c call) path() string { return documented(c.url.Path) }

// spellings says how the documents spell the paths that we spell by date
// (crm/hubspot.md §0).
func spellings() [][2]string {
	return [][2]string{
		{"/crm/objects/2026-03", "/crm/v3/objects"},
		{"/crm/properties/2026-03", "/crm/v3/properties"},
		{"/crm/pipelines/2026-03", "/crm/v3/pipelines"},
		{"/crm/owners/2026-03", "/crm/v3/owners"},
		{"/crm/associations/2026-03", "/crm/v4/associations"},
		{"/crm-object-schemas/2026-03", "/crm-object-schemas/v3"},
		{"/account-info/2026-03", "/account-info/v3"},
		{"/oauth/2026-03/token/revoke", "/oauth/v3/token/revoke"}, // v1 revokes in another way
		{"/oauth/2026-03/token", "/oauth/v1/token"},
	}
}

// documented returns a path as the documents spell it.
func documented(path string) string {
	for _, s := range spellings() {
		if rest, ok := strings.CutPrefix(path, s[0]); ok && (rest == "" || rest[0] == '/') {
			return s[1] + rest
		}
	}
	return path
}

// made tells whether a call is an operation, such as "GET /crm/v3/objects/{objectType}".
func made(operation, method, path string) bool {
	verb, template, _ := strings.Cut(operation, " ")
	return verb == method && fits(template, strings.TrimSuffix(path, "/"))
}

// fits tells whether path is one of a template's.
func fits(template, path string) bool {
	parts := regexp.MustCompile(`\\\{[^}]*\\\}`).ReplaceAllString(regexp.QuoteMeta(template), `[^/]+`)
	return regexp.MustCompile("^" + parts + "$").MatchString(path)
}

// recorder is a transport that keeps every call. It is safe for concurrent use.
type recorder struct {
	next http.RoundTripper

	mu    sync.Mutex
	calls []call
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	c := call{method: req.Method, url: req.URL, header: req.Header.Clone()}
	if req.Body != nil {
		sent, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		_ = req.Body.Close()
		c.body = sent
		req = req.Clone(req.Context())
		req.Body = io.NopCloser(bytes.NewReader(sent))
	}
	res, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(answer))
	c.status, c.answer = res.StatusCode, answer
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	return res, nil
}

// all returns the calls so far.
func (r *recorder) all() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.calls...)
}
