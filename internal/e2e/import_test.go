// Package e2e tests the whole service as real processes: worker, sandbox,
// PostgreSQL and Temporal, with kills and faults in the middle. What it asserts
// is what the sandbox's own records say, row by row.
package e2e_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/stack"
	"lockstep/internal/store"
)

// FEATURES: I01, V01, L02
func TestImportLandsEveryContactOnce(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"Contact", "Lead"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			w := begin(t, options{contacts: 1000, target: target})
			run := w.finish(t, w.choose(t))
			require.Equal(t, lockstep.Counts{Total: 1000, Created: 1000}, run.Counts)
			w.requireTrue(t)
		})
	}
}

// FEATURES: V01, V03
func TestImportGoesThroughEveryFaultAtOnce(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 3000, sandbox: stack.SandboxConfig{Faults: []string{
		"cut-before:every=5", "cut-after:every=7", "503:every=6", "429:every=11", "429-after:every=13", "expire:every=9", "lock:every=4", "poison:every=3",
	}}})
	run := w.finish(t, w.choose(t))
	require.NotZero(t, run.Counts.Failed)
	for fault, strikes := range w.struck(t) {
		require.Positive(t, strikes, fault)
	}
	w.requireTrue(t)
}

// FEATURES: V03, V04
func TestKilledWorkerLosesAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 20_000, sandbox: stack.SandboxConfig{Latency: 50_000_000}})
	id := w.choose(t)
	for k := int64(1); k <= 2; k++ {
		w.eventually(t, "a part of the import", func() bool { return w.run(t, id).Counts.Done() >= k*20_000/3 })
		require.NoError(t, w.worker.Kill())
		require.NoError(t, w.worker.Restart(t.Context()))
	}
	run := w.finish(t, id)
	require.Equal(t, lockstep.Counts{Total: 20_000, Created: 20_000}, run.Counts)
	w.requireTrue(t)
	again := 0
	for _, r := range w.landed(t) {
		if r.Writes > 1 {
			again++
		}
	}
	const inFlight = 2 * 10 * 200 // ten calls of 200, and as many claimed behind them: the most that a worker has in hand: it goes on where it was
	require.LessOrEqual(t, again, 2*inFlight)
}

func TestPausedImportStandsStillUntilItIsResumed(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 20_000, sandbox: stack.SandboxConfig{Latency: 100_000_000}})
	id := w.choose(t)
	w.eventually(t, "the import to begin", func() bool { return w.run(t, id).Counts.Done() > 0 })
	w.signal(t, flow.SignalPause)
	w.eventually(t, "the run to be paused, and what was in flight to be home", func() bool {
		there, err := w.temporal.DescribeWorkflowExecution(t.Context(), flow.ImportID(w.conn.ID), "")
		require.NoError(t, err)
		return w.run(t, id).State == lockstep.RunPaused && len(there.GetPendingActivities()) == 0
	})
	writes := len(w.calls(t, "write"))
	w.load(t, changed(contacts(0, 1), "Changed meanwhile")...)
	w.signal(t, flow.SignalSyncNow)
	w.eventually(t, "somebody to have asked for a sync in vain", func() bool {
		events, err := w.store.SyncLog(t.Context(), w.conn.WorkspaceID, w.conn.ID, store.LogFilter{EventFilter: lockstep.EventFilter{Outcome: "sync_refused"}}, 0, 1)
		require.NoError(t, err)
		return len(events) == 1
	})
	require.Len(t, w.calls(t, "write"), writes, "nothing is sent")
	w.signal(t, flow.SignalResume)
	run := w.finish(t, id)
	require.EqualValues(t, 20_000, run.Counts.Landed())
	w.sync(t)
	w.requireLanded(t)
}
