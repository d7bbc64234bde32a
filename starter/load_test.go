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
		report.Created, report.Object = report.Accepted, client.Object(r.URL.Query().Get("object"))
		if report.Accepted == 0 {
			refuse(client.Problem{Code: noRecords, Title: "Nothing to take", Status: http.StatusUnprocessableEntity, Report: &report})(w, r)
			return
		}
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
	require.Contains(t, stdout, "Companies are kept, and not sent yet")
	require.NotContains(t, stdout, "import")
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

// file writes a file of records.
func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestFileOfBadRowsIsReportedByLine(t *testing.T) {
	t.Parallel()

	env := map[string]string{"LOCKSTEP_API": (&loads{}).server(t).URL, "LOCKSTEP_API_KEY": "lsk_test"}
	rows := "id,note\n" + strings.Repeat("1,bad\n", 10_001)
	code, stdout, stderr := cli(t, env, "records", "load", file(t, rows))
	require.Equal(t, exitFailed, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "starter: Nothing to take\n  line 2: It is bad.\n  line 3: It is bad.\n")
	require.Contains(t, stderr, "  and 9,981 more; --json lists them all.\n  Correct these rows")

	_, stdout, _ = cli(t, env, "records", "load", file(t, rows), "--json")
	require.Equal(t, 10_002, decoded[failed](t, stdout).Error.Report.Faults[10_000].Line)
}

func TestPartOfBadRowsDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()

	env := map[string]string{"LOCKSTEP_API": (&loads{}).server(t).URL, "LOCKSTEP_API_KEY": "lsk_test"}
	code, stdout, stderr := cli(t, env, "records", "load", file(t, "id,note\n"+strings.Repeat("1,good\n", 10_000)+strings.Repeat("1,bad\n", 3)))
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "10,003 rows in ")
	require.Contains(t, stdout, "3 rows not taken, 0 replaced by a later one:\n  line 10002: It is bad.\n")
}

func TestFileWithoutRowsIsSaidToHaveNone(t *testing.T) {
	t.Parallel()

	env := map[string]string{"LOCKSTEP_API": (&loads{}).server(t).URL, "LOCKSTEP_API_KEY": "lsk_test"}
	for _, text := range []string{"", "id,note\n", "[]", "[ ]\n"} {
		code, _, stderr := cli(t, env, "records", "load", file(t, text))
		require.Equal(t, exitFailed, code, text)
		require.Contains(t, stderr, "starter: there are no rows", text)
	}
}

func TestLoadSaysWhenTheRecordsAreSent(t *testing.T) {
	t.Parallel()

	ready, off, idle := connectionTo("hubspot", true), live("salesforce"), client.LoadReport{Rows: 1, Accepted: 1, Unchanged: 1}
	off.Syncs.Contacts = false
	changed := client.LoadReport{Rows: 1, Accepted: 1, Created: 1}
	for want, test := range map[string]struct {
		there  []client.Connection
		report client.LoadReport
	}{
		"Next: `starter connect VENDOR`":                                                                  {report: changed},
		"Next: `starter import` sends every record":                                                       {there: []client.Connection{ready}, report: changed},
		"Next: nothing. What changed goes by itself within 5m; `starter sync` sends it now.":              {there: []client.Connection{live("salesforce")}, report: changed},
		"Next: nothing, as nothing has changed.":                                                          {there: []client.Connection{live("salesforce")}, report: idle},
		"contacts are switched off, and what changes is kept. `starter settings --on contacts` has":       {there: []client.Connection{off}, report: changed},
		"Next, for Salesforce: nothing. What changed goes by itself within 5m; `starter sync salesforce`": {there: []client.Connection{ready, live("salesforce")}, report: changed},
	} {
		env := stub(t, test.there, map[string]http.HandlerFunc{"POST /v1/records": always(test.report)})
		code, stdout, stderr := answered(t, env, "external_id\n1\n", "records", "load", "-")
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, want)
		require.NotContains(t, stdout, "resync")
	}
}
