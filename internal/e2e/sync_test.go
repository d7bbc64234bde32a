package e2e_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	enums "go.temporal.io/api/enums/v1"

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
		var last string
		w.eventually(t, "the cycle to be listed", func() bool {
			actions := w.schedule(t).Info.RecentActions
			if len(actions) == 0 {
				return false
			}
			last = actions[len(actions)-1].StartWorkflowResult.WorkflowID
			there, err := w.temporal.DescribeWorkflow(t.Context(), last, "")
			require.NoError(t, err)
			return there.Status == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED
		})
		h, _ := w.history(t, last)
		require.LessOrEqual(t, actions(h)+2, 4, "the Schedule's firing counts two")
	})
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
