package rest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// load loads contacts from a CSV, which must succeed.
func load(t *testing.T, b *bundle, csv string) LoadReport {
	t.Helper()
	return read[LoadReport](b.ask(t, http.MethodPost, "/v1/records", csv, "Content-Type", "text/csv; charset=utf-8"), http.StatusOK)
}

func TestLoadingTellsWhatBecameOfEveryRow(t *testing.T) {
	t.Parallel()
	b := setup(t)

	first := load(t, b, "Account Id,First Name,Email\n1,Ada,a@x.io\n2,Grace,b@x.io\n")
	require.Equal(t, LoadReport{
		Object: ObjectContact, Format: LoadReportFormatCSV, Encoding: "utf-8", Delimiter: ",", IDColumn: "Account Id",
		Columns: []Column{{Name: "Account Id"}, {Name: "First Name", Field: "first_name"}, {Name: "Email", Field: "email"}},
		Rows:    2, Accepted: 2, Created: 2, Faults: []Fault{},
	}, first)

	second := load(t, b, "Account Id,First Name,Email\n1,Ada,a@x.io\n2,Grace,c@x.io\n3,Joan,d@x.io\n,Nobody,\n3,Joan,e@x.io\n")
	require.Equal(t, []int{5, 3, 1, 1, 1, 1, 1}, []int{second.Rows, second.Accepted, second.Created, second.Updated, second.Unchanged, second.Replaced, second.Rejected})
	require.Equal(t, []int{4, 5}, []int{second.Faults[0].Line, second.Faults[1].Line})
}

func TestLoadingTakesEachFormat(t *testing.T) {
	t.Parallel()
	for kind, body := range map[string]string{
		"text/csv":                        "external_id,Name\n1,Acme\n",
		"application/x-ndjson":            `{"external_id": 1, "Name": "Acme"}` + "\n",
		"application/json":                `[{"external_id": "1", "Name": "Acme"}]`,
		"application/json; charset=utf-8": `[{"external_id": "1", "Name": "Acme"}, 7]`,
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			b := setup(t)

			report := read[LoadReport](b.ask(t, http.MethodPost, "/v1/records?object=company", body, "Content-Type", kind), http.StatusOK)
			require.Equal(t, 1, report.Created)
			page := read[RecordPage](b.ask(t, http.MethodGet, "/v1/records?object=company", ""), http.StatusOK)
			require.Len(t, page.Items, 1)
			require.Equal(t, Fields{"name": "Acme"}, page.Items[0].Fields)
			require.Equal(t, ObjectCompany, page.Items[0].Object)
			require.Empty(t, read[RecordPage](b.ask(t, http.MethodGet, "/v1/records", ""), http.StatusOK).Items)
		})
	}
}

func TestNullClearsAndAbsenceDoesNot(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id,First Name,City\n1,Ada,London\n")

	read[LoadReport](b.ask(t, http.MethodPost, "/v1/records", `[{"external_id": "1", "city": null}]`), http.StatusOK)
	page := read[RecordPage](b.ask(t, http.MethodGet, "/v1/records", ""), http.StatusOK)
	require.Equal(t, Fields{"first_name": "Ada", "city": nil}, page.Items[0].Fields)
	require.EqualValues(t, 2, page.Items[0].Revision)
}

func TestLoadThatCannotBeUsedIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ask := func(body, kind string) answer {
		return b.ask(t, http.MethodPost, "/v1/records", body, "Content-Type", kind)
	}

	p := ask("First Name,Email\nAda,a@x.io\n", "text/csv").problem(http.StatusUnprocessableEntity, "no_external_id")
	require.Contains(t, p.Detail, `"First Name", "Email"`)
	ask("", "text/csv").problem(http.StatusUnprocessableEntity, "empty")
	ask(`{"a": 1}`, "application/json").problem(http.StatusUnprocessableEntity, "json_not_array")
	ask("external_id\n"+strings.Repeat("x\n", 10_001), "text/csv").problem(http.StatusUnprocessableEntity, "too_many_rows")
	ask("PK\x03\x04", "text/csv").problem(http.StatusUnprocessableEntity, "not_text")
	p = ask("external_id,x\n1\n", "text/csv").problem(http.StatusUnprocessableEntity, "no_records")
	require.Equal(t, "column_count", p.Report.Faults[0].Code)
	b.ask(t, http.MethodPost, "/v1/records?id_column=Customer", "a,b\n1,2\n", "Content-Type", "text/csv").
		problem(http.StatusUnprocessableEntity, "id_column_missing")

	p = ask("a", "application/xml").problem(http.StatusUnsupportedMediaType, "media_type_unsupported")
	require.Equal(t, "Send one of: application/json, text/csv, application/x-ndjson.", p.Fix)
	ask("a", "").problem(http.StatusUnsupportedMediaType, "media_type_unsupported")
	b.ask(t, http.MethodPost, "/v1/records?object=unicorn", "a", "Content-Type", "text/csv").problem(http.StatusBadRequest, "request_invalid")
	require.Empty(t, read[RecordPage](b.ask(t, http.MethodGet, "/v1/records", ""), http.StatusOK).Items)
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	b := setup(t)
	large := strings.Repeat("x", 2<<20)

	b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "`+large+`"}`).problem(http.StatusRequestEntityTooLarge, "body_too_large")
	load(t, b, "external_id,x\n1,y\n2,"+large+"\n") // a load may be larger
	b.ask(t, http.MethodPost, "/v1/records", "external_id,x\n"+strings.Repeat("1,"+large+"\n", 33), "Content-Type", "text/csv").
		problem(http.StatusRequestEntityTooLarge, "body_too_large")

	for target, kind := range map[string]string{"/v1/connections": "application/json", "/v1/records": "text/csv"} {
		req := newEndless(t, target, kind, b.tenant.key)
		b.send(t, req).problem(http.StatusRequestEntityTooLarge, "body_too_large")
	}
}

func TestRecordsArePaged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n3\n4\n5\n")

	var ids []string
	next := ""
	for range 3 {
		page := read[RecordPage](b.ask(t, http.MethodGet, "/v1/records?limit=2"+next, ""), http.StatusOK)
		for _, r := range page.Items {
			ids = append(ids, r.ExternalID)
		}
		if page.Next == nil {
			next = ""
			continue
		}
		next = "&after=" + *page.Next
	}
	require.Equal(t, []string{"1", "2", "3", "4", "5"}, ids)
	require.Empty(t, next)
	b.ask(t, http.MethodGet, "/v1/records?limit=0", "").problem(http.StatusBadRequest, "request_invalid")
	b.ask(t, http.MethodGet, "/v1/records?after=x", "").problem(http.StatusBadRequest, "request_invalid")
}

func TestWorkspaceCountsItsRecords(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n")

	w := read[Workspace](b.ask(t, http.MethodGet, "/v1/workspace", ""), http.StatusOK)
	require.Equal(t, b.tenant.ID, w.ID)
	require.Equal(t, b.tenant.Key, w.Key)
	require.Equal(t, RoleAdmin, w.Role)
	require.Equal(t, RecordCounts{Contact: 2}, w.Records)
}
