package main

import (
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) workspaceShowCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "show",
		Short: "Show the workspace that the API key belongs to, what the key may do, and how many records there are",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.remote()
			if err != nil {
				return err
			}
			w, err := answer[client.Workspace](r.GetWorkspaceWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(w)
			}
			f.say("Workspace %q, since %s", w.Name, moment(w.CreatedAt))
			f.say("  id         %s", w.ID)
			f.say("  key        %s  (its records' external ids in a CRM begin with it)", w.Key)
			f.say("  API key    %s (`starter api-keys issue --help` says what each role may do)", w.Role)
			f.say("  contacts   %s", thousands(w.Records.Contact))
			f.say("  companies  %s", thousands(w.Records.Company))
			f.say("Next: `starter connections` lists the CRMs it is connected to, `starter records list` what it owns.")
			return nil
		},
	})
}
