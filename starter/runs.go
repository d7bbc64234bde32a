package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) runsCommand() *cobra.Command {
	limit := 20
	cmd := &cobra.Command{
		Use:   "runs [CONNECTION]",
		Short: "List the latest runs of a connection, newest first",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			list, err := answer[client.RunList](r.ListRunsWithResponse(ctx, conn.ID, &client.ListRunsParams{Limit: &limit}))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(list)
			}
			f.printRuns(list.Items)
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "how many")
	cmd.AddCommand(f.runShowCommand())
	return f.remotely(cmd)
}

func (f *face) printRuns(runs []client.Run) {
	if len(runs) == 0 {
		f.say("No run yet. Next: `starter import`.")
		return
	}
	w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "RUN\tKIND\tSTATE\tSTARTED\tRECORDS\tOUTCOME")
	for _, run := range runs {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n",
			run.ID, run.Kind, run.State, moment(run.StartedAt), thousands(run.Counts.Total), become(run))
	}
	_ = w.Flush()
}

// become is what has become of a run, so far or for good.
func become(run client.Run) string {
	c := run.Counts
	switch settled := c.Created + c.Updated + c.Unchanged + c.Waiting + c.Skipped + c.Failed; {
	case settled > 0:
		return outcome(c)
	case run.FinishedAt == nil:
		return "nothing yet"
	case run.Reason != "":
		return run.Reason
	}
	return outcome(c)
}
