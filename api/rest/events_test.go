package rest

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
)

// FEATURES: Q06
func TestSyncLogHasEveryRowOfARunPageByPage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const rows = 130
	csv := "external_id\n"
	for i := range rows {
		csv += fmt.Sprintf("r%03d\n", i)
	}
	load(t, b, csv)
	c := b.connection(t, lockstep.StatusLive)
	outcomes := []lockstep.Settlement{
		{Outcome: lockstep.OutcomeCreated, CRMType: "Lead"},
		{Outcome: lockstep.OutcomeSkipped, Problem: lockstep.CodeMissingEmail},
		{Outcome: lockstep.OutcomeFailed, Problem: "validation_rule", Detail: "Too short."},
	}
	b.settle(t, c, func(i int, row lockstep.Claimed) lockstep.Settlement {
		out := outcomes[i%len(outcomes)]
		out.RecordID, out.Revision = row.RecordID, row.Revision
		if out.Outcome == lockstep.OutcomeCreated {
			out.CRMID = "00Q" + row.ExternalID
		}
		return out
	})
	runs := read[RunList](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/runs", ""), http.StatusOK).Items

	seen, pages := make(map[string]Event), 0
	query := url.Values{"run": {runs[0].ID.String()}, "limit": {"50"}}
	for more := true; more; pages++ {
		page := read[EventPage](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/events?"+query.Encode(), ""), http.StatusOK)
		require.LessOrEqual(t, len(page.Items), 50)
		for _, e := range page.Items {
			if e.ExternalID != "" { // else it is about the run
				require.NotContains(t, seen, e.ExternalID)
				seen[e.ExternalID] = e
			}
		}
		if more = page.Next != nil; more {
			query.Set("before", *page.Next)
		}
	}
	require.Len(t, seen, rows)
	require.GreaterOrEqual(t, pages, 3)
	counts := make(map[string]int)
	for _, e := range seen {
		counts[e.Outcome]++
		switch e.Outcome {
		case "created":
			require.Equal(t, "00Q"+e.ExternalID, e.CRMID)
			require.Nil(t, e.Problem)
		case "skipped":
			require.Equal(t, explanation(lockstep.Explain(lockstep.CodeMissingEmail)), *e.Problem)
		case "failed":
			require.Equal(t, explanation(lockstep.Explain("validation_rule")), *e.Problem)
			require.Equal(t, "Too short.", e.Detail)
		}
	}
	require.Equal(t, map[string]int{"created": 44, "skipped": 43, "failed": 43}, counts)
}

// FEATURES: Q03, Q04
func TestSyncLogIsNarrowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n")
	c := b.connection(t, lockstep.StatusLive)
	b.fail(t, c)
	path := "/v1/connections/" + c.ID.String() + "/events"
	events := func(query url.Values) []Event {
		return read[EventPage](b.ask(t, http.MethodGet, path+"?"+query.Encode(), ""), http.StatusOK).Items
	}
	failed := events(url.Values{"outcome": {"failed"}})
	require.Len(t, failed, 2)
	of := failed[0]

	mine := events(url.Values{"record": {of.RecordID.String()}})
	require.Equal(t, []Event{of}, mine)
	require.Empty(t, events(url.Values{"record": {uuid.NewString()}}))
	require.NotEmpty(t, events(url.Values{"since": {of.At.Format(time.RFC3339Nano)}}))
	require.Empty(t, events(url.Values{"since": {of.At.Add(time.Hour).Format(time.RFC3339)}}))
	require.Empty(t, events(url.Values{"until": {of.At.Add(-time.Hour).Format(time.RFC3339)}}))
	for _, bad := range []string{"record=1", "since=yesterday", "until=2026-13-01T00:00:00Z", "since=", "before=x"} {
		b.ask(t, http.MethodGet, path+"?"+bad, "").problem(http.StatusBadRequest, "request_invalid")
	}
}
