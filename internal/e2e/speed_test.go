package e2e_test

import (
	"testing"
	"time"

	"lockstep/internal/stack"
)

// BenchmarkImport measures an import into an empty CRM from its first claim to
// its last settlement, and the worker's peak memory.
func BenchmarkImport(b *testing.B) {
	for name, o := range map[string]options{
		"10k":        {contacts: 10_000},
		"100k":       {contacts: 100_000},
		"100k,100ms": {contacts: 100_000, sandbox: stack.SandboxConfig{Latency: 100 * time.Millisecond}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				w := begin(b, o)
				run := w.finish(b, w.choose(b))
				took := run.LastSettleAt.Sub(*run.FirstClaimAt)
				b.ReportMetric(float64(run.Counts.Landed())/took.Seconds(), "records/s")
				b.ReportMetric(took.Seconds(), "s/import")
				b.ReportMetric(float64(w.worker.PeakRSS())/(1<<20), "MB")
			}
		})
	}
}
