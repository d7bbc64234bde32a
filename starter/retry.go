package main

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// foundNothing is the event of a retry that had nothing to send.
const foundNothing = "retry_found_nothing"

func (f *face) retryCommand() *cobra.Command {
	var problem string
	var noWait bool
	cmd := &cobra.Command{
		Use:   "retry [CONNECTION]",
		Short: "Send what failed again, all of it or one problem, and follow that to its end",
		Long: "Sends again what failed or waits for a person; with --problem only what has that problem, and then also what was\n" +
			"left alone because of it. Mend first what `starter failed` says. Stopping this command does not stop the retry.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			id, err := r.retry(ctx, conn, problem)
			if err != nil {
				return err
			}
			if id == uuid.Nil {
				if err := f.sayNothingToRetry(ctx, r, conn, problem); err != nil {
					return err
				}
				return f.onlyJSON(nil)
			}
			return f.finish(ctx, r, id, "retry", noWait)
		},
	}
	cmd.Flags().StringVar(&problem, "problem", "", "only what has this problem, such as validation_rule")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not follow it")
	return f.remotely(cmd)
}

// sayNothingToRetry says that nothing has failed, and what is on its way: a
// record that was corrected is, and no longer failed.
func (f *face) sayNothingToRetry(ctx context.Context, r *remote, conn client.Connection, problem string) error {
	health, err := r.health(ctx, conn)
	if err != nil {
		return err
	}
	f.say("There is nothing to send again: nothing has failed%s.", map[bool]string{true: " with that problem"}[problem != ""])
	if pending := health.Freshness.Pending; pending > 0 {
		f.say("%s", f.onTheWay(conn, pending))
	}
	f.say("Next: %s shows what has not arrived, and why.", f.step("failed"))
	return nil
}

// retry asks for a retry and returns its run once that is there, or uuid.Nil
// when nothing had failed. A retry that is open takes in what is asked for.
func (r *remote) retry(ctx context.Context, conn client.Connection, problem string) (uuid.UUID, error) {
	return r.retried(ctx, conn, func() error {
		_, err := answer[client.Connection](r.RetryConnectionWithResponse(ctx, conn.ID,
			&client.RetryConnectionParams{IdempotencyKey: requestKey()}, client.RetryConnection{Problem: orNil(problem)}))
		return err
	})
}

// retried is retry, asked for in whatever way ask does.
func (r *remote) retried(ctx context.Context, conn client.Connection, ask func() error) (uuid.UUID, error) {
	before, err := r.latest(ctx, conn.ID, client.RunKindRetry)
	if err != nil {
		return uuid.Nil, err
	}
	last, err := r.lastEvent(ctx, conn)
	if err != nil {
		return uuid.Nil, err
	}
	if err := ask(); err != nil {
		return uuid.Nil, err
	}
	if before != nil && before.FinishedAt == nil {
		return before.ID, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, beginsWithin, errors.New("the retry was asked for and has not begun: `starter status` may tell why"))
	defer cancel()
	var id uuid.UUID
	err = poll(ctx, lookEvery, func() (bool, error) {
		run, err := r.latest(ctx, conn.ID, client.RunKindRetry)
		if err != nil {
			return false, err
		}
		if run != nil && (before == nil || run.ID != before.ID) {
			id = run.ID
			return true, nil
		}
		news, err := r.events(ctx, conn, eventQuery{limit: pageMost}, func(e client.Event) bool { return later(e.ID, last) })
		return slices.ContainsFunc(news, func(e client.Event) bool { return e.Outcome == foundNothing }), err
	})
	return id, err
}

// lastEvent returns the id of the latest event of a connection, or nothing.
func (r *remote) lastEvent(ctx context.Context, conn client.Connection) (string, error) {
	events, err := r.events(ctx, conn, eventQuery{limit: 1}, func(client.Event) bool { return true })
	if err != nil || len(events) == 0 {
		return "", err
	}
	return events[0].ID, nil
}
