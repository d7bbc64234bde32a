package hubspot_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/hubspot"
)

// BenchmarkBatchUpsert writes new contacts, 100 a call, client included.
func BenchmarkBatchUpsert(b *testing.B) {
	s := ready(b, hubspot.Options{})
	bodies := make([]string, b.N)
	for i := range bodies {
		bodies[i] = benchBody(i * 100)
	}
	var n atomic.Int64
	b.SetParallelism(5)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := s.try(http.MethodPost, upsertPath, bodies[n.Add(1)-1])
			require.NoError(b, err)
			require.Equal(b, http.StatusOK, r.status)
		}
	})
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "records/s")
}

func benchBody(from int) string {
	inputs := make([]fields, 100)
	for i := range inputs {
		n := from + i
		inputs[i] = contact(fmt.Sprintf("ws1.%d", n), fields{
			"firstname": "Jaime", "lastname": "Hayes", "email": fmt.Sprintf("jaime%d@shepherd.info", n), "phone": "9802005297",
			"mobilephone": "917-584-0243x4606", "jobtitle": "Engineer", "company": "Shepherd", "message": "Heart represent while into.", "city": "Bonn",
		})
	}
	raw, err := json.Marshal(traced(inputs...))
	if err != nil {
		panic(err)
	}
	return string(raw)
}
