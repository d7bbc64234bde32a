package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) healthCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "health [CONNECTION]",
		Short: "Tell in plain English how the last day went, and what keeps records from the CRM",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			health, err := r.health(ctx, conn)
			if err != nil {
				return err
			}
			if f.json {
				return f.document(health)
			}
			f.printHealth(conn, health)
			return nil
		},
	})
}

func (f *face) printHealth(conn client.Connection, h client.ConnectionHealth) {
	f.say("%s", title(conn))
	f.say("  %s", h.Headline)
	f.say("  %s", h.Summary)
	if at := h.Freshness.SyncedAt; at != nil {
		f.say("  Changes were last looked for %s ago.", span(time.Since(*at).Round(time.Second)))
	}
	if h.Freshness.Pending > 0 {
		f.say("  On the way: %s; the first has waited for %s.", plural(h.Freshness.Pending, "record"), span(time.Duration(h.Freshness.PendingSeconds)*time.Second))
	}
	for _, card := range h.Problems {
		f.say("\n%s", affected(card))
		f.say("  %s", card.Problem.Meaning)
		f.say("  %s", card.Problem.Fix)
		if len(card.Examples) > 0 {
			f.say("  such as %s", strings.Join(card.Examples, ", "))
		}
		if card.Retry != nil {
			f.say("  %s sends them again.", f.step("retry --problem "+card.Problem.Code))
		}
	}
	if next := f.nextOf(conn, h); next != "" {
		f.say("Next: %s", next)
	}
}
