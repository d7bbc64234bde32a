package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// examplesShown is how many records of each problem are shown when nobody says
// how many.
const examplesShown = 5

// stranded says which of the records that have not arrived are wanted.
type stranded struct {
	outcome, problem string
	limit            int // 0 when it is not said
}

func (f *face) failedCommand() *cobra.Command {
	var query stranded
	cmd := &cobra.Command{
		Use:   "failed [CONNECTION]",
		Short: "Show the records that have not arrived, why, and what to do about it",
		Long: "As they stand now, by problem: first what failed, then what waits, and at last what was left alone on purpose. Of each\n" +
			"problem it says how many records have it and shows a few; with --problem all that have it. With --json it is all of\n" +
			"them, one record a line, in the same order.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if query.limit < 1 && cmd.Flags().Changed("limit") {
				return &usageError{problem: "--limit takes a number above 0", usage: cmd.UseLine()}
			}
			if o := client.FailedOutcome(query.outcome); o != "" && !o.Valid() {
				return &usageError{problem: fmt.Sprintf("--outcome is %q: it is failed, waiting or skipped", query.outcome), usage: cmd.UseLine()}
			}
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			if err := r.problemExists(ctx, query.problem); err != nil {
				return err
			}
			if f.json {
				return f.documentStranded(ctx, r, conn, query)
			}
			return f.printStranded(ctx, r, conn, query)
		},
	}
	cmd.Flags().StringVar(&query.outcome, "outcome", "", "only those: failed, waiting or skipped")
	cmd.Flags().StringVar(&query.problem, "problem", "", "only those with this problem, such as validation_rule")
	cmd.Flags().IntVar(&query.limit, "limit", 0, fmt.Sprintf("how many of each problem at most (default %d, with --problem all); with --json how many at all (default all)", examplesShown))
	return f.remotely(cmd)
}

// problemExists refuses a code that no problem has; none is no fault.
func (r *remote) problemExists(ctx context.Context, code string) error {
	if code == "" {
		return nil
	}
	list, err := answer[client.ProblemList](r.ListProblemsWithResponse(ctx))
	if err != nil || slices.ContainsFunc(list.Items, func(p client.Explanation) bool { return p.Code == code }) {
		return err
	}
	return &client.Problem{
		Code: "problem_unknown", Status: http.StatusUnprocessableEntity, Title: "Problem not known",
		Detail: fmt.Sprintf("%q is no problem that a record can have.", code), Fix: "`starter failed` without --problem shows those that there are.",
	}
}

// stranded yields the records that have not arrived, in the order they were
// first loaded.
func (r *remote) stranded(ctx context.Context, conn client.Connection, query stranded) iter.Seq2[client.Failed, error] {
	params := client.ListFailedParams{Problem: orNil(query.problem), Limit: new(pageMost)}
	if query.limit > 0 {
		params.Limit = new(min(pageMost, query.limit))
	}
	if query.outcome != "" {
		params.Outcome = new(client.FailedOutcome(query.outcome))
	}
	return func(yield func(client.Failed, error) bool) {
		for n := 0; ; {
			page, err := answer[client.FailedPage](r.ListFailedWithResponse(ctx, conn.ID, &params))
			if err != nil {
				yield(client.Failed{}, err)
				return
			}
			for _, record := range page.Items {
				if n++; !yield(record, nil) || n == query.limit {
					return
				}
			}
			if page.Next == nil {
				return
			}
			after, err := uuid.Parse(*page.Next)
			if err != nil {
				yield(client.Failed{}, errors.New("asking for the next page: the API names one that cannot be read"))
				return
			}
			params.After = &after
		}
	}
}

// documentStranded prints the records, one a line, the worst first.
func (f *face) documentStranded(ctx context.Context, r *remote, conn client.Connection, query stranded) error {
	printed := 0
	for _, outcome := range []client.FailedOutcome{client.FailedOutcomeFailed, client.FailedOutcomeWaiting, client.FailedOutcomeSkipped} {
		if query.outcome != "" && query.outcome != string(outcome) || query.limit > 0 && printed == query.limit {
			continue
		}
		one := query
		one.outcome, one.limit = string(outcome), max(0, query.limit-printed)
		for record, err := range r.stranded(ctx, conn, one) {
			if err != nil {
				return err
			}
			if err := f.document(record); err != nil {
				return err
			}
			printed++
		}
	}
	return nil
}

// printStranded prints each problem with its meaning and fix, how many records
// it keeps, and which.
func (f *face) printStranded(ctx context.Context, r *remote, conn client.Connection, query stranded) error {
	health, err := r.health(ctx, conn)
	if err != nil {
		return err
	}
	var wanted, others []client.ProblemCard
	for _, card := range health.Problems {
		if (query.outcome == "" || query.outcome == string(card.Outcome)) && (query.problem == "" || query.problem == card.Problem.Code) {
			wanted = append(wanted, card)
		} else {
			others = append(others, card)
		}
	}
	for _, card := range wanted {
		if err := f.printCard(ctx, r, conn, card, query); err != nil {
			return err
		}
	}
	if len(wanted) == 0 {
		f.sayNone(query, others, health.Freshness.Pending)
	}
	if health.Freshness.Pending > 0 {
		f.say("%s", f.onTheWay(conn, health.Freshness.Pending))
	}
	if len(wanted) > 0 {
		f.say("Next: mend what it says, then %s, or %s for one problem.", f.step("retry"), f.step("retry --problem CODE"))
	}
	return nil
}

// sayNone says that no record is kept in the way that was asked for, and what
// there is besides.
func (f *face) sayNone(query stranded, others []client.ProblemCard, pending int64) {
	none := map[string]string{"": "Nothing", "failed": "Nothing that failed", "waiting": "Nothing that waits", "skipped": "Nothing that was skipped"}[query.outcome]
	switch {
	case query.problem != "":
		f.say("%s has that problem.", none)
	case query.outcome != "":
		f.say("%s.", map[string]string{"failed": "Nothing has failed", "waiting": "Nothing waits", "skipped": "Nothing was skipped"}[query.outcome])
	case pending > 0:
		f.say("Nothing has failed, waits or was skipped.")
	default:
		f.say("Everything that was sent has arrived.")
	}
	for _, card := range others {
		f.say("  besides, %s", affected(card))
	}
}

// printCard prints a problem, and records that have it.
func (f *face) printCard(ctx context.Context, r *remote, conn client.Connection, card client.ProblemCard, query stranded) error {
	f.say("%s", affected(card))
	f.say("  %s", card.Problem.Meaning)
	f.say("  %s", card.Problem.Fix)
	one := stranded{outcome: string(card.Outcome), problem: card.Problem.Code, limit: query.limit}
	if one.limit == 0 && query.problem == "" {
		one.limit = examplesShown
	}
	shown := 0
	for record, err := range r.stranded(ctx, conn, one) {
		if err != nil {
			return err
		}
		f.printRecord(record)
		shown++
	}
	if shown == 0 { // Lockstep tries those again by itself, and lists none of them
		for _, id := range card.Examples {
			f.say("    %s", id)
			shown++
		}
	}
	if more := card.Records - int64(shown); more > 0 && shown > 0 {
		f.say("    and %s more: %s", thousands(more), f.step("failed --problem "+card.Problem.Code))
	}
	f.say("")
	return nil
}

// printRecord prints a record that has not arrived.
func (f *face) printRecord(record client.Failed) {
	line := record.Object + " " + record.ExternalID
	if record.CRMID != "" {
		line += "  → " + record.CRMType + " " + record.CRMID
	}
	if record.Detail != "" {
		line += "  it said: " + record.Detail
	}
	f.say("    %s", line)
}
