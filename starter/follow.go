package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/client"
)

const (
	// lookEvery is how often a run or a connection is looked at.
	lookEvery = 250 * time.Millisecond

	// goneFor is how long an API that does not answer is waited for.
	goneFor = 30 * time.Second
)

// watch looks at a run until it has ended, and tells seen of each look. It
// outlasts a restart of the API.
func (r *remote) watch(ctx context.Context, id uuid.UUID, every time.Duration, seen func(client.Run) error) (client.Run, error) {
	var run client.Run
	err := poll(ctx, every, func() (bool, error) {
		var err error
		if run, err = answer[client.Run](r.GetRunWithResponse(ctx, id)); err != nil {
			return false, err
		}
		return run.FinishedAt != nil, seen(run)
	})
	return run, err
}

// poll repeats look until it says that it has seen enough or fails. An API that
// is away is asked again for a while.
func poll(ctx context.Context, every time.Duration, look func() (bool, error)) error {
	again := time.NewTicker(every)
	defer again.Stop()
	answered := time.Now()
	for {
		enough, err := look()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case away(err) && time.Since(answered) > goneFor:
			return err
		case away(err):
		case err != nil || enough:
			return err
		default:
			answered = time.Now()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-again.C:
		}
	}
}

// away tells whether err means that nobody is there who could answer, which
// passes: the API is started again, or what stands before it or behind it is.
func away(err error) bool {
	if _, ok := errors.AsType[*unreachableError](err); ok {
		return true
	}
	status := 0
	if problem, ok := errors.AsType[*client.Problem](err); ok {
		status = problem.Status
	} else if strange, ok := errors.AsType[*strangeError](err); ok {
		status = strange.code
	}
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// follow shows a run's progress until its end. Who stops following does not stop
// the run.
func (f *face) follow(ctx context.Context, r *remote, id uuid.UUID, every time.Duration, seen func(client.Run) error) (client.Run, error) {
	var (
		shown *progress
		state = client.RunStateRunning
	)
	run, err := r.watch(ctx, id, every, func(run client.Run) error {
		if shown == nil {
			shown = f.progress(run.Counts.Total, string(run.Kind))
		}
		shown.of(run.Counts.Total)
		if run.State != state && run.FinishedAt == nil {
			shown.end()
			f.say("  %s", standing(run))
		}
		state = run.State
		shown.show(run.Counts.Done, far(run))
		return seen(run)
	})
	if shown != nil {
		shown.end()
	}
	return run, err
}

// far is how far a run is, in a line and but for the percentage.
func far(run client.Run) string {
	c, p := run.Counts, run.Progress
	s := fmt.Sprintf("%s of %s", thousands(c.Done), thousands(c.Total))
	if p.Rate >= 1 {
		s += fmt.Sprintf(", %s a second", thousands(int64(p.Rate)))
	}
	if p.ETASeconds != nil && p.Rate >= 1 && run.FinishedAt == nil { // after the first record nobody can tell
		s += ", about " + span(time.Duration(*p.ETASeconds)*time.Second) + " to go"
	}
	if c.Failed > 0 {
		s += fmt.Sprintf("; %s failed", thousands(c.Failed))
	}
	return s
}

// standing is the state of a run and why it is in it.
func standing(run client.Run) string {
	s := condition(run)
	if run.Reason != "" {
		s += ": " + run.Reason
	}
	return s
}

// condition is the state of a run, and until when that is known.
func condition(run client.Run) string {
	s := string(run.State)
	if run.ParkedUntil != nil {
		s += " until " + moment(*run.ParkedUntil)
	}
	return s
}

// outcome is what a run came to: "9,998 created, 2 failed".
func outcome(c client.Counts) string {
	var parts []string
	for _, p := range []struct {
		n    int64
		name string
	}{
		{c.Created, "created"},
		{c.Updated, "updated"},
		{c.Unchanged, "unchanged"},
		{c.Waiting, "waiting"},
		{c.Skipped, "skipped"},
		{c.Failed, "failed"},
	} {
		if p.n > 0 {
			parts = append(parts, thousands(p.n)+" "+p.name)
		}
	}
	if len(parts) == 0 {
		return "nothing to do"
	}
	return strings.Join(parts, ", ")
}
