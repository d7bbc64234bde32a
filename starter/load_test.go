package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// loads is an API that takes records: it counts lines, and reports each row that
// ends in "bad" by its line.
type loads struct {
	requests []string // type, query and first line of each
	refuse   int      // the request that is refused, from 1
}

func (l *loads) server(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/records", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		lines := strings.Split(strings.TrimSuffix(string(body), "\n"), "\n")
		l.requests = append(l.requests, r.Header.Get("Content-Type")+" "+r.URL.RawQuery+" "+lines[0])
		if len(l.requests) == l.refuse {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = w.Write([]byte(`{"type":"x","title":"The database is away","status":503,"detail":"It does not answer.","fix":"Try again in a moment.","code":"unavailable","instance":"1"}`))
			return
		}
		report := client.LoadReport{Format: "csv", Encoding: "utf-8", IDColumn: "id", Columns: []client.Column{{Name: "id"}}, Rows: len(lines) - 1}
		for i, line := range lines {
			if strings.HasSuffix(line, "bad") {
				report.Rejected++
				report.Faults = append(report.Faults, client.Fault{Line: i + 1, Row: i, Code: "x", Reason: "It is bad."})
			}
		}
		report.Accepted = report.Rows - report.Rejected
		report.Created = report.Accepted
		reply200(w, report)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// csvFile writes a file of so many rows, of which every third is bad.
func csvFile(t *testing.T, rows int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,note\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%s\n", i+1, map[bool]string{true: "bad", false: "good"}[i%9999 == 9998])
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(path, []byte(b.String()), 0o600))
	return path
}

func TestLargeFileIsLoadedInPartsAndReportedAsOne(t *testing.T) {
	t.Parallel()

	api := &loads{}
	env := map[string]string{"LOCKSTEP_API": api.server(t).URL, "LOCKSTEP_API_KEY": "lsk_test"}
	code, stdout, stderr := cli(t, env, "records", "load", csvFile(t, 25_000), "--object", "company", "--id-column", "id")
	require.Equal(t, exitOK, code, stderr)
	const request = "text/csv object=company&id_column=id id,note"
	require.Equal(t, []string{request, request, request}, api.requests)
	require.Contains(t, stdout, "25,000 rows in ")
	require.Contains(t, stdout, "24,998 added, 0 changed, 0 as they were.")
	require.Contains(t, stdout, "2 rows not taken, 0 replaced by a later one:\n  line 10000: It is bad.\n  line 19999: It is bad.\n")
	require.Contains(t, stdout, "Next: ")
}

func TestReportOfALoadIsOneDocument(t *testing.T) {
	t.Parallel()

	api := &loads{}
	env := map[string]string{"LOCKSTEP_API": api.server(t).URL, "LOCKSTEP_API_KEY": "lsk_test"}
	code, stdout, _ := cli(t, env, "records", "load", csvFile(t, 20_000), "--json")
	require.Equal(t, exitOK, code)
	require.Equal(t, 1, strings.Count(stdout, "\n"))
	require.Contains(t, stdout, `"rows":20000,`)
	require.Contains(t, stdout, `{"code":"x","external_id":"","line":19999,"reason":"It is bad.","row":19998}`)
}

func TestRefusedPartSaysWhatIsLoaded(t *testing.T) {
	t.Parallel()

	api := &loads{refuse: 2}
	env := map[string]string{"LOCKSTEP_API": api.server(t).URL, "LOCKSTEP_API_KEY": "lsk_test"}
	code, stdout, stderr := cli(t, env, "records", "load", csvFile(t, 20_000))
	require.Equal(t, exitFailed, code)
	require.Contains(t, stdout, "10,000 rows in ")
	require.Equal(t, "starter: loading from line 10,002 on (the lines before are loaded, and loading them again changes nothing): The database is away\n"+
		"  It does not answer.\n  Try again in a moment.\n", stderr)
}
