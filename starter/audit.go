package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) auditCommand() *cobra.Command {
	limit, target := 50, ""
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Show who has changed what in the workspace, the latest last",
		Long:  "With --json, one change a line. The key that this is asked with has to be an admin's.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 1 {
				return &usageError{problem: "--limit takes a number above 0", usage: cmd.UseLine()}
			}
			r, err := f.remote()
			if err != nil {
				return err
			}
			entries, more, err := r.audit(cmd.Context(), target, limit)
			if err != nil {
				return err
			}
			if f.json {
				for _, entry := range entries {
					if err := f.document(entry); err != nil {
						return err
					}
				}
				return nil
			}
			f.printAudit(entries, more)
			return nil
		},
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "how many of the latest")
	cmd.Flags().StringVar(&target, "target", "", "only changes of this, such as connection/ID, run/ID or key/ID")
	return f.remotely(cmd)
}

// audit returns the latest changes, of one target where one is named, oldest
// first and as many as are wanted, and whether there are more.
func (r *remote) audit(ctx context.Context, target string, limit int) ([]client.AuditEntry, bool, error) {
	params := client.ListAuditParams{Target: orNil(target)}
	var entries []client.AuditEntry
	for {
		page := min(pageMost, limit-len(entries))
		params.Limit = &page
		got, err := answer[client.AuditPage](r.ListAuditWithResponse(ctx, &params))
		if err != nil {
			return nil, false, err
		}
		entries = append(entries, got.Items...)
		if got.Next == nil || len(entries) >= limit {
			slices.Reverse(entries)
			return entries, got.Next != nil, nil
		}
		params.Before = got.Next
	}
}

func (f *face) printAudit(entries []client.AuditEntry, more bool) {
	if len(entries) == 0 {
		f.say("Nothing of that kind has been changed.")
		return
	}
	if more {
		f.say("There are earlier ones; --limit shows them.")
	}
	w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "WHEN\tWHO\tWHAT\tOF\t")
	for _, e := range entries {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", moment(e.At), who(e), e.Action, cmp.Or(e.Target, "the workspace"), e.Detail)
	}
	_ = w.Flush()
}

// who is whoever has made a change: a key by its name, else the kind of somebody.
func who(e client.AuditEntry) string {
	if e.KeyName == "" {
		return strings.ReplaceAll(string(e.Actor), "_", " ")
	}
	return fmt.Sprintf("%s (%s)", e.KeyName, e.Role)
}
