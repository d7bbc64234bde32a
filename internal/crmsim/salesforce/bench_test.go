package salesforce_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/salesforce"
)

// BenchmarkCollectionsUpsert writes new contacts, 200 a call, client included.
func BenchmarkCollectionsUpsert(b *testing.B) {
	s := open(b, salesforce.Options{})
	s.provision("Contact")
	bodies := make([]string, b.N)
	for i := range bodies {
		bodies[i] = benchBody(i * 200)
	}
	var n atomic.Int64
	b.SetParallelism(5)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r, err := s.try(http.MethodPatch, upsertPath, bodies[n.Add(1)-1])
			require.NoError(b, err)
			require.Equal(b, http.StatusOK, r.status)
		}
	})
	b.ReportMetric(float64(b.N*200)/b.Elapsed().Seconds(), "records/s")
}

func benchBody(from int) string {
	records := make([]fields, 200)
	for i := range records {
		n := from + i
		records[i] = contact(fmt.Sprintf("ws1.%d", n), fields{
			"FirstName": "Jaime", "Email": fmt.Sprintf("jaime%d@shepherd.info", n), "Phone": "9802005297", "MobilePhone": "917-584-0243x4606",
			"Title": "Engineer", "LeadSource": "Web", "Description": "Heart represent while into.", "MailingCity": "Bonn",
		})
	}
	raw, err := json.Marshal(collection(records...))
	if err != nil {
		panic(err)
	}
	return string(raw)
}
