package e2e_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: V06
func TestRowOfANeighbourLandsWhileAnImportOfManyRuns(t *testing.T) {
	t.Parallel()
	big := begin(t, options{contacts: 30_000})
	small := big.neighbour(t)
	small.load(t, contact("one", "one@example.org", "Before"))
	small.imported(t)
	big.sim(t, http.MethodPut, "limits", `{"latency":"1s"}`, nil)
	id := big.choose(t)
	big.eventually(t, "the import to begin", func() bool { return big.run(t, id).Counts.Done() > 0 })

	begun := time.Now()
	small.load(t, contact("one", "one@example.org", "After"))
	small.sync(t)
	require.Less(t, time.Since(begun), 10*time.Second)
	require.Equal(t, "After", small.stamped(t, "one").Fields["LastName"])
	require.Nil(t, big.run(t, id).FinishedAt, "the import is still running")
	big.sim(t, http.MethodPut, "limits", `{"latency":"0s"}`, nil)
	big.finish(t, id)
	big.requireLanded(t)
}

// FEATURES: J07, V06
func TestSpentDayParksTheImportUntilTheNext(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 12 * v.batch})
		w.sim(t, http.MethodPut, "limits", fmt.Sprintf(`{"daily":%d}`, w.dataCalls(t)+6), nil)
		id := w.choose(t)
		w.eventually(t, "the run to be parked", func() bool { return w.run(t, id).State == lockstep.RunParked })
		parked := w.run(t, id)
		require.Contains(t, parked.Reason, lockstep.Explain(lockstep.CodeQuotaSpent).Meaning)
		require.NotNil(t, parked.ParkedUntil)
		require.Less(t, parked.Counts.Done(), parked.Counts.Total)
		require.Equal(t, lockstep.StatusLive, w.connection(t).Status)

		w.admin(t, http.MethodPost, "clock", `{"advance":"24h"}`, nil)
		w.sim(t, http.MethodPut, "limits", `{"daily":100000}`, nil)
		w.signal(t, flow.SignalResume)
		require.Equal(t, lockstep.RunCompleted, w.finish(t, id).State)
		w.requireLanded(t)
	})
}
