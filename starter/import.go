package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) importCommand() *cobra.Command {
	var noWait bool
	cmd := &cobra.Command{
		Use:   "import [CONNECTION]",
		Short: "Choose to import everything, and follow the import to its end",
		Long: "Sends every record of the workspace to the connection's CRM. It is chosen once, when the connection is\n" +
			"ready; `starter resync` sends everything again. Stopping this command does not stop the import.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			id, err := r.beginImport(ctx, conn)
			if err != nil {
				return err
			}
			return f.finish(ctx, r, id, "import", noWait)
		},
	}
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not follow the import")
	return f.remotely(cmd)
}

// beginImport makes the one-time choice and returns the import that it starts,
// or the one that is open already.
func (r *remote) beginImport(ctx context.Context, conn client.Connection) (uuid.UUID, error) {
	if conn.CurrentRun != nil {
		return conn.CurrentRun.ID, nil
	}
	chosen, err := answer[client.StartingPointChosen](r.ChooseStartingPointWithResponse(ctx, conn.ID,
		&client.ChooseStartingPointParams{IdempotencyKey: requestKey()}, client.ChooseStartingPoint{Choice: client.StartingPointImport}))
	if err != nil {
		return uuid.Nil, err
	}
	if chosen.RunID == nil {
		return uuid.Nil, errors.New("the import was chosen, but another one was open: see `starter runs`")
	}
	return *chosen.RunID, nil
}

// finish follows a run, called what it is, to its end, unless nobody wants to
// wait, and says what it came to.
func (f *face) finish(ctx context.Context, r *remote, id uuid.UUID, what string, noWait bool) error {
	if noWait {
		run, err := answer[client.Run](r.GetRunWithResponse(ctx, id))
		if err != nil {
			return err
		}
		f.say("The %s has begun: run %s. Next: %s.", what, id, f.step("status"))
		return f.onlyJSON(run)
	}
	run, err := f.follow(ctx, r, id, lookEvery, func(client.Run) error { return nil })
	if err != nil {
		f.sayGoesOn(what, err)
		return err
	}
	f.conclude(run)
	if run.State == client.RunStateCancelled {
		err = fmt.Errorf("the %s was cancelled: %s", what, run.Reason)
	}
	return f.withDocument(run, err)
}

// sayGoesOn says that what was followed goes on, where err only ends the
// following of it.
func (f *face) sayGoesOn(what string, err error) {
	if errors.Is(err, context.Canceled) || away(err) {
		f.say("The %s goes on without you. %s tells how far it is, %s stops it.", what, f.step("status"), f.step("pause"))
	}
}

// conclude says what a run came to and what to do next.
func (f *face) conclude(run client.Run) {
	took := ""
	if run.FirstClaimAt != nil && run.LastSettleAt != nil {
		took = " in " + run.LastSettleAt.Sub(*run.FirstClaimAt).Round(10*time.Millisecond).String()
	}
	f.say("%s%s: %s.", plural(run.Counts.Total, "record"), took, outcome(run.Counts))
	f.say("Next: %s", f.afterSending(run.Counts, f.step("events")+" shows what became of each record."))
	if run.TemporalURL != nil {
		f.say("In Temporal: %s", *run.TemporalURL)
	}
}

// afterSending says what a person can do next about what was sent; well is that
// where nothing was kept out of the CRM.
func (f *face) afterSending(c client.Counts, well string) string {
	switch {
	case c.Failed > 0:
		return f.step("failed") + " tells why records failed and what to do about it, " + f.step("retry") + " sends them again."
	case c.Skipped+c.Waiting > 0:
		return f.step("failed") + " tells why records were skipped or wait."
	}
	return well
}

// onlyJSON prints v where JSON is asked for.
func (f *face) onlyJSON(v any) error {
	if !f.json {
		return nil
	}
	return f.document(v)
}
