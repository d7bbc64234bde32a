package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) mappingResetCommand() *cobra.Command {
	var object string
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset [CONNECTION]",
		Short: "Go back to the default mapping; on a terminal it asks first",
		Long: "The default mapping fills what can be filled without asking, by the fields that were last discovered. Rules of your own\n" +
			"are gone then. Every record that is in the CRM is sent again with the next sync.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := mapped(object, cmd.UseLine()); err != nil {
				return err
			}
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			kind := client.Object(object)
			before, tag, err := r.tagged(ctx, conn, kind)
			if err != nil {
				return err
			}
			if !yes && terminal(f.stdin) && terminal(f.talk()) {
				question := fmt.Sprintf("Put the default mapping in the place of version %d of %s, %s", before.Version, conn.Label, plural(len(before.Rules), "rule"))
				if err := f.confirm(question); err != nil {
					return err
				}
			}
			saved, err := answer[client.SavedMapping](r.ResetMappingWithResponse(ctx, conn.ID,
				&client.ResetMappingParams{Object: &kind, IfMatch: &tag, IdempotencyKey: requestKey()}))
			if err != nil {
				return f.refusedRules(err, nil)
			}
			return f.reportSaved(conn, before, saved)
		},
	}
	cmd.Flags().StringVar(&object, "object", string(client.ObjectContact), "the kind of record: contact or company")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return f.remotely(cmd)
}
