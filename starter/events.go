package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

const (
	// pageMost is the most events that the API answers at once.
	pageMost = 500

	// newsEvery is how often --follow asks for news.
	newsEvery = time.Second
)

// eventQuery says which events are wanted.
type eventQuery struct {
	outcome, problem string
	run              *uuid.UUID // only what it did, if one is named
	limit            int
}

func (f *face) eventsCommand() *cobra.Command {
	query := eventQuery{limit: 50}
	var follow bool
	cmd := &cobra.Command{
		Use:   "events [CONNECTION]",
		Short: "Show what happened, the latest last",
		Long:  "Shows the activity log of a connection: what became of each record and why. With --json, one event a line.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if query.limit < 1 {
				return &usageError{problem: "--limit takes a number above 0", usage: cmd.UseLine()}
			}
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			return f.showEvents(ctx, r, conn, query, follow)
		},
	}
	cmd.Flags().IntVar(&query.limit, "limit", query.limit, "how many of the latest")
	cmd.Flags().StringVar(&query.outcome, "outcome", "", "only those with this outcome, such as failed")
	cmd.Flags().StringVar(&query.problem, "problem", "", "only those with this problem, such as validation_rule")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on with what happens next, until Ctrl-C")
	return f.remotely(cmd)
}

func (f *face) showEvents(ctx context.Context, r *remote, conn client.Connection, query eventQuery, follow bool) error {
	events, err := r.events(ctx, conn, query, func(client.Event) bool { return true })
	if err != nil {
		return err
	}
	if len(events) == 0 && !follow {
		f.say("Nothing of that kind has happened.")
	}
	last := ""
	for {
		for _, e := range events {
			if err := f.printEvent(e); err != nil {
				return err
			}
			last = e.ID
		}
		if !follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil // as was asked
		case <-time.After(newsEvery):
		}
		all := query
		all.limit = 1 << 30
		events, err = r.events(ctx, conn, all, func(e client.Event) bool { return later(e.ID, last) })
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
}

// events returns the latest events of a connection, oldest first: as many as are
// wanted, up to the first that is none any more.
func (r *remote) events(ctx context.Context, conn client.Connection, query eventQuery, wanted func(client.Event) bool) ([]client.Event, error) {
	var events []client.Event
	params := client.ListEventsParams{Outcome: orNil(query.outcome), Problem: orNil(query.problem), Run: query.run}
	for {
		page := min(pageMost, query.limit-len(events))
		params.Limit = &page
		got, err := answer[client.EventPage](r.ListEventsWithResponse(ctx, conn.ID, &params))
		if err != nil {
			return nil, err
		}
		for _, e := range got.Items {
			if !wanted(e) {
				slices.Reverse(events)
				return events, nil
			}
			events = append(events, e)
		}
		if got.Next == nil || len(events) >= query.limit {
			slices.Reverse(events)
			return events, nil
		}
		params.Before = got.Next
	}
}

// later compares the ids of events, which are numbers that grow.
func later(id, than string) bool {
	if len(id) != len(than) {
		return len(id) > len(than)
	}
	return id > than
}

func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// printEvent prints an event as a line, and below it what a person can do about
// it.
func (f *face) printEvent(e client.Event) error {
	if f.json {
		return f.document(e)
	}
	parts := []string{moment(e.At)}
	if e.ExternalID == "" {
		parts = append(parts, strings.ReplaceAll(e.Outcome, "_", " "))
	} else {
		parts = append(parts, fmt.Sprintf("%-9s", e.Outcome), e.Object+" "+e.ExternalID)
	}
	if e.CRMID != "" {
		parts = append(parts, "→ "+e.CRMType+" "+e.CRMID)
	}
	f.say("%s", strings.Join(parts, "  "))
	if e.Problem == nil && e.Detail != "" {
		f.say("    %s", e.Detail)
	}
	if p := e.Problem; p != nil {
		f.say("    %s: %s", p.Title, p.Meaning)
		if e.Detail != "" {
			f.say("    it said: %s", e.Detail)
		}
		f.say("    %s", p.Fix)
	}
	return nil
}
