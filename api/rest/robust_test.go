package rest

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/lockstep"
)

// TestNoRequestBreaksTheServer sends what nobody would send. Whatever it is, the
// answer is one that the document knows, and nobody's fault but the caller's.
func TestNoRequestBreaksTheServer(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	close(done) // nothing is followed for long
	b := setup(t, func(s *Server) { s.Done = done })
	load(t, b, "external_id\n1\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	doc, err := loadDocument()
	require.NoError(t, err)
	routes := slices.Sorted(maps.Keys(doc.operations))

	odd := rapid.SampledFrom([]string{
		"", "0", "-1", "1", "500", "99999999999999999999", "\x00", "\xff", "é", "'; --", "null", "contact", "company", "Contact", "failed", "%s",
		c.ID.String(), run.ID.String(), "00000000-0000-0000-0000-000000000000", strings.Repeat("x", 3000),
	})
	body := rapid.SampledFrom([]string{
		"", "{", "null", "[]", "{}", `{"vendor": "salesforce"}`, `{"vendor": "\u0000"}`, `{"vendor": "salesforce", "targets": {"\u0000": "x"}}`,
		`{"choice": "import"}`, `{"confirm": true}`, `{"version": 1}`, `{"version": -1}`, `{"rules": [{"target": "Email", "fixed": "\u0000"}]}`, `{"rules": []}`, `{"name": "\u0000", "role": "admin"}`, `{"url": "https://\u0000"}`, `{"problem": "locked"}`, `{"owner_id": null}`,
		`{"owner_id": "\u0000"}`, `{"problem": "\u0000"}`, `{"sync_every_seconds": 60}`, `{"choice": null}`, `[{"id": 1}]`, `[{"id": "\ud800"}]`, "id,a\n1,\x00\n2,b\n", "id\n1\n", "\xff\xfe", "[[[[",
	})
	kind := rapid.SampledFrom([]string{"", "application/json", "text/csv", "application/x-ndjson", "application/json; charset=x", "a/b", ";"})
	rapid.Check(t, func(rt *rapid.T) {
		route := rapid.SampledFrom(routes).Draw(rt, "route")
		method, path := target(route, c.ID.String(), run.ID.String())
		u := &url.URL{Path: path}
		if before, query, ok := strings.Cut(path, "?"); ok {
			u.Path, u.RawQuery = before, query
		}
		query := u.Query()
		for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"limit", "before", "after", "outcome", "problem", "run", "object", "type", "id_column", "state", "code", "target"}), 0, 3).Draw(rt, "names") {
			query.Add(name, odd.Draw(rt, name))
		}
		u.RawQuery = query.Encode()
		req := httptest.NewRequestWithContext(t.Context(), method, u.String(), strings.NewReader(body.Draw(rt, "body")))
		req.Header.Set("Authorization", "Bearer "+b.tenant.key)
		req.Header.Set("Content-Type", kind.Draw(rt, "kind"))
		if key := odd.Draw(rt, "key"); key != "" {
			req.Header.Set("Idempotency-Key", key)
		}
		if match := odd.Draw(rt, "match"); match != "" {
			req.Header.Set("If-Match", match)
		}
		b.signIns.err = &Error{Code: "oauth_state_unknown", Kind: "invalid", Title: "t", Detail: "d", Fix: "f"}

		a := b.send(t, req)
		require.Less(rt, a.Code, http.StatusInternalServerError, a.Body.String())
	})
}
