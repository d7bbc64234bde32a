package conformance

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// disuse is why recordings stand in no row: those whose name, or whose path,
// begins so.
type disuse struct {
	name, path string
	why        string
}

// covers tells whether d speaks of r.
func (d disuse) covers(r recording) bool {
	return d.name != "" && strings.HasPrefix(r.name, d.name) || d.path != "" && strings.HasPrefix(r.method+" "+r.path, d.path)
}

// meanings serves every recorded answer to the adapter in the place of the
// sandbox's, and holds what the adapter makes of it against the rows. A recording
// that neither rows nor unused speak of fails.
func meanings(t *testing.T, b *bench, vendor crm.Vendor, rows []expectation, unused []disuse) {
	t.Helper()

	recordings := b.specs.recordings(t, vendor)
	part := label(vendor) + " answers"
	inUse := make(map[string]bool)
	for i, row := range rows {
		if row.recording != "" {
			require.Contains(t, recordings, row.recording)
			inUse[row.recording] = true
		}
		t.Run(fmt.Sprintf("%s %d", row.name(), i), func(t *testing.T) {
			t.Parallel()

			hold(t, b, part, vendor, row, recordings[row.recording])
		})
	}
	calls := drive(t, b, vendor)
	for _, name := range slices.Sorted(maps.Keys(recordings)) {
		r := recordings[name]
		i := slices.IndexFunc(unused, func(d disuse) bool { return d.covers(r) })
		switch {
		case inUse[name]:
		case i < 0:
			t.Errorf("%s stands in no row, and nothing says why", name)
		case slices.ContainsFunc(calls, r.answers):
			t.Errorf("%s stands in no row, though its call is made: %s %s", name, r.method, r.path)
		default:
			b.report.leaveOut(part, unused[i].why, name)
		}
	}
}

// answers tells whether r is an answer to a call like c: the same but for the
// version, the type and the ids.
func (r recording) answers(c call) bool {
	return r.path != "" && r.method == c.method && likeness(r.path) == likeness(c.path())
}

// likeness returns a path without what differs from call to call.
func likeness(path string) string {
	path = regexp.MustCompile(`/data/v[^/]+/`).ReplaceAllString(strings.TrimSuffix(path, "/"), "/data/{v}/")
	path = regexp.MustCompile(`/(objects|sobjects|properties)/[^/]+`).ReplaceAllString(path, "/$1/{type}")
	return regexp.MustCompile(`\{type\}/[0-9a-zA-Z_]{15,}$`).ReplaceAllString(path, "{type}/{id}")
}

// hold serves one recorded answer.
func hold(t *testing.T, b *bench, part string, vendor crm.Vendor, row expectation, recorded recording) {
	t.Helper()

	if row.document != "" {
		recorded = recording{name: row.document, body: []byte(row.body), headers: row.headers}
	}
	if row.status != 0 {
		recorded.status = row.status
	}
	require.NotZero(t, recorded.status, "neither the recording nor the row has a status")
	var served atomic.Pointer[[]byte]
	s := open(t, vendor, func(w http.ResponseWriter, r *http.Request, sim http.Handler) bool {
		if !made(row.call, r.Method, documented(r.URL.Path)) || !strings.Contains(r.URL.Query().Get("q"), row.about) {
			return false
		}
		if row.applied {
			sim.ServeHTTP(httptest.NewRecorder(), r)
		}
		body := answerTo(r, row, recorded)
		served.Store(&body)
		if recorded.headers.Get("Retry-After") != "" {
			w.Header().Set("Retry-After", recorded.headers.Get("Retry-After"))
		}
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(recorded.status)
		_, _ = w.Write(body)
		return true
	})
	got, err := row.ask(t.Context(), s, recorded)
	if row.idle != "" {
		require.Nil(t, served.Load(), "%s is called after all", row.call)
		b.report.leaveOut(part, row.idle, row.name())
		return
	}
	require.NotNil(t, served.Load(), "%s is never called; asked were %v, and the answer was %v", row.call, asked(s), err)
	row.want(t, scene{stage: s, recorded: recorded, served: *served.Load(), got: got, err: err})
	switch {
	case row.document != "":
		b.report.count(part, "quoted answers understood as the documents say", 1)
	case row.changed != "":
		b.report.count(part, "recorded answers understood as the documents say, changed to fit the call", 1)
	default:
		b.report.count(part, "recorded answers understood as the documents say", 1)
	}
}

// answerTo returns the body that answers r.
func answerTo(r *http.Request, row expectation, recorded recording) []byte {
	if row.change == nil {
		return recorded.body
	}
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return recorded.body
	}
	return row.change(exchange{recorded: recorded, method: r.Method, path: r.URL.Path, sent: sent})
}

// asked returns what the adapter called.
func asked(s *stage) []string {
	var all []string
	for _, c := range s.sent.all() {
		all = append(all, c.method+" "+c.path())
	}
	return all
}

// label returns a vendor's name as people read it.
func label(vendor crm.Vendor) string {
	if vendor == crm.HubSpot {
		return "HubSpot"
	}
	return "Salesforce"
}
