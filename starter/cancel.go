package main

import (
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) cancelCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "cancel RUN",
		Short: "End a run early; what was sent stays in the CRM",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := uuid.Parse(args[0])
			if err != nil {
				return &usageError{problem: fmt.Sprintf("%q is no run's id: `starter runs` lists them", args[0]), usage: cmd.UseLine()}
			}
			r, err := f.remote()
			if err != nil {
				return err
			}
			run, err := answer[client.Run](r.CancelRunWithResponse(cmd.Context(), id, &client.CancelRunParams{IdempotencyKey: requestKey()}))
			if err != nil {
				return err
			}
			f.say("The run ends in a moment. What was sent stays in the CRM; what was not is skipped, and says so.")
			f.say("Next: `starter resync` sends the rest, with everything else.")
			return f.onlyJSON(run)
		},
	})
}
