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
}

// FEATURES: V04
func TestPausedImportStandsStillUntilItIsResumed(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 20_000, sandbox: stack.SandboxConfig{Latency: 100_000_000}})
	id := w.choose(t)
	w.eventually(t, "the import to begin", func() bool { return w.run(t, id).Counts.Done() > 0 })
	w.signal(t, flow.SignalPause)
	w.eventually(t, "the run to be paused", func() bool { return w.run(t, id).State == lockstep.RunPaused })
	w.signal(t, flow.SignalResume)
	run := w.finish(t, id)
	require.EqualValues(t, 20_000, run.Counts.Landed())
	w.requireTrue(t)
}
