package main

import (
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) resumeCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "resume [CONNECTION]",
		Short: "Go on after a pause",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			conn, err = answer[client.Connection](r.ResumeConnectionWithResponse(ctx, conn.ID, &client.ResumeConnectionParams{IdempotencyKey: requestKey()}))
			if err != nil {
				return err
			}
			f.say("%s goes on in a moment.", conn.Label)
			f.say("Next: `starter status` tells how far it is.")
			return f.onlyJSON(conn)
		},
	})
}
