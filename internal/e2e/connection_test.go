package e2e_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// Eight workers find their token refused at the same moment, while the token
// endpoint takes its time and kills the refresh token that it is shown.
//
// FEATURES: V05
func TestEightWorkersRefreshOnce(t *testing.T) {
	t.Parallel()
	w := begin(t, options{})
	w.sim(t, http.MethodPut, "limits", `{"token_latency":"500ms"}`, nil)
	stale := w.secrets[0]
	before := w.refreshes(t)

	ring, err := secret.ParseKeyring(w.keyset)
	require.NoError(t, err)
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		tokens = make(map[string]int)
	)
	for range 8 {
		workers := oauth.Clients{ // each with a pool of its own, as a process has
			Vendors: &oauth.Vendors{Factories: all.Factories(), Base: http.DefaultTransport, Apps: w.apps()},
			Grants:  &oauth.Vault{Rows: store.New(storetest.Open(t, w.database)), Keyring: ring},
		}
		wg.Go(func() {
			token, err := workers.For(crm.Salesforce, w.conn.WorkspaceID, w.conn.ID).Token(t.Context(), stale)
			if err != nil {
				token = err.Error()
			}
			mu.Lock()
			defer mu.Unlock()
			tokens[token]++
		})
	}
	wg.Wait()

	require.Equal(t, before+1, w.refreshes(t), "one refresh for all")
	require.Len(t, tokens, 1, "and one token")
	require.NotContains(t, tokens, stale)
}

// refreshes counts the calls that the sandbox's token endpoint has answered.
func (w *world) refreshes(t *testing.T) int {
	t.Helper()
	n := 0
	for _, c := range w.calls(t, "auth") {
		if c.Path == "/services/oauth2/token" {
			n++
		}
	}
	return n
}

// FEATURES: S05, R03
func TestRevokedConnectionParksItsImportAndGoesOnAfterReconnect(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 10_000})
	w.sim(t, http.MethodPut, "limits", `{"latency":"500ms"}`, nil)
	id := w.choose(t)
	w.eventually(t, "the import to begin", func() bool { return w.run(t, id).Counts.Done() > 0 })
	w.sim(t, http.MethodPost, "revoke", "", nil)
	w.eventually(t, "the run to be parked", func() bool { return w.run(t, id).State == lockstep.RunParked })
	w.eventually(t, "the connection to say so", func() bool {
		return w.connection(t).Status == lockstep.StatusUnauthorized
	})

	w.reconnect(t)
	run := w.finish(t, id)
	require.Equal(t, lockstep.RunCompleted, run.State)
	w.requireTrue(t)
}

// FEATURES: V01
func TestCancelledImportSaysSoOfWhatItHasNotSent(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 30_000})
	w.sim(t, http.MethodPut, "limits", `{"latency":"300ms"}`, nil)
	id := w.choose(t)
	w.eventually(t, "the import to begin", func() bool { return w.run(t, id).Counts.Done() > 0 })
	require.NoError(t, w.temporal.CancelWorkflow(t.Context(), flow.ImportID(w.conn.ID), ""))
	run := w.finish(t, id)

	require.Equal(t, lockstep.RunCancelled, run.State)
	require.NotZero(t, run.Counts.Skipped)
	w.requireTrue(t)
}

// FEATURES: V03, R02
func TestExternalIDFieldThatWasRemovedIsPutBackAndStampedAgain(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 500})
	w.imported(t)
	w.requireTrue(t)
	w.sim(t, http.MethodPost, "fields/drop", `{"object":"Contact","field":"Lockstep_External_Id__c"}`, nil)
	require.Empty(t, w.landed(t), "nothing carries an external id any more")

	w.load(t, contacts(500, 600)...)
	w.signal(t, flow.SignalResync)
	w.eventually(t, "everything to be stamped again", func() bool { return len(w.landed(t)) == 600 })
	var runs []lockstep.Run
	w.eventually(t, "the import, the resync and the stamping to end", func() bool {
		var err error
		runs, err = w.store.Runs(t.Context(), w.conn.WorkspaceID, w.conn.ID, 10)
		require.NoError(t, err)
		return len(runs) == 3 && runs[0].FinishedAt != nil
	})
	w.requireTrue(t)
}
