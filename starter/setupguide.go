package main

import (
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) setupGuideCommand() *cobra.Command {
	return group("guide", "Dismiss the setup guide of a connection, or have it back",
		f.setupGuideSetCommand("dismiss", "Dismiss the setup guide of a connection, for everybody in the workspace", true),
		f.setupGuideSetCommand("restore", "Have the setup guide of a connection back", false))
}

func (f *face) setupGuideSetCommand(name, short string, dismissed bool) *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   name + " [CONNECTION]",
		Short: short,
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			guide, err := answer[client.Guide](r.SetGuideWithResponse(ctx, conn.ID, &client.SetGuideParams{IdempotencyKey: requestKey()},
				client.Guide{Dismissed: dismissed}))
			if err != nil {
				return err
			}
			if guide.Dismissed {
				f.say("Nobody in the workspace is shown the setup guide of %s any more.", conn.Label)
				f.say("Next: %s has it back.", f.step("guide restore"))
			} else {
				f.say("The setup guide of %s is shown again.", conn.Label)
				f.say("Next: %s tells what is done and what is next.", f.step("status"))
			}
			return f.onlyJSON(guide)
		},
	})
}
