package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// asked is what people have signalled a supervisor.
type asked struct {
	pauses   workflow.ReceiveChannel
	resumes  workflow.ReceiveChannel
	retries  workflow.ReceiveChannel
	syncs    workflow.ReceiveChannel
	resyncs  workflow.ReceiveChannel
	settings workflow.ReceiveChannel
}

// listen returns what is signalled.
func listen(ctx workflow.Context) asked {
	return asked{
		pauses:   workflow.GetSignalChannel(ctx, flow.SignalPause),
		resumes:  workflow.GetSignalChannel(ctx, flow.SignalResume),
		retries:  workflow.GetSignalChannel(ctx, flow.SignalRetryFailed),
		syncs:    workflow.GetSignalChannel(ctx, flow.SignalSyncNow),
		resyncs:  workflow.GetSignalChannel(ctx, flow.SignalResync),
		settings: workflow.GetSignalChannel(ctx, flow.SignalSettings),
	}
}

// waiting returns how many signals have not been answered.
func (a asked) waiting() int {
	return a.pauses.Len() + a.resumes.Len() + a.retries.Len() + a.syncs.Len() + a.resyncs.Len() + a.settings.Len()
}

// answer does what was signalled. Signals of a kind that have come together are
// answered together: each asks for the same.
func (s *supervisor) answer(ctx workflow.Context) error {
	var faults []error
	do := func(summary string, activity any) {
		faults = append(faults, refusable(workflow.ExecuteActivity(prompt(ctx, s.ref, summary), activity, s.ref).Get(ctx, nil)))
	}
	if drained(s.asked.pauses) {
		do("pause", runs.Pause)
	}
	if drained(s.asked.resumes) {
		do("resume", runs.Resume)
	}
	if drained(s.asked.settings) {
		do("new settings", connections.Arrange)
	}
	for _, problem := range drainedRetries(s.asked.retries) {
		faults = append(faults, refusable(s.startRetry(ctx, problem)))
	}
	if drained(s.asked.syncs) {
		do("sync now", connections.SyncNow)
	}
	if drained(s.asked.resyncs) {
		_, err := s.startImport(prompt(ctx, s.ref, "resync"), nil)
		faults = append(faults, refusable(err))
	}
	return errors.Join(faults...)
}

// refusable drops the failure of what cannot be done as the connection is: it
// shows in the history, and does not end the supervisor.
func refusable(err error) error {
	if _, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return nil
	}
	return err
}

// drained takes all signals that have come, which one answer answers, and says
// whether there were any.
func drained(c workflow.ReceiveChannel) bool {
	found := false
	for c.ReceiveAsync(nil) {
		found = true
	}
	return found
}

// drainedRetries takes all requests to retry and returns the problems they
// name, each once; all of them when one names none.
func drainedRetries(c workflow.ReceiveChannel) []lockstep.Code {
	var (
		problems []lockstep.Code
		seen     = make(map[lockstep.Code]bool)
	)
	for request := (flow.RetryRequest{}); c.ReceiveAsync(&request); request = (flow.RetryRequest{}) {
		if !seen[request.Problem] {
			seen[request.Problem] = true
			problems = append(problems, request.Problem)
		}
	}
	if seen[""] {
		return []lockstep.Code{""}
	}
	return problems
}

// startRetry marks what has failed and starts the run that sends it again.
func (s *supervisor) startRetry(ctx workflow.Context, problem lockstep.Code) error {
	in, err := s.newRun(ctx)
	if err != nil {
		return err
	}
	in.Problem = problem
	summary := "retry what failed"
	if problem != "" {
		summary = "retry one problem" // its code may be what a person typed
	}
	return workflow.ExecuteActivity(prompt(ctx, s.ref, summary), runs.StartRetry, in).Get(ctx, nil)
}
