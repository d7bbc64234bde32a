package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// twoProblems returns a world in which records failed for two reasons: n for a
// value that is no e-mail address, and one that the CRM refused until healed.
func twoProblems(t *testing.T, v vendor, n int) (w *world, invalid, refused lockstep.Code) {
	t.Helper()
	w = begin(t, options{vendor: v, contacts: 50})
	for i := range n {
		w.load(t, contact(fmt.Sprintf("bad-%d", i), fmt.Sprintf("nobody-%d", i), "Nobody"))
	}
	w.fault(t, "poison:rows=1")
	run := w.imported(t)
	require.EqualValues(t, n+1, run.Counts.Failed)
	problems := make(map[lockstep.Code]int)
	for external, r := range w.ledger(t) {
		if r.State != lockstep.StateFailed {
			continue
		}
		problems[r.Problem]++
		if external == "bad-0" {
			invalid = r.Problem
		} else if r.LastName != "Nobody" {
			refused = r.Problem
		}
	}
	if invalid == refused { // the vendor has one word for both
		require.Equal(t, map[lockstep.Code]int{invalid: n + 1}, problems)
	} else {
		require.Equal(t, map[lockstep.Code]int{invalid: n, refused: 1}, problems)
	}
	w.requireTrue(t)
	return w, invalid, refused
}

// FEATURES: R01, V02
func TestRetryFailedSendsWhatWasAskedForAndNoMore(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]func(problem lockstep.Code) any{
		"by an object":       func(p lockstep.Code) any { return map[string]string{"problem": string(p)} },
		"by the code alone":  func(p lockstep.Code) any { return string(p) },
		"by our own payload": func(p lockstep.Code) any { return flow.Request{Problem: p} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, refused := twoProblems(t, salesforce, 3)
			w.lift(t)
			w.retry(t, request(refused))

			require.Equal(t, lockstep.Counts{Total: 1, Created: 1}, w.ended(t, lockstep.RunRetry)[0].Counts)
			require.Equal(t, 3, w.count(t, lockstep.StateFailed), "the other problem is left alone")
			w.requireTrue(t)
		})
	}
}

// FEATURES: R01, V02
func TestRetryFailedWithoutInputSendsEverythingThatFailed(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w, invalid, _ := twoProblems(t, v, 3)
		w.lift(t)
		w.retry(t, nil)
		require.Equal(t, lockstep.Counts{Total: 4, Created: 1, Failed: 3}, w.ended(t, lockstep.RunRetry)[0].Counts)
		for i := range 3 {
			require.Equal(t, invalid, w.ledger(t)[fmt.Sprintf("bad-%d", i)].Problem, "it says why, still")
		}
		w.requireTrue(t)

		for i := range 3 { // fixed by a person: a change is sent with the next cycle
			w.load(t, contact(fmt.Sprintf("bad-%d", i), fmt.Sprintf("somebody-%d@example.com", i), "Somebody"))
		}
		w.sync(t)
		w.requireLanded(t)
	})
}

// FEATURES: R01, V02
func TestBurstOfRetrySignalsLosesNone(t *testing.T) {
	t.Parallel()
	const signals = 500
	w, invalid, refused := twoProblems(t, salesforce, 20)
	before, err := w.temporal.DescribeWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "")
	require.NoError(t, err)
	attempts := w.attempts(t)
	w.lift(t)
	for i := range signals {
		request := flow.Request{Problem: []lockstep.Code{invalid, refused, "nothing_like_it", lockstep.Code(crm.ReasonLocked)}[i%4]}
		require.NoError(t, w.temporal.SignalWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "", flow.SignalRetryFailed, request))
	}
	w.eventually(t, "the supervisor to have answered and rolled over", func() bool {
		now, err := w.temporal.DescribeWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "")
		require.NoError(t, err)
		return now.WorkflowExecution.RunID != before.WorkflowExecution.RunID && now.HistoryLength < 20
	})
	w.eventually(t, "all retries to end", func() bool {
		open, err := w.store.OpenRuns(t.Context(), w.conn.WorkspaceID, w.conn.ID)
		require.NoError(t, err)
		return len(open) == 0
	})

	for record, n := range w.attempts(t) {
		require.Greater(t, n, attempts[record], "each that had failed was sent again")
	}
	require.Equal(t, 20, w.count(t, lockstep.StateFailed), "those of the problem that nobody has mended")
	w.requireTrue(t)
	var heard int
	require.NoError(t, w.pool.QueryRow(t.Context(), `SELECT sum(coalesce(substring(detail FROM '([0-9]+) times')::int, 1)) FROM audit
		WHERE workspace_id = $1 AND actor = 'temporal-ui' AND action = 'retry-failed'`, w.conn.WorkspaceID).Scan(&heard))
	require.Equal(t, signals, heard, "each is in the audit log")
}

// attempts counts the outcomes of each record that failed.
func (w *world) attempts(t *testing.T) map[string]int {
	t.Helper()
	events, err := w.store.SyncLog(t.Context(), w.conn.WorkspaceID, w.conn.ID, store.LogFilter{}, 1<<62, 100_000)
	require.NoError(t, err)
	out := make(map[string]int)
	failed := make(map[string]bool)
	for _, e := range events {
		if e.RecordID != nil {
			out[e.ExternalID]++
			failed[e.ExternalID] = failed[e.ExternalID] || e.Outcome == string(lockstep.OutcomeFailed)
		}
	}
	for record := range out {
		if !failed[record] {
			delete(out, record)
		}
	}
	return out
}

// FEATURES: R02, K01
func TestResyncSendsEverythingAgainAndDoublesNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 250})
		w.imported(t)
		writes := w.stamped(t, "C-00100").Writes
		w.sim(t, http.MethodPut, "limits", `{"latency":"300ms"}`, nil)
		w.signal(t, flow.SignalResync)
		w.signal(t, flow.SignalResync) // refused, or joined, while one runs
		w.eventually(t, "the resync", func() bool {
			open, err := w.store.OpenRuns(t.Context(), w.conn.WorkspaceID, w.conn.ID)
			require.NoError(t, err)
			return len(open) == 0 && len(w.ended(t, lockstep.RunImport)) == 2
		})
		run := w.ended(t, lockstep.RunImport)[0]
		require.Equal(t, lockstep.Counts{Total: 250, Updated: 250}, run.Counts)
		require.Greater(t, w.stamped(t, "C-00100").Writes, writes)
		w.requireLanded(t)
	})
}
