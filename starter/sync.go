package main

import (
	"context"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) syncCommand() *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use:   "sync [CONNECTION]",
		Short: "Send what has changed now, rather than at the next cycle",
		Long: "What changes is sent by itself, as often as `starter settings` says. This looks for it at once, and waits until it is\n" +
			"sent. Stopping this command does not stop that.",
		Args: positionals,
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
				f.say("%s is looked at in a moment. Next: %s.", conn.Label, f.step("events --follow"))
				return f.onlyJSON(conn)
			}
			return f.syncAndWait(ctx, r, conn)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait until it has been looked")
	return f.remotely(cmd)
}

func (r *remote) askToSync(ctx context.Context, conn client.Connection) error {
	_, err := answer[client.Connection](r.SyncConnectionWithResponse(ctx, conn.ID, &client.SyncConnectionParams{IdempotencyKey: requestKey()}))
	return err
}

// syncAndWait has a connection look for changes, and shows one progress over all
// that it sends.
func (f *face) syncAndWait(ctx context.Context, r *remote, conn client.Connection) error {
	shown, spins, most := f.progress(-1, "looking for changes"), true, int64(0)
	so, err := r.sync(ctx, conn, func(so synced, total int64) {
		if most = max(most, total); most == 0 { // what was just done may not be counted yet
			return
		}
		if spins {
			shown.end()
			shown, spins = f.progress(most, "sync"), false
		}
		done := so.counts().Done
		shown.of(most)
		shown.show(done, thousands(done)+" of "+thousands(most))
	})
	shown.end()
	if err != nil {
		f.sayGoesOn("sync", err)
		return err
	}
	f.reportSync(so)
	if so.Pending > 0 {
		if conn, err = answer[client.Connection](r.GetConnectionWithResponse(ctx, conn.ID)); err != nil {
			return err
		}
		f.say("%s", f.onTheWay(conn, so.Pending))
	}
	f.say("Next: %s", f.afterSync(so))
	return f.onlyJSON(so)
}

// reportSync says what a look for changes came to.
func (f *face) reportSync(so synced) {
	if len(so.Runs) == 0 {
		if so.Pending == 0 {
			f.say("Nothing has changed since it was last looked.")
		}
		return
	}
	counts := so.counts()
	f.say("%s: %s.", plural(counts.Total, "changed record"), outcome(counts))
	if reason := so.Runs[0].Reason; reason != "" {
		f.say("  %s", reason)
	}
}

// afterSync says what a person can do next.
func (f *face) afterSync(so synced) string {
	well := f.step("events") + " shows what became of each record."
	switch {
	case so.Pending > 0:
		well = f.step("status") + " tells how many are left."
	case len(so.Runs) == 0:
		well = "`starter records load FILE` brings changes; they are sent by themselves, too."
	}
	return f.afterSending(so.counts(), well)
}
