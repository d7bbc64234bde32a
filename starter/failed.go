package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// stranded says which of the records that have not arrived are wanted.
type stranded struct {
	outcome, problem string
	limit            int
}

func (f *face) failedCommand() *cobra.Command {
	query := stranded{limit: 100}
	cmd := &cobra.Command{
		Use:   "failed [CONNECTION]",
		Short: "Show the records that have not arrived, why, and what to do about it",
		Long: "Those that failed, wait, or were left alone on purpose, as they stand now, by problem. With --json, one record a\n" +
			"line in the order they were first loaded.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if query.limit < 1 {
				return &usageError{problem: "--limit takes a number above 0", usage: cmd.UseLine()}
			}
			if o := client.FailedOutcome(query.outcome); o != "" && !o.Valid() {
				return &usageError{problem: fmt.Sprintf("--outcome is %q: it is failed, waiting or skipped", query.outcome), usage: cmd.UseLine()}
			}
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			records, more, err := r.stranded(ctx, conn, query)
			if err != nil {
				return err
			}
			if f.json {
				for _, record := range records {
					if err := f.document(record); err != nil {
						return err
					}
				}
				return nil
			}
			f.printStranded(records, more)
			return nil
		},
	}
	cmd.Flags().StringVar(&query.outcome, "outcome", "", "only those: failed, waiting or skipped")
	cmd.Flags().StringVar(&query.problem, "problem", "", "only those with this problem, such as validation_rule")
	cmd.Flags().IntVar(&query.limit, "limit", query.limit, "how many at most")
	return f.remotely(cmd)
}

// stranded returns the records that have not arrived, as many as are wanted, and
// whether there are more.
func (r *remote) stranded(ctx context.Context, conn client.Connection, query stranded) ([]client.Failed, bool, error) {
	params := client.ListFailedParams{Problem: orNil(query.problem)}
	if query.outcome != "" {
		outcome := client.FailedOutcome(query.outcome)
		params.Outcome = &outcome
	}
	var records []client.Failed
	for {
		page := min(pageMost, query.limit-len(records))
		params.Limit = &page
		got, err := answer[client.FailedPage](r.ListFailedWithResponse(ctx, conn.ID, &params))
		if err != nil {
			return nil, false, err
		}
		records = append(records, got.Items...)
		if got.Next == nil || len(records) >= query.limit {
			return records, got.Next != nil, nil
		}
		after, err := uuid.Parse(*got.Next)
		if err != nil {
			return nil, false, fmt.Errorf("reading the next page: %w", err)
		}
		params.After = &after
	}
}

// printStranded prints records by what keeps them, with its meaning and fix.
func (f *face) printStranded(records []client.Failed, more bool) {
	if len(records) == 0 {
		f.say("Everything that was sent has arrived.")
		return
	}
	type keeper struct{ outcome, code string }
	var order []keeper
	by := make(map[keeper][]client.Failed)
	for _, record := range records {
		k := keeper{outcome: string(record.Outcome)}
		if record.Problem != nil {
			k.code = record.Problem.Code
		}
		if by[k] == nil {
			order = append(order, k)
		}
		by[k] = append(by[k], record)
	}
	for _, k := range order {
		f.printKept(k.outcome, by[k])
	}
	if more {
		f.say("There are more; --limit shows them.")
	}
	f.say("Next: mend what it says, then `starter retry`, or `starter retry --problem CODE` for one problem.")
}

// printKept prints records that the same problem keeps.
func (f *face) printKept(outcome string, records []client.Failed) {
	if p := records[0].Problem; p != nil {
		f.say("%s %s: %s (%s)", plural(len(records), "record"), outcome, p.Title, p.Code)
		f.say("  %s", p.Meaning)
		f.say("  %s", p.Fix)
	} else {
		f.say("%s %s", plural(len(records), "record"), outcome)
	}
	for _, record := range records {
		line := record.Object + " " + record.ExternalID
		if record.CRMID != "" {
			line += "  → " + record.CRMType + " " + record.CRMID
		}
		if record.Detail != "" {
			line += "  it said: " + record.Detail
		}
		f.say("    %s", line)
	}
	f.say("")
}
