package main

import (
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) skipCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "skip-import [CONNECTION]",
		Short: "Choose not to import: only what changes from now on is sent",
		Long:  "Is chosen once, when the connection is ready. `starter resync` sends everything after all.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			chosen, err := answer[client.StartingPointChosen](r.ChooseStartingPointWithResponse(ctx, conn.ID,
				&client.ChooseStartingPointParams{IdempotencyKey: requestKey()}, client.ChooseStartingPoint{Choice: client.StartingPointSkip}))
			if err != nil {
				return err
			}
			f.say("%s is live. What is there already stays unsent; what changes from now on is sent.", conn.Label)
			f.say("Changed your mind? `starter resync` sends everything.")
			return f.onlyJSON(chosen)
		},
	})
}
