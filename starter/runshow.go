package main

import (
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) runShowCommand() *cobra.Command {
	var follow bool
	cmd := &cobra.Command{
		Use:   "show RUN",
		Short: "Tell how far a run is and what it came to; with --follow, to its end",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			id, err := uuid.Parse(args[0])
			if err != nil {
				return &usageError{problem: fmt.Sprintf("%q is no run's id: `starter runs` lists them", args[0]), usage: cmd.UseLine()}
			}
			r, err := f.remote()
			if err != nil {
				return err
			}
			if follow {
				return f.finish(ctx, r, id, "run", false)
			}
			run, err := answer[client.Run](r.GetRunWithResponse(ctx, id))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(run)
			}
			f.printRun(run)
			return nil
		},
	}
	cmd.Flags().BoolVar(&follow, "follow", false, "show how it goes on, to its end")
	return f.remotely(cmd)
}

func (f *face) printRun(run client.Run) {
	f.say("%s %s: %s", run.Kind, run.ID, standing(run))
	f.say("  of connection %s", run.ConnectionID)
	f.say("  %.0f %%, %s", math.Floor(run.Progress.Percent), far(run))
	f.say("  begun %s", moment(run.StartedAt))
	if run.FinishedAt != nil {
		f.say("  ended %s", moment(*run.FinishedAt))
		f.conclude(run)
		return
	}
	f.say("  so far %s", become(run))
	if run.TemporalURL != nil {
		f.say("  in Temporal: %s", *run.TemporalURL)
	}
	f.say("Next: `starter runs show %s --follow` shows how it goes on, `starter cancel %[1]s` ends it early.", run.ID)
}
