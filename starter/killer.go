package main

import (
	"context"
	"time"

	"lockstep/internal/client"
	"lockstep/internal/stack"
)

// killerLooks is how often an import is looked at that kills are due in: often
// enough to hit a small one.
const killerLooks = 20 * time.Millisecond

// killer ends the workers in the middle of an import as a crash would, and
// starts them again at once: kill k of n when k/(n+1) of the rows are settled.
// Where there are several workers all of them are killed, so that whichever
// holds the work is among them.
type killer struct {
	ctx     context.Context //nolint:containedctx // of the import that it is told of
	workers []*stack.Process
	kills   int
	say     func(format string, args ...any)

	done    int       // kills so far
	killed  time.Time // when the last one fell; zero when work has gone on since
	settled int64     // rows then; -1 until it has been looked
}

// seen is told of each look at the import.
func (k *killer) seen(run client.Run) error {
	done, total := run.Counts.Done, run.Counts.Total
	switch {
	case k.settled < 0: // the first look: what the killed one had sent has been settled by now
		k.settled = done
	case !k.killed.IsZero() && done > k.settled:
		k.say("  working again %s after the kill", time.Since(k.killed).Round(100*time.Millisecond))
		k.killed = time.Time{}
	}
	due := total * int64(k.done+1) / int64(k.kills+1)
	if k.done == k.kills || done < max(due, 1) || run.FinishedAt != nil {
		return nil
	}
	k.done++
	k.killed, k.settled = time.Now(), -1
	for _, worker := range k.workers {
		if err := worker.Kill(); err != nil {
			return err
		}
	}
	k.say("  killed the worker (%d of %d) at %s of %s", k.done, k.kills, thousands(done), thousands(total))
	for _, worker := range k.workers {
		if err := worker.Restart(k.ctx); err != nil {
			return err
		}
	}
	return nil
}
