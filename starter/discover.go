package main

import (
	"context"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) discoverCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "discover [CONNECTION]",
		Short: "Look again at the fields and users that the CRM has",
		Long:  "For when somebody has changed the CRM. The field that holds Lockstep's ids is created where it is missing.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			conn, err = answer[client.Connection](r.DiscoverConnectionWithResponse(ctx, conn.ID, &client.DiscoverConnectionParams{IdempotencyKey: requestKey()}))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(conn)
			}
			return f.reportDiscovery(ctx, r, conn)
		},
	})
}

// reportDiscovery says what there is now of what contacts are kept under.
func (f *face) reportDiscovery(ctx context.Context, r *remote, conn client.Connection) error {
	mapping, err := r.mapping(ctx, conn, client.ObjectContact)
	if err != nil {
		return err
	}
	schema, err := answer[client.Schema](r.GetSchemaWithResponse(ctx, conn.ID, &client.GetSchemaParams{Type: mapping.Type}))
	if err != nil {
		return err
	}
	owners, err := r.owners(ctx, conn)
	if err != nil {
		return err
	}
	f.say("%s has %s on %s, and %s that records can be given to.", conn.Label,
		plural(len(schema.Fields), "field"), schema.Type, plural(len(owners.Items), "user"))
	f.say("Next: `starter mapping` shows which are filled, `starter owners` who the users are.")
	return nil
}
