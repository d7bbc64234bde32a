package workflows

import (
	"errors"
	"slices"

	"go.temporal.io/sdk/converter"
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
	pauses, resumes, settings := take(s.asked.pauses), take(s.asked.resumes), take(s.asked.settings)
	retries, syncs, resyncs := take(s.asked.retries), take(s.asked.syncs), take(s.asked.resyncs)
	faults := []error{s.note(ctx, map[string][]flow.Request{
		flow.SignalPause: pauses, flow.SignalResume: resumes, flow.SignalSettings: settings,
		flow.SignalRetryFailed: retries, flow.SignalSyncNow: syncs, flow.SignalResync: resyncs,
	})}
	do := func(summary string, activity any) {
		faults = append(faults, refusable(workflow.ExecuteActivity(prompt(ctx, s.ref, summary), activity, s.ref).Get(ctx, nil)))
	}
	if len(pauses) > 0 {
		do("pause", runs.Pause)
	}
	if len(resumes) > 0 {
		do("resume", runs.Resume)
	}
	if len(settings) > 0 {
		do("new settings", connections.Arrange)
	}
	for _, problem := range problems(retries) {
		faults = append(faults, refusable(s.startRetry(ctx, problem)))
	}
	if len(syncs) > 0 {
		do("sync now", connections.SyncNow)
	}
	if len(resyncs) > 0 {
		_, err := s.startImport(prompt(ctx, s.ref, "resync"), nil)
		faults = append(faults, refusable(err))
	}
	return errors.Join(faults...)
}

// note has the audit log say what was signalled by whoever can reach Temporal:
// all that does not say who asks.
func (s *supervisor) note(ctx workflow.Context, requests map[string][]flow.Request) error {
	heard := flow.Heard{ConnectionRef: s.ref}
	for _, name := range workflow.DeterministicKeys(requests) {
		at := make(map[lockstep.Code]int)
		for _, r := range requests[name] {
			if r.By == flow.AskerAPI || r.By == flow.AskerSelf {
				continue
			}
			if !lockstep.Known(r.Problem) { // whatever a person typed
				r.Problem = ""
			}
			if _, known := at[r.Problem]; !known {
				at[r.Problem] = len(heard.Signals)
				heard.Signals = append(heard.Signals, flow.HeardSignal{Name: name, Problem: r.Problem})
			}
			heard.Signals[at[r.Problem]].Times++
		}
	}
	if len(heard.Signals) == 0 {
		return nil
	}
	return refusable(workflow.ExecuteActivity(prompt(ctx, s.ref, "audit"), connections.Note, heard).Get(ctx, nil))
}

// refusable drops the failure of what cannot be done as the connection is: it
// shows in the history, and does not end the supervisor.
func refusable(err error) error {
	if _, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return nil
	}
	return err
}

// take returns all signals that have come, as far as they can be read.
func take(c workflow.ReceiveChannel) []flow.Request {
	var all []flow.Request
	for raw := (converter.RawValue{}); c.ReceiveAsync(&raw); raw = (converter.RawValue{}) {
		all = append(all, flow.ReadRequest(raw.Payload().GetData()))
	}
	return all
}

// problems returns the problems that requests to retry name, each once; all of
// them when one names none.
func problems(requests []flow.Request) []lockstep.Code {
	var named []lockstep.Code
	for _, r := range requests {
		if r.Problem == "" {
			return []lockstep.Code{""}
		}
		if !slices.Contains(named, r.Problem) {
			named = append(named, r.Problem)
		}
	}
	return named
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
