package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) recordsListCommand() *cobra.Command {
	object, limit := string(client.ObjectContact), 50
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the workspace's records, in the order they were first loaded",
		Long:  "With --json, one record a line, with all its fields.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case limit < 1:
				return &usageError{problem: "--limit takes a number above 0", usage: cmd.UseLine()}
			case !client.Object(object).Valid():
				return &usageError{problem: fmt.Sprintf("--object is %q: it is contact or company", object), usage: cmd.UseLine()}
			}
			r, err := f.remote()
			if err != nil {
				return err
			}
			records, more, err := r.records(cmd.Context(), client.Object(object), limit)
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
			f.printRecords(records, more)
			return nil
		},
	}
	cmd.Flags().StringVar(&object, "object", object, "the kind of record: contact or company")
	cmd.Flags().IntVar(&limit, "limit", limit, "how many at most")
	return f.remotely(cmd)
}

// records returns the first records that were loaded, as many as are wanted, and
// whether there are more.
func (r *remote) records(ctx context.Context, object client.Object, limit int) ([]client.Record, bool, error) {
	params := client.ListRecordsParams{Object: &object}
	var records []client.Record
	for {
		page := min(pageMost, limit-len(records))
		params.Limit = &page
		got, err := answer[client.RecordPage](r.ListRecordsWithResponse(ctx, &params))
		if err != nil {
			return nil, false, err
		}
		records = append(records, got.Items...)
		if got.Next == nil || len(records) >= limit {
			return records, got.Next != nil, nil
		}
		after, err := uuid.Parse(*got.Next)
		if err != nil {
			return nil, false, fmt.Errorf("reading the next page: %w", err)
		}
		params.After = &after
	}
}

func (f *face) printRecords(records []client.Record, more bool) {
	if len(records) == 0 {
		f.say("No record of that kind yet. Next: `starter records load FILE`.")
		return
	}
	w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "EXTERNAL ID\tNAME\tFIELDS\tREVISION\tCHANGED")
	for _, record := range records {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", record.ExternalID, nameOf(record), len(record.Fields), record.Revision,
			moment(record.UpdatedAt))
	}
	_ = w.Flush()
	if more {
		f.say("There are more; --limit shows them.")
	}
	f.say("Next: --json shows every field; `starter events` what became of each record in the CRM.")
}

// nameOf is what people call a record, where its fields say.
func nameOf(record client.Record) string {
	var parts []string
	for _, field := range []string{"name", "first_name", "last_name"} {
		if part, ok := record.Fields[field].(string); ok && part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, " ")
}
