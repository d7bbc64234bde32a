package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: J01, V03
func TestChangeIsInTheCRMAtTheNextCycle(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 50})
		w.imported(t)
		w.load(t, changed(contacts(0, 10), "Changed")...)
		w.load(t, contacts(50, 55)...)
		before := len(w.calls(t, "write"))
		w.sync(t)

		require.Equal(t, "Changed", w.stamped(t, "C-00007").Fields[v.lastName])
		require.Len(t, w.calls(t, "write"), before+2, "one call for what is linked, one for what is new")
		w.requireLanded(t)
		run := w.ended(t, lockstep.RunSync)[0]
		require.Equal(t, lockstep.Counts{Total: 15, Created: 5, Updated: 10}, run.Counts)
	})
}

// FEATURES: J01
func TestIdleCycleCallsNobodyAndCostsTwoActionsOfItsOwn(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 5})
		w.imported(t)
		before := w.dataCalls(t)
		w.sync(t)

		require.Equal(t, before, w.dataCalls(t), "it asks the CRM nothing")
		require.Empty(t, w.ended(t, lockstep.RunSync), "it leaves no run behind")
		h, _ := w.history(t, w.cycled(t))
		require.LessOrEqual(t, actions(h)+2, 4, "the Schedule's firing counts two")
	})
}

// FEATURES: H01
func TestContactsThatAreSwitchedOffStayWhereTheyAreUntilTheyAreOnAgain(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 20})
	w.imported(t)
	w.switchContacts(t, false)
	w.load(t, changed(contacts(0, 5), "Changed")...)
	before := len(w.calls(t, "write"))
	for _, signal := range []string{flow.SignalSyncNow, flow.SignalResync, flow.SignalRetryFailed} {
		w.signal(t, signal)
	}
	w.eventually(t, "each to say why not", func() bool {
		var refusals int
		require.NoError(t, w.pool.QueryRow(t.Context(), `SELECT count(DISTINCT outcome) FROM events WHERE connection_id = $1 AND problem = $2`,
			w.conn.ID, lockstep.CodeSwitchedOff).Scan(&refusals))
		return refusals == 3
	})
	require.NoError(t, w.temporal.ScheduleClient().GetHandle(t.Context(), flow.SyncID(w.conn.ID)).Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	w.cycled(t)
	require.Len(t, w.calls(t, "write"), before)
	require.Equal(t, 5, w.count(t, lockstep.StatePending))

	w.switchContacts(t, true)
	w.sync(t)
	require.Equal(t, "Changed", w.stamped(t, "C-00003").Fields[w.vendor.lastName])
	w.requireLanded(t)
}

// cycled waits until the first cycle of the Schedule has ended and returns its
// workflow's id.
func (w *world) cycled(t *testing.T) string {
	t.Helper()
	var last string
	w.eventually(t, "a cycle to end", func() bool {
		actions := w.schedule(t).Info.RecentActions
		if len(actions) == 0 {
			return false
		}
		last = actions[len(actions)-1].StartWorkflowResult.WorkflowID
		there, err := w.temporal.DescribeWorkflow(t.Context(), last, "")
		require.NoError(t, err)
		return there.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
	})
	return last
}

// switchContacts switches contacts on or off.
func (w *world) switchContacts(t *testing.T, on bool) {
	t.Helper()
	change := lockstep.Settings{Switches: map[lockstep.Syncable]bool{lockstep.SyncContacts: on}}
	require.NoError(t, w.store.SetSettings(t.Context(), w.conn.WorkspaceID, w.conn.ID, change))
}

// FEATURES: S05, J01, R03
func TestSyncOfARevokedLoginEndsAndPausesItsScheduleUntilReconnect(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 50})
		w.imported(t)
		w.sim(t, http.MethodPost, "revoke", "", nil)
		w.sim(t, http.MethodPost, "expire", "", nil)
		w.load(t, changed(contacts(0, 20), "Changed")...)
		w.signal(t, flow.SignalSyncNow)
		w.eventually(t, "the connection to say so", func() bool { return w.connection(t).Status == lockstep.StatusUnauthorized })
		require.NotEmpty(t, w.connection(t).StatusReason)
		w.eventually(t, "the Schedule to be paused, with nothing under way", func() bool {
			there := w.schedule(t)
			return there.Schedule.State.Paused && there.Schedule.State.Note != "" && len(there.Info.RunningWorkflows) == 0
		})
		w.load(t, contacts(50, 60)...)

		w.reconnect(t)
		w.eventually(t, "the connection to be live", func() bool { return w.connection(t).Status == lockstep.StatusLive })
		w.eventually(t, "the Schedule to go on", func() bool { return !w.schedule(t).Schedule.State.Paused })
		w.sync(t)
		require.Len(t, w.landed(t), 60)
		w.requireLanded(t)
	})
}
