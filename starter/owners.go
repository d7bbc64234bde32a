package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) ownersCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "owners [CONNECTION]",
		Short: "List the CRM's users that new records can be given to",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			list, err := r.owners(ctx, conn)
			if err != nil {
				return err
			}
			if f.json {
				return f.document(list)
			}
			f.printOwners(conn, list)
			return nil
		},
	})
}

func (r *remote) owners(ctx context.Context, conn client.Connection) (client.OwnerList, error) {
	return answer[client.OwnerList](r.ListOwnersWithResponse(ctx, conn.ID))
}

func (f *face) printOwners(conn client.Connection, list client.OwnerList) {
	if !list.CanList {
		f.say("%s has not told who its users are: either nobody has asked yet, or the login may not list them.", conn.Label)
		f.say("Next: `starter discover %s` asks.", conn.Vendor)
		return
	}
	w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "OWNER\tNAME\tE-MAIL\t")
	for _, owner := range list.Items {
		note := ""
		switch {
		case !owner.Active:
			note = "inactive: can be given nothing"
		case owner.ID == told(conn.OwnerID):
			note = "is given new records"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", owner.ID, owner.Name, owner.Email, note)
	}
	_ = w.Flush()
	f.say("Next: `starter settings %s --owner OWNER` gives new records to one of them.", conn.Vendor)
}
