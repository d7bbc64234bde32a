package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// nobody is the owner that leaves it to the CRM.
const nobody = "none"

func (f *face) settingsCommand() *cobra.Command {
	var owner string
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "settings [CONNECTION]",
		Short: "Show or change whom new records are given to, and how often changes are sent",
		Long:  "Without flags it shows the settings. What is in the CRM already keeps its owner.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			var change client.UpdateConnection
			if cmd.Flags().Changed("sync-every") {
				if every < time.Minute || every > 24*time.Hour || every%time.Second != 0 {
					return &usageError{problem: "--sync-every takes whole seconds from 1m to 24h, such as 5m", usage: cmd.UseLine()}
				}
				seconds := int(every / time.Second)
				change.SyncEverySeconds = &seconds
			}
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("owner") {
				if change.OwnerID, err = r.ownerNamed(ctx, conn, owner); err != nil {
					return err
				}
			}
			if conn, err = r.change(ctx, conn, change); err != nil {
				return err
			}
			if f.json {
				return f.document(conn)
			}
			return f.printSettings(ctx, r, conn)
		},
	}
	cmd.Flags().StringVar(&owner, "owner", "", "whom new records are given to: an id or e-mail address that `starter owners` lists, or "+nobody)
	cmd.Flags().DurationVar(&every, "sync-every", 0, "how often changes are sent: 1m to 24h")
	return f.remotely(cmd)
}

// change changes settings, where there is something to change.
func (r *remote) change(ctx context.Context, conn client.Connection, change client.UpdateConnection) (client.Connection, error) {
	if change.OwnerID == nil && change.SyncEverySeconds == nil {
		return conn, nil
	}
	return answer[client.Connection](r.UpdateConnectionWithResponse(ctx, conn.ID, &client.UpdateConnectionParams{IdempotencyKey: requestKey()}, change))
}

// ownerNamed returns who is named by id or e-mail address, or null for nobody.
// Whether an id is one is the API's to say.
func (r *remote) ownerNamed(ctx context.Context, conn client.Connection, name string) (json.RawMessage, error) {
	if name == nobody {
		return json.RawMessage("null"), nil
	}
	if strings.Contains(name, "@") {
		list, err := r.owners(ctx, conn)
		if err != nil {
			return nil, err
		}
		for _, owner := range list.Items {
			if owner.Active && strings.EqualFold(owner.Email, name) {
				name = owner.ID
			}
		}
	}
	id, err := json.Marshal(name)
	if err != nil {
		return nil, fmt.Errorf("naming the owner: %w", err)
	}
	return id, nil
}

func (f *face) printSettings(ctx context.Context, r *remote, conn client.Connection) error {
	owner := "left to the CRM"
	if id := told(conn.OwnerID); id != "" {
		owner = id
		list, err := r.owners(ctx, conn)
		if err != nil {
			return err
		}
		for _, o := range list.Items {
			if o.ID == id {
				owner = fmt.Sprintf("given to %s (%s)", o.Name, id)
			}
		}
	}
	f.say("%s", title(conn))
	f.say("  new records  %s", owner)
	f.say("  changes      sent every %s", time.Duration(conn.SyncEverySeconds)*time.Second)
	return nil
}
