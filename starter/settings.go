package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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
	var on, off []string
	cmd := &cobra.Command{
		Use:   "settings [CONNECTION]",
		Short: "Show or change whom new records are given to, how often changes are sent, and which",
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
			var err error
			if change.Syncs, err = switched(on, off, cmd.UseLine()); err != nil {
				return err
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
	cmd.Flags().StringVar(&owner, "owner", "", "whom new records are given to: the `id` or e-mail address of a user that \"starter owners\" lists, or "+nobody)
	cmd.Flags().DurationVar(&every, "sync-every", 0, "how often changes are sent: 1m to 24h")
	cmd.Flags().StringSliceVar(&on, "on", nil, "`what` to keep in step from now on: contacts, emails, calls, meetings")
	cmd.Flags().StringSliceVar(&off, "off", nil, "`what` to leave out from the next run on")
	return f.remotely(cmd)
}

// change changes settings, where there is something to change.
func (r *remote) change(ctx context.Context, conn client.Connection, change client.UpdateConnection) (client.Connection, error) {
	if change.OwnerID == nil && change.SyncEverySeconds == nil && change.Syncs == nil {
		return conn, nil
	}
	return answer[client.Connection](r.UpdateConnectionWithResponse(ctx, conn.ID, &client.UpdateConnectionParams{IdempotencyKey: requestKey()}, change))
}

// switched reads what is to be switched on and off; nil when nothing is.
func switched(on, off []string, usage string) (*client.SwitchChange, error) {
	if len(on)+len(off) == 0 {
		return nil, nil
	}
	var change client.SwitchChange
	switches := map[string]**bool{"contacts": &change.Contacts, "emails": &change.Emails, "calls": &change.Calls, "meetings": &change.Meetings}
	for i, what := range slices.Concat(on, off) {
		to, known := switches[what]
		if !known {
			return nil, &usageError{problem: fmt.Sprintf("%q cannot be switched; contacts, emails, calls and meetings can", what), usage: usage}
		}
		if *to != nil {
			return nil, &usageError{problem: what + " is named twice", usage: usage}
		}
		*to = new(i < len(on))
	}
	return &change, nil
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
	f.say("  changes      sent every %s", every(conn))
	contacts := "kept in step"
	if !conn.Syncs.Contacts {
		contacts = "switched off; what changes is kept for when they are on again (starter settings --on contacts)"
	}
	f.say("  contacts     %s", contacts)
	f.say("  later        emails %s, calls %s, meetings %s: not sent yet", onOff(conn.Syncs.Emails), onOff(conn.Syncs.Calls), onOff(conn.Syncs.Meetings))
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
