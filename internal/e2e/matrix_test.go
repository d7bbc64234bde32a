package e2e_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// kindsOfFault are what a CRM does to us: every other call, one record, or as
// often as can be got past.
var kindsOfFault = map[string][]string{
	"cut-before": {"cut-before:every=2"},
	"cut-after":  {"cut-after:every=2"},
	"503":        {"503:every=2"},
	"429":        {"429:every=2"},
	"429-after":  {"429-after:every=2"},
	"expire":     {"expire:every=2"},
	"poison":     {"poison:rows=1"},
	"whole-400":  {"whole-400:rows=1"},
	"whole-500":  {"whole-500:rows=1"},
	"lock":       {"lock:rows=1"}, // HubSpot's holds the record for a while
	"slow":       {"slow:every=2"},
	"token-429":  {"expire:rows=1", "token-429:rows=1"}, // nobody refreshes a token that lives
	"token-503":  {"expire:rows=1", "token-503:rows=1"},
}

// Every kind of fault meets every way of sending records. After each step the
// ledger is compared with the sandbox's own records, row by row; in the end
// everything is there, once.
//
// FEATURES: V01, V02, V03, J07, R01, P03, K01
func TestEveryWayOfSendingIsTrueUnderEveryFault(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		for kind, faults := range kindsOfFault {
			t.Run(kind, func(t *testing.T) {
				t.Parallel()
				w := begin(t, options{vendor: v, contacts: 2*v.batch + 50})
				cell := cell{world: w, kind: kind, faults: faults}
				cell.imports(t)
				cell.syncs(t)
				cell.retries(t)
				cell.testsContact(t)
				w.requireLanded(t)
			})
		}
	})
}

// cell is one fault at one CRM.
type cell struct {
	*world
	kind   string
	faults []string
}

// always puts the cell's faults in force so that no call gets past them.
func (c cell) always(t *testing.T) {
	t.Helper()
	for _, f := range c.faults {
		c.fault(t, strings.Replace(f, "every=2", "every=1", 1))
	}
}

// wait waits until all that is under way is settled, under the fault. One that a
// CRM can never get past is taken away once it has struck.
func (c cell) wait(t *testing.T, what string, settled func() bool) {
	t.Helper()
	c.eventually(t, what+" to be struck", func() bool { return c.last(t) > 0 })
	if c.kind == "whole-500" {
		c.lift(t)
		c.fault(t, "poison:rows=1")
	}
	c.eventually(t, what+" to be settled", settled)
}

// last counts how often the cell's fault has struck, which was put in force
// last.
func (c cell) last(t *testing.T) int {
	t.Helper()
	struck := c.struck(t)
	return struck[len(struck)-1]
}

// imports sends what is there; a record in each first batch is refused, so that
// there is something to retry.
func (c cell) imports(t *testing.T) {
	t.Helper()
	c.fault(t, "poison:rows=1")
	c.fault(t, c.faults...)
	id := c.choose(t)
	c.wait(t, "the import", func() bool { return c.run(t, id).FinishedAt != nil })
	require.Equal(t, lockstep.RunCompleted, c.finish(t, id).State)
	c.requireTrue(t)
}

// syncs sends what has changed and what is new.
func (c cell) syncs(t *testing.T) {
	t.Helper()
	c.lift(t)
	c.fault(t, "poison:rows=1")
	c.fault(t, c.faults...)
	all := 2*c.vendor.batch + 50
	c.load(t, changed(contacts(0, 40), "Changed")...)
	c.load(t, contacts(all, all+40)...)
	c.signal(t, flow.SignalSyncNow)
	c.wait(t, "the sync", func() bool { return true })
	c.sync(t)
	c.requireTrue(t)
}

// retries sends what has failed again, under the fault once more, and then until
// nothing has failed.
func (c cell) retries(t *testing.T) {
	t.Helper()
	c.lift(t)
	require.NotZero(t, c.count(t, lockstep.StateFailed))
	c.always(t)
	c.signal(t, flow.SignalRetryFailed)
	c.eventually(t, "the retry to be struck", func() bool { return c.last(t) > 0 })
	c.lift(t)
	c.eventually(t, "the retry to end", func() bool {
		return c.count(t, lockstep.StatePending) == 0 && len(c.ended(t, lockstep.RunRetry)) == 1
	})
	c.requireTrue(t)
	if c.count(t, lockstep.StateFailed) > 0 {
		c.retry(t, nil)
	}
	c.requireLanded(t)
}

// testsContact sends the test contact, and again where the CRM did not take it.
func (c cell) testsContact(t *testing.T) {
	t.Helper()
	c.always(t)
	answers := make(chan error, 1)
	go func() {
		_, err := c.testContact(t.Context(), "struck")
		answers <- err
	}()
	c.eventually(t, "the test contact to be struck", func() bool { return c.last(t) > 0 })
	c.lift(t)
	require.NoError(t, <-answers)
	result, err := c.testContact(t.Context(), "again")
	require.NoError(t, err)
	require.Contains(t, []lockstep.Outcome{lockstep.OutcomeCreated, lockstep.OutcomeUpdated}, result.Outcome, result.Problem)
}
