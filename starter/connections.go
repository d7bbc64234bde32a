package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) connectionsCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "connections",
		Short: "List the workspace's connections, oldest first",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.remote()
			if err != nil {
				return err
			}
			list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(list)
			}
			f.printConnections(list.Items)
			return nil
		},
	})
}

func (f *face) printConnections(connections []client.Connection) {
	if len(connections) == 0 {
		f.say("No connection yet. Next: `starter connect salesforce`, or hubspot.")
		return
	}
	w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "CONNECTION\tCRM\tACCOUNT\tSTATUS")
	for _, c := range connections {
		account := "nobody has signed in"
		if c.Account != nil {
			account = fmt.Sprintf("%s (%s)", c.Account.Name, c.Account.Environment)
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.ID, c.Vendor, account, strings.ReplaceAll(string(c.Status), "_", " "))
	}
	_ = w.Flush()
	f.say("Next: `starter status CONNECTION` tells where one stands, `starter health CONNECTION` how it does.")
}
