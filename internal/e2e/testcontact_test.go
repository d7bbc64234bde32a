package e2e_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: P01, P02, P03, L03
func TestTestContactIsOneLabelledRecordHoweverOftenItIsSent(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v})
		var id string
		for i := range 10 {
			result, err := w.testContact(t.Context(), fmt.Sprintf("key-%d", i))
			require.NoError(t, err)
			if i == 0 {
				require.Equal(t, lockstep.OutcomeCreated, result.Outcome, result.Problem)
				id = result.CRMID
			} else {
				require.Equal(t, lockstep.OutcomeUpdated, result.Outcome, result.Problem)
			}
			require.Equal(t, id, result.CRMID)
			require.Contains(t, result.URL, id, "the page in the CRM")
			require.Positive(t, result.Elapsed)
			require.Less(t, result.Elapsed, 20*time.Second)
		}
		there := w.landed(t)
		require.Len(t, there, 1)
		require.Equal(t, "Sync Test", there[lockstep.ExternalID(w.conn.WorkspaceKey, "lockstep-sync-test")].Fields[v.lastName])
		h, _ := w.history(t, flow.TestContactID(w.conn.ID, "key-9"))
		require.LessOrEqual(t, actions(h), 3)
		require.NotNil(t, w.connection(t).ProvenAt)

		again, err := w.testContact(t.Context(), "key-9")
		require.NoError(t, err)
		require.Equal(t, lockstep.OutcomeUpdated, again.Outcome)

		w.sim(t, http.MethodDelete, "records/"+id, "", nil)
		anew, err := w.testContact(t.Context(), "after-it-was-deleted")
		require.NoError(t, err)
		require.Equal(t, lockstep.OutcomeCreated, anew.Outcome, "it is created again by itself: %s", anew.Problem)
		require.NotEqual(t, id, anew.CRMID)
		w.requireLanded(t)
	})
}

// FEATURES: P03, V03
func TestTestContactsAtTheSameMomentAreOneRecord(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v})
		w.sim(t, http.MethodPut, "limits", `{"latency":"100ms"}`, nil)
		var (
			wg      sync.WaitGroup
			results [5]flow.TestContactResult
			errs    [5]error
		)
		for i := range results {
			wg.Go(func() { results[i], errs[i] = w.testContact(t.Context(), fmt.Sprintf("key-%d", i)) })
		}
		wg.Wait()

		created := 0
		for i, result := range results {
			require.NoError(t, errs[i])
			require.Equal(t, results[0].CRMID, result.CRMID)
			require.Contains(t, []lockstep.Outcome{lockstep.OutcomeCreated, lockstep.OutcomeUpdated}, result.Outcome, result.Problem)
			if result.Outcome == lockstep.OutcomeCreated {
				created++
			}
		}
		require.LessOrEqual(t, created, 1)
		require.Len(t, w.landed(t), 1)
		w.requireLanded(t)
	})
}
