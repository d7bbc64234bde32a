package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: S01, S02, S03, S04, R03, V03, K01
func TestDisconnectInTheMiddleOfAnImportAndReconnectDoubleNothing(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		for name, keep := range map[string]bool{"clearing the mapping": false, "keeping the mapping": true} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				all := 40 * v.batch
				w := begin(t, options{vendor: v, contacts: all})
				w.sim(t, http.MethodPut, "limits", `{"latency":"1500ms"}`, nil)
				id := w.choose(t)
				w.eventually(t, "the import to begin", func() bool { return w.run(t, id).Counts.Done() > 0 })
				epoch := w.connection(t).Epoch
				w.disconnect(t, keep)

				require.Equal(t, lockstep.RunCancelled, w.finish(t, id).State)
				w.requireDisconnected(t, epoch, keep)
				landed := len(w.landed(t))
				require.NotZero(t, landed)
				require.Less(t, landed, all)

				w.sim(t, http.MethodPut, "limits", `{"latency":"0s"}`, nil)
				w.grant(t)
				w.supervise(t)
				w.ready(t)
				run := w.imported(t)
				require.EqualValues(t, all-landed, run.Counts.Created, "what was there is recognised")
				require.Len(t, w.landed(t), all)
				w.requireLanded(t)
			})
		}
	})
}

// What was on its way when somebody disconnected has landed, or has not: its
// rows say which.
//
// FEATURES: S01, V01
func TestDisconnectBringsHomeWhatWasOnItsWay(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 40 * v.batch})
		w.sim(t, http.MethodPut, "limits", `{"latency":"1500ms"}`, nil)
		id := w.choose(t)
		w.eventually(t, "the import to begin", func() bool { return w.run(t, id).Counts.Done() > 0 })
		w.disconnect(t, false)
		require.EqualValues(t, len(w.landed(t)), w.finish(t, id).Counts.Landed())
		w.requireTrue(t)
	})
}

// requireDisconnected asserts all that a disconnect promises: nothing was
// written once the login was given back, and nothing is left to write with.
func (w *world) requireDisconnected(t *testing.T, epoch int64, keepMapping bool) {
	t.Helper()
	conn := w.connection(t)
	require.Equal(t, lockstep.StatusDisconnected, conn.Status)
	require.Greater(t, conn.Epoch, epoch)
	_, err := w.store.Grant(t.Context(), conn.WorkspaceID, conn.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err), "the login is deleted")
	_, err = w.store.Mapping(t.Context(), conn.WorkspaceID, conn.ID, crm.Contact)
	require.Equal(t, keepMapping, err == nil, "the mapping is kept when that was asked for")
	require.Nil(t, w.schedule(t))
	for _, id := range []string{flow.ImportID(conn.ID), flow.ConnectionID(conn.ID)} {
		w.eventually(t, id+" to close", func() bool {
			there, err := w.temporal.DescribeWorkflow(t.Context(), id, "")
			require.NoError(t, err)
			return there.Status != enums.WORKFLOW_EXECUTION_STATUS_RUNNING
		})
	}

	revoked := -1
	for _, c := range w.calls(t, "auth") {
		if strings.HasSuffix(c.Path, "/revoke") || c.Method == http.MethodDelete {
			require.Less(t, c.Status, http.StatusBadRequest)
			revoked = c.N
		}
	}
	require.Positive(t, revoked, "the login is given back")
	for _, c := range w.calls(t, "write") {
		require.Less(t, c.N, revoked, "nothing is written afterwards")
	}
}
