package e2e_test

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
	"lockstep/internal/stack"
)

// requireStanding requires that the processes live, and that after all that was
// asked of them both parties have every record that they had, in the CRMs too.
func (f *fuzzer) requireStanding(t *testing.T) {
	t.Helper()
	for _, p := range []*stack.Process{f.api.Process, f.world.worker} {
		log, err := os.ReadFile(p.Log())
		require.NoError(t, err)
		select {
		case <-p.Done():
			t.Fatalf("%s has died: %s", p.Name(), log[max(0, len(log)-20_000):])
		default:
		}
		for line := range strings.Lines(string(log)) {
			require.NotContains(t, line, "panic", p.Name())
		}
		t.Logf("%s took %d MB at most", p.Name(), p.PeakRSS()>>20)
	}
	for _, v := range []vendor{salesforce, hubspot} {
		f.world.admin(t, http.MethodDelete, string(v.name)+"/faults", "", nil)
	}
	for _, p := range f.parties {
		for _, w := range p.worlds {
			p.resyncs(t, w)
		}
	}
	for _, p := range f.parties {
		for _, w := range p.worlds {
			w.requireIdle(t)
			w.sync(t)
			p.requireKept(t, w)
		}
	}
}

// resyncs sends all that p has to a CRM again, by the default mapping: whoever
// asks at random changes that, switches contacts off, and cancels what runs.
func (p *party) resyncs(t *testing.T, w *world) {
	t.Helper()
	base := "/v1/connections/" + w.conn.ID.String()
	w.eventually(t, "the connection to be live", func() bool {
		p.mend(t)
		return w.connection(t).Status == lockstep.StatusLive
	})
	w.requireIdle(t)
	p.must(t, http.MethodPatch, base, `{"syncs":{"contacts":true}}`, http.StatusOK)
	p.must(t, http.MethodPost, base+"/mapping/reset", "", http.StatusOK)
	before := len(w.ended(t, lockstep.RunImport))
	p.must(t, http.MethodPost, base+"/resync", "", http.StatusAccepted)
	w.eventually(t, "the resync to end", func() bool { return len(w.ended(t, lockstep.RunImport)) > before })
}

// requireIdle waits until nothing is on its way.
func (w *world) requireIdle(t *testing.T) {
	t.Helper()
	w.eventually(t, "the runs to end", func() bool {
		open, err := w.store.OpenRuns(t.Context(), w.conn.WorkspaceID, w.conn.ID)
		require.NoError(t, err)
		return len(open) == 0
	})
}

// requireKept requires that what p began with is in a CRM, each record once, as
// it was.
func (p *party) requireKept(t *testing.T, w *world) {
	t.Helper()
	there, ledger, own := w.records(t), w.ledger(t), w.landed(t)
	for i := range planted {
		external := fmt.Sprintf("%s-%03d", p.canary, i)
		r, ok := ledger[external]
		require.True(t, ok, "%s is in the ledger", external)
		require.Equal(t, lockstep.StateSynced, r.State, "%s: %s %s", external, r.Problem, r.Detail)
		require.Equal(t, p.canary, r.LastName)
		require.False(t, there[r.CRMID].Deleted, external)
		require.Equal(t, p.canary, there[r.CRMID].Fields[w.vendor.lastName], external)
		require.Equal(t, r.CRMID, own[lockstep.ExternalID(w.conn.WorkspaceKey, external)].ID, external)
	}
}
