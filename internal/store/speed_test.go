package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
)

// BenchmarkDrain measures what the database does of an import: claims of
// 2,000 rows, settlements of 200.
func BenchmarkDrain(b *testing.B) {
	const rows = 20_000
	for b.Loop() {
		b.StopTimer()
		w := setup(b, rows)
		var claiming, settling time.Duration
		b.StartTimer()
		for after := uuid.Nil; ; {
			start := time.Now()
			claimed, err := w.store.Claim(b.Context(), w.lease, after, 2000, time.Minute)
			require.NoError(b, err)
			claiming += time.Since(start)
			if len(claimed) == 0 {
				break
			}
			after = claimed[len(claimed)-1].RecordID
			start = time.Now()
			for len(claimed) > 0 {
				settlements := make([]lockstep.Settlement, 200)
				for i := range settlements {
					settlements[i] = landed(claimed[i], fmt.Sprintf("003%015d", claimed[i].RecordID.ID()))
				}
				_, err := w.store.Settle(b.Context(), w.lease, settlements)
				require.NoError(b, err)
				claimed = claimed[200:]
			}
			settling += time.Since(start)
		}
		b.ReportMetric(claiming.Seconds()*1e6/rows, "µs/claimed")
		b.ReportMetric(settling.Seconds()*1e6/rows, "µs/settled")
	}
}
