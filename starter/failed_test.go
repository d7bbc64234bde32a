package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// ward is an API whose connection has records that have not arrived. It lists
// them in the order they were loaded, as many as it is asked for.
type ward struct {
	cards   []client.ProblemCard
	pending int64
	asked   []string // queries for lists
}

func (w *ward) serve(t *testing.T) map[string]string {
	t.Helper()
	var all []client.Failed
	for _, card := range w.cards {
		for n := range card.Records {
			var id uuid.UUID
			id[0], id[15], id[14] = 1, byte(len(all)), byte(len(all)>>8)
			all = append(all, client.Failed{RecordID: id, ExternalID: fmt.Sprintf("%s-%d", card.Problem.Code, n), Object: "contact", Outcome: card.Outcome, Problem: &card.Problem})
		}
	}
	return stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/health": always(healthOf(w.pending, w.cards...)),
		"GET /v1/problems":                always(client.ProblemList{Items: []client.Explanation{{Code: "missing_email"}, {Code: "value_invalid"}, {Code: "record_locked"}, {Code: "refused"}}}),
		"GET /v1/connections/{id}/failed": func(rw http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			w.asked = append(w.asked, r.URL.RawQuery)
			limit, _ := strconv.Atoi(query.Get("limit"))
			var page client.FailedPage
			for _, record := range all {
				switch {
				case query.Has("outcome") && query.Get("outcome") != string(record.Outcome), query.Has("problem") && query.Get("problem") != record.Problem.Code,
					record.RecordID.String() <= query.Get("after"):
				case len(page.Items) == limit:
					page.Next = new(page.Items[limit-1].RecordID.String())
				default:
					page.Items = append(page.Items, record)
				}
			}
			reply200(rw, page)
		},
	})
}

func TestFailedRecordsComeBeforeWhatWasSkippedWithTrueCounts(t *testing.T) {
	t.Parallel()

	w := &ward{cards: []client.ProblemCard{ // as the API has them: what was skipped first
		cardOf(client.FailedOutcomeSkipped, "missing_email", 1150), cardOf(client.FailedOutcomeWaiting, "record_locked", 1), cardOf(client.FailedOutcomeFailed, "value_invalid", 3),
	}}
	env := w.serve(t)
	code, stdout, stderr := cli(t, env, "failed")
	require.Equal(t, exitOK, code, stderr)
	failed, waits, skipped := strings.Index(stdout, "3 records failed: Title of value_invalid (value_invalid)\n  What value_invalid means.\n  What mends value_invalid.\n    contact value_invalid-0\n"),
		strings.Index(stdout, "1 record is waiting: "), strings.Index(stdout, "1,150 records skipped: ")
	require.NotEqual(t, -1, failed, stdout)
	require.Greater(t, waits, failed)
	require.Greater(t, skipped, waits)
	require.Equal(t, 5, strings.Count(stdout, "contact missing_email-"), "a few of each")
	require.Contains(t, stdout, "and 1,145 more: `starter failed --problem missing_email`")
	require.Contains(t, stdout, "`starter retry`")

	_, stdout, _ = cli(t, env, "failed", "--problem", "missing_email")
	require.Equal(t, 1150, strings.Count(stdout, "contact missing_email-"), "all of one problem")
	require.NotContains(t, stdout, "value_invalid")

	_, stdout, _ = cli(t, env, "failed", "--limit", "2", "--outcome", "failed")
	require.Contains(t, stdout, "contact value_invalid-1\n    and 1 more: ")
	require.NotContains(t, stdout, "skipped")
}

func TestFailedRecordsInJSONAreAllOfThemTheWorstFirst(t *testing.T) {
	t.Parallel()

	env := (&ward{cards: []client.ProblemCard{cardOf(client.FailedOutcomeSkipped, "missing_email", 1150), cardOf(client.FailedOutcomeFailed, "value_invalid", 3)}}).serve(t)
	code, stdout, stderr := cli(t, env, "failed", "--json")
	require.Equal(t, exitOK, code, stderr)
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 1153)
	require.Equal(t, client.FailedOutcomeFailed, decoded[client.Failed](t, lines[2]).Outcome)
	require.Equal(t, "missing_email-1149", decoded[client.Failed](t, lines[1152]).ExternalID)

	_, stdout, _ = cli(t, env, "failed", "--json", "--limit", "4")
	require.Len(t, strings.Split(strings.TrimSpace(stdout), "\n"), 4)
}

// TestRecordsThatAreTriedAgainByThemselvesAreNamed has a card of records that
// the list does not have.
func TestRecordsThatAreTriedAgainByThemselvesAreNamed(t *testing.T) {
	t.Parallel()

	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/health": always(healthOf(4, cardOf(client.FailedOutcomeWaiting, "record_locked", 4, "a", "b", "c"))),
		"GET /v1/connections/{id}/failed": always(client.FailedPage{}),
	})
	_, stdout, _ := cli(t, env, "failed")
	require.Contains(t, stdout, "4 records are waiting: ")
	require.Contains(t, stdout, "    a\n    b\n    c\n    and 1 more")
}

func TestThatNothingFailedIsSaidOnlyWhereItIsTrue(t *testing.T) {
	t.Parallel()

	skipped := cardOf(client.FailedOutcomeSkipped, "missing_email", 2)
	for line, test := range map[string]struct {
		there   ward
		says    string
		besides bool
	}{
		"failed":                              {says: "Everything that was sent has arrived."},
		"failed ":                             {there: ward{pending: 15_000}, says: "15,000 changed records are on the way with the next sync, within 5m, or at once with `starter sync`."},
		"failed --problem refused":            {there: ward{cards: []client.ProblemCard{skipped}}, says: "Nothing has that problem.", besides: true},
		"failed --outcome failed":             {there: ward{cards: []client.ProblemCard{skipped}}, says: "Nothing has failed.", besides: true},
		"failed --outcome waiting --limit 10": {there: ward{cards: []client.ProblemCard{skipped}, pending: 1}, says: "1 changed record is on the way", besides: true},
	} {
		code, stdout, stderr := cli(t, test.there.serve(t), strings.Fields(line)...)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, test.says, line)
		require.Equal(t, line == "failed", strings.Contains(stdout, "has arrived"), line)
		require.Equal(t, test.besides, strings.Contains(stdout, "besides, 2 records skipped: Title of missing_email"), line)
	}
}

func TestProblemThatNoRecordCanHaveIsRefused(t *testing.T) {
	t.Parallel()

	w := &ward{}
	code, stdout, stderr := cli(t, w.serve(t), "failed", "--problem", "nope")
	require.Equal(t, exitFailed, code)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "Problem not known\n  \"nope\" is no problem")
	require.Empty(t, w.asked)
}
