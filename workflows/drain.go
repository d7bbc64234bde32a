package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// An outage is waited out in growing steps, so that a day of it costs little
// and a minute of it is over in a minute.
const (
	waitFirst = 10 * time.Second
	waitMost  = 5 * time.Minute
)

// drainRun drains the rows that were marked for a run until each has its
// outcome, and ends the run.
func drainRun(ctx workflow.Context, in flow.RunInput, name string, priority int) (lockstep.Counts, error) {
	run := &draining{in: in, name: name, priority: priority, look: workflow.GetSignalChannel(ctx, flow.SignalLook), wait: waitFirst}
	err := run.loop(ctx)
	if temporal.IsCanceledError(err) {
		ctx, _ = workflow.NewDisconnectedContext(ctx) // nothing is done with it that ought to be cancelled
		_, err = run.finish(ctx, lockstep.RunCancelled, lockstep.CodeRunCancelled)
	}
	if err == nil && run.in.Stamp {
		err = workflow.SignalExternalWorkflow(ctx, flow.ConnectionID(in.Connection), "", flow.SignalResync, flow.Request{By: flow.AskerSelf}).Get(ctx, nil)
	}
	return run.counts, err
}

// draining is a run under way.
type draining struct {
	in       flow.RunInput
	name     string // of the workflow
	priority int
	look     workflow.ReceiveChannel
	counts   lockstep.Counts
	epoch    int64         // of the connection, at the last chunk
	wait     time.Duration // the next wait of an outage
	trouble  lockstep.Code // whose outage it is that is waited out
	parked   bool
}

// loop drains until the run is at its end.
func (r *draining) loop(ctx workflow.Context) error {
	queue := workflow.GetInfo(ctx).TaskQueueName
	for n := 1; ; n++ {
		var out flow.ChunkResult
		in := flow.ChunkInput{ConnectionRef: r.in.ConnectionRef, Run: r.in.Run}
		one := chunk(ctx, queue, r.priority, r.in.ConnectionRef, fmt.Sprintf("contacts, chunk %d", n))
		if err := workflow.ExecuteActivity(one, records.Drain, in).Get(ctx, &out); err != nil {
			if temporal.IsCanceledError(err) {
				return err
			}
			if !patient(err) { // a bug, or something that only a person can mend: open, and explained
				if err := r.park(ctx, lockstep.CodeInternal, time.Time{}); err != nil {
					return err
				}
				continue
			}
			out = flow.ChunkResult{Verdict: flow.VerdictWait, Counts: r.counts} // our own house is on fire: wait it out
			r.trouble = lockstep.CodeOwnHouse
		} else {
			r.trouble = lockstep.CodeUnavailable
		}
		if out.Counts.Done() > r.counts.Done() {
			r.wait = waitFirst
		}
		r.counts, r.epoch = out.Counts, out.Epoch
		workflow.SetCurrentDetails(ctx, details(out))
		if done, err := r.act(ctx, out); done || err != nil {
			return err
		}
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, r.name, r.in)
		}
	}
}

// patient tells whether an activity's failure is one to wait out: it ran out
// of time or of the database, and the rows are where they were.
func patient(err error) bool {
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	return !ok || !app.NonRetryable()
}

// act does what a verdict asks for and says whether the run is at its end.
func (r *draining) act(ctx workflow.Context, out flow.ChunkResult) (bool, error) {
	switch out.Verdict {
	case flow.VerdictEmpty:
		return r.finish(ctx, lockstep.RunCompleted, "")
	case flow.VerdictCancelled, flow.VerdictSuperseded:
		return r.finish(ctx, lockstep.RunCancelled, lockstep.CodeRunCancelled)
	case flow.VerdictMore:
		return false, r.unpark(ctx)
	case flow.VerdictStopped: // the run's row says so already
		return false, r.sleep(ctx, 0)
	case flow.VerdictUnauthorized:
		return false, r.park(ctx, lockstep.CodeUnauthorized, time.Time{})
	case flow.VerdictQuota:
		return false, r.park(ctx, lockstep.CodeQuotaSpent, out.Until)
	case flow.VerdictProvision:
		return false, r.provision(ctx)
	case flow.VerdictWait:
		until := workflow.Now(ctx).Add(r.wait)
		if out.Until.After(until) {
			until = out.Until
		}
		r.wait = min(2*r.wait, waitMost)
		return false, r.park(ctx, r.trouble, until)
	}
	return false, temporal.NewNonRetryableApplicationError("unknown verdict", "internal", nil)
}

// park waits until a time, or without one until somebody says to look again,
// and lets everyone see why.
func (r *draining) park(ctx workflow.Context, why lockstep.Code, until time.Time) error {
	r.parked = true
	change := flow.RunChange{
		ConnectionRef: r.in.ConnectionRef, Run: r.in.Run, State: lockstep.RunParked, Problem: why, Until: until,
	}
	if err := workflow.ExecuteActivity(prompt(ctx, r.in.ConnectionRef, "park: "+string(why)), runs.Move, change).Get(ctx, nil); err != nil {
		return err
	}
	if why == lockstep.CodeInternal {
		return r.sleep(ctx, 0)
	}
	if why == lockstep.CodeUnauthorized {
		if err := suspend(ctx, r.in.ConnectionRef, r.epoch); err != nil {
			return err
		}
		return r.sleep(ctx, 0)
	}
	left := max(until.Sub(workflow.Now(ctx)), time.Second) // it may be over by now, and is no wait for ever
	if err := r.sleep(ctx, left); err != nil {
		return err
	}
	return r.unpark(ctx)
}

// unpark says that the run is going again. A person may have paused it
// meanwhile; that stands.
func (r *draining) unpark(ctx workflow.Context) error {
	if !r.parked {
		return nil
	}
	r.parked = false
	change := flow.RunChange{ConnectionRef: r.in.ConnectionRef, Run: r.in.Run, State: lockstep.RunRunning}
	return workflow.ExecuteActivity(prompt(ctx, r.in.ConnectionRef, "go on"), runs.Move, change).Get(ctx, nil)
}

// sleep waits for a signal, or for so long; for ever when it is not positive.
func (r *draining) sleep(ctx workflow.Context, d time.Duration) error {
	selector := workflow.NewSelector(ctx)
	selector.AddReceive(r.look, func(c workflow.ReceiveChannel, _ bool) {
		for c.ReceiveAsync(nil) { // one look answers them all
		}
	})
	selector.AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {})
	if d > 0 {
		timer, cancel := workflow.WithCancel(ctx)
		defer cancel()
		selector.AddFuture(workflow.NewTimerWithOptions(timer, d, workflow.TimerOptions{Summary: "waiting"}), func(workflow.Future) {})
	}
	selector.Select(ctx)
	return ctx.Err()
}

// provision puts back the external-id field that somebody has removed. What had
// been stamped is stamped again by a resync, once this run is through.
func (r *draining) provision(ctx workflow.Context) error {
	err := workflow.ExecuteActivity(prompt(ctx, r.in.ConnectionRef, "provision the external-id field"), connections.SetUp, r.in.ConnectionRef).Get(ctx, nil)
	if temporal.IsCanceledError(err) {
		return err
	}
	if err == nil && !r.in.Stamp {
		r.in.Stamp = true
		return nil
	}
	return r.park(ctx, lockstep.CodeProvisionDenied, workflow.Now(ctx).Add(waitMost))
}

// finish ends the run in the database and leaves its outcome where operators
// search. It says false when more was marked for the run meanwhile.
func (r *draining) finish(ctx workflow.Context, state lockstep.RunState, problem lockstep.Code) (bool, error) {
	change := flow.RunChange{ConnectionRef: r.in.ConnectionRef, Run: r.in.Run, State: state, Problem: problem}
	var ended flow.Ended
	err := workflow.ExecuteActivity(prompt(ctx, r.in.ConnectionRef, "finish"), runs.Finish, change).Get(ctx, &ended)
	if err != nil || ended.Open {
		return false, err
	}
	r.counts = ended.Counts
	workflow.SetCurrentDetails(ctx, details(flow.ChunkResult{Counts: r.counts}))
	outcome := temporal.NewSearchAttributeKeyKeyword(flow.AttrOutcome).ValueSet(string(state))
	return true, workflow.UpsertTypedSearchAttributes(ctx, outcome)
}

// details is what an operator reads in the Web UI.
func details(out flow.ChunkResult) string {
	c := out.Counts
	var b strings.Builder
	fmt.Fprintf(&b, "**%d of %d records have their outcome.**\n\n", c.Done(), c.Total)
	b.WriteString("| created | updated | unchanged | waiting | skipped | failed |\n|---|---|---|---|---|---|\n")
	fmt.Fprintf(&b, "| %d | %d | %d | %d | %d | %d |\n", c.Created, c.Updated, c.Unchanged, c.Waiting, c.Skipped, c.Failed)
	if out.Rate > 0 {
		fmt.Fprintf(&b, "\n%.0f records a second", out.Rate)
		if out.ETA > 0 {
			fmt.Fprintf(&b, ", about %s to go", out.ETA)
		}
		b.WriteString(".\n")
	}
	if text := meanings[out.Verdict]; text != "" {
		b.WriteString("\n" + text + "\n")
	}
	return b.String()
}

// meanings say in plain language what a run that is not running waits for.
var meanings = map[flow.Verdict]string{
	flow.VerdictEmpty:        "Every record has its outcome.",
	flow.VerdictMore:         "",
	flow.VerdictWait:         "The CRM, or a part of Lockstep, is having trouble. The run waits and goes on by itself.",
	flow.VerdictStopped:      "Paused by a person. Send the connection's workflow the signal `resume` to go on.",
	flow.VerdictCancelled:    "Cancelled by a person.",
	flow.VerdictUnauthorized: "The CRM no longer accepts the login. The run goes on when somebody has reconnected the CRM.",
	flow.VerdictQuota:        "The account has spent its calls for today. The run goes on by itself after the reset.",
	flow.VerdictProvision:    "The external-id field is missing in the CRM and is being created again.",
	flow.VerdictSuperseded:   "The connection was disconnected.",
}
