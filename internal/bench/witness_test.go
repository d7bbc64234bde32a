package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// sayer is a witness that says what it is given.
func sayer(t *testing.T, vendor crm.Vendor, lines ...string) witness {
	t.Helper()

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Join(lines, "\n"))
	}))
	t.Cleanup(server.Close)
	return witness{admin: server.URL, vendor: vendor}
}

// landing returns a record of the contact with a number as the sandbox tells it,
// changed.
func landing(t *testing.T, vendor crm.Vendor, n int, change func(*record)) string {
	t.Helper()

	r := record{Object: map[crm.Vendor]string{crm.Salesforce: "Contact", crm.HubSpot: "contacts"}[vendor], ExternalID: fmt.Sprintf("key.%d", n)}
	r.Fields = map[string]any{"other": 1}
	for i, column := range columns()[1:] {
		r.Fields[fields(vendor)[column]] = contact(n)[i+1]
	}
	change(&r)
	line, err := json.Marshal(r)
	require.NoError(t, err)
	return string(line)
}

func TestOnlyEveryContactOnceHasLanded(t *testing.T) {
	t.Parallel()

	for _, vendor := range []crm.Vendor{crm.Salesforce, crm.HubSpot} {
		as := func(n int, change func(*record)) string { return landing(t, vendor, n, change) }
		whole := func(*record) {}
		phone := fields(vendor)["Phone"]
		for name, c := range map[string]struct {
			lines []string
			want  string // nothing when all is well
		}{
			"all":            {lines: []string{as(1, whole), as(0, whole)}},
			"deleted before": {lines: []string{as(0, whole), as(1, whole), as(1, func(r *record) { r.Deleted = true })}},
			"one missing":    {[]string{as(0, whole)}, "1 of 2 contacts landed, 0 with"},
			"one twice":      {[]string{as(0, whole), as(1, whole), as(1, whole)}, "2 of 2 contacts landed, 0 with other values, 1 a second time"},
			"another value":  {[]string{as(0, whole), as(1, func(r *record) { r.Fields[phone] = "1" })}, "1 of 2 contacts landed, 1 with other values"},
			"a value less":   {[]string{as(0, whole), as(1, func(r *record) { delete(r.Fields, phone) })}, "1 with other values"},
			"no external id": {[]string{as(0, whole), as(1, func(r *record) { r.ExternalID = "" })}, "1 with other values"},
			"a stranger":     {[]string{as(0, whole), as(1, whole), as(2, whole)}, "and 1 other records"},
			"another object": {[]string{as(0, whole), as(1, func(r *record) { r.Object = "Lead" })}, "and 1 other records"},
			"no address":     {[]string{as(0, whole), as(1, whole), as(1, func(r *record) { r.Fields = nil })}, "and 1 other records"},
			"half an answer": {[]string{as(0, whole), `{"object"`}, "reading the sandbox's answer"},
		} {
			t.Run(string(vendor)+" "+name, func(t *testing.T) {
				t.Parallel()

				err := sayer(t, vendor, c.lines...).landed(t.Context(), 2)
				if c.want == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, c.want)
				}
			})
		}
	}
}

func TestCallsAboutRecordsAreCountedAndRefusedOnes(t *testing.T) {
	t.Parallel()

	got, err := sayer(t, crm.HubSpot,
		`{"kind":"auth"}`, `{"kind":"schema"}`, `{"kind":"meta"}`, `{"kind":"read"}`, `{"kind":"write"}`, `{"kind":"meta","throttled":true}`,
	).traffic(t.Context())
	require.NoError(t, err)
	require.Equal(t, traffic{calls: 3, throttled: 1}, got)
}

func TestContactsAreDistinctAndKnownByTheirAddress(t *testing.T) {
	t.Parallel()

	seen := make(map[string]bool)
	for n := range 20_000 {
		row := contact(n)
		require.Len(t, row, len(columns()))
		again, ok := numberOf(row[3])
		require.True(t, ok)
		require.Equal(t, n, again)
		require.False(t, seen[row[0]] || seen[row[4]], "the id and the phone number are nobody else's")
		seen[row[0]], seen[row[4]] = true, true
	}
	_, ok := numberOf("somebody@example.com")
	require.False(t, ok)
}
