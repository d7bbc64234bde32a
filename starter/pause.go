package main

import (
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) pauseCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "pause [CONNECTION]",
		Short: "Stop sending until it is resumed",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			conn, err = answer[client.Connection](r.PauseConnectionWithResponse(ctx, conn.ID, &client.PauseConnectionParams{IdempotencyKey: requestKey()}))
			if err != nil {
				return err
			}
			f.say("%s pauses in a moment; calls that are under way are finished, and changes are kept for later.", conn.Label)
			f.say("Next: `starter resume` goes on.")
			return f.onlyJSON(conn)
		},
	})
}
