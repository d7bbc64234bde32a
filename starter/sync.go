package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) syncCommand() *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use:   "sync [CONNECTION]",
		Short: "Send what has changed now, rather than at the next cycle",
		Long:  "What changes is sent by itself, as often as `starter settings` says. This looks for it at once.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			if noWait {
				if err := r.askToSync(ctx, conn); err != nil {
					return err
				}
				f.say("%s is looked at in a moment. Next: `starter events --follow`.", conn.Label)
				return f.onlyJSON(conn)
			}
			shown := f.progress(-1, "looking for changes")
			synced, err := r.sync(ctx, conn)
			shown.end()
			if err != nil {
				return err
			}
			f.reportSync(synced)
			return f.onlyJSON(synced)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait until it has been looked")
	return f.remotely(cmd)
}

// synced is what a look for changes came to.
type synced struct {
	At   time.Time    `json:"synced_at"`
	Runs []client.Run `json:"runs"` // of what had changed; none when nothing had
}

func (r *remote) askToSync(ctx context.Context, conn client.Connection) error {
	_, err := answer[client.Connection](r.SyncConnectionWithResponse(ctx, conn.ID, &client.SyncConnectionParams{IdempotencyKey: requestKey()}))
	return err
}

// sync has a connection look for changes and returns what it came to. A cycle
// that was under way may end first; it is taken for this one.
func (r *remote) sync(ctx context.Context, conn client.Connection) (synced, error) {
	before, err := r.syncs(ctx, conn)
	if err != nil {
		return synced{}, err
	}
	if err := r.askToSync(ctx, conn); err != nil {
		return synced{}, err
	}
	stuck := errors.New("the sync was asked for and has not ended: `starter status` and `starter runs` may tell why")
	ctx, cancel := context.WithTimeoutCause(ctx, syncedWithin, stuck)
	defer cancel()
	out := synced{Runs: []client.Run{}}
	err = poll(ctx, lookEvery, func() (bool, error) {
		now, err := answer[client.Connection](r.GetConnectionWithResponse(ctx, conn.ID))
		if err != nil || now.SyncedAt == nil || conn.SyncedAt != nil && !now.SyncedAt.After(*conn.SyncedAt) {
			return false, err
		}
		out.At = *now.SyncedAt
		return true, nil
	})
	if err != nil {
		return out, err
	}
	after, err := r.syncs(ctx, conn)
	for _, run := range after {
		if !slices.ContainsFunc(before, func(b client.Run) bool { return b.ID == run.ID && b.FinishedAt != nil }) {
			out.Runs = append(out.Runs, run)
		}
	}
	return out, err
}

// syncedWithin is how long a cycle that a person asked for may take.
const syncedWithin = 5 * time.Minute

// syncs returns the latest runs of a connection that a cycle began.
func (r *remote) syncs(ctx context.Context, conn client.Connection) ([]client.Run, error) {
	list, err := answer[client.RunList](r.ListRunsWithResponse(ctx, conn.ID, nil))
	return slices.DeleteFunc(list.Items, func(run client.Run) bool { return run.Kind != client.RunKindSync }), err
}

func (f *face) reportSync(s synced) {
	if len(s.Runs) == 0 {
		f.say("Nothing has changed since it was last looked.")
		f.say("Next: `starter records load FILE` brings changes; they are sent by themselves, too.")
		return
	}
	var failed int64
	for _, run := range s.Runs {
		f.say("%s: %s.", plural(run.Counts.Total, "changed record"), outcome(run.Counts))
		failed += run.Counts.Failed
		if run.Reason != "" {
			f.say("  %s", run.Reason)
		}
	}
	if failed > 0 {
		f.say("Next: `starter failed` tells why records failed and what to do about it, `starter retry` sends them again.")
	} else {
		f.say("Next: `starter events` shows what became of each record.")
	}
}
