package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// unconfirmed is the code of the problem that says what disconnecting would do.
const unconfirmed = "confirmation_missing"

func (f *face) disconnectCommand() *cobra.Command {
	var keepMapping, yes bool
	cmd := &cobra.Command{
		Use:   "disconnect [CONNECTION]",
		Short: "Stop sending to a CRM and forget its login; records stay",
		Long: "Says what it does and asks first; where there is no terminal to ask at, it takes --yes. No record is deleted, here or in the CRM, and `starter connect`\n" +
			"connects again: what is in the CRM is recognised.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			asks := terminal(f.stdin) && terminal(f.talk())
			if !yes && !asks {
				return &usageError{problem: "there is no terminal to ask at whether that is meant: --yes says that it is", usage: cmd.UseLine()}
			}
			r, err := f.remote()
			if err != nil {
				return err
			}
			conn, err := r.choose(ctx, args) // never one that is only usually meant
			if err != nil {
				return err
			}
			if !yes {
				if err := f.confirmDisconnect(ctx, r, conn, keepMapping); err != nil {
					return err
				}
			}
			conn, err = r.disconnect(ctx, conn, true, keepMapping)
			if err != nil {
				return err
			}
			f.say("%s is disconnected: nothing is sent, and its login is deleted here. No record was deleted.", conn.Label)
			f.say("Next: `starter connect %s` connects it again.", conn.Vendor)
			return f.onlyJSON(conn)
		},
	}
	cmd.Flags().BoolVar(&keepMapping, "keep-mapping", false, "keep the field mapping for when it is connected again")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return f.remotely(cmd)
}

// disconnect disconnects, once it is confirmed. Until then it answers a problem
// that says what would be done.
func (r *remote) disconnect(ctx context.Context, conn client.Connection, confirm, keepMapping bool) (client.Connection, error) {
	return answer[client.Connection](r.DisconnectConnectionWithResponse(ctx, conn.ID, &client.DisconnectConnectionParams{IdempotencyKey: requestKey()},
		client.DisconnectConnection{Confirm: &confirm, KeepMapping: &keepMapping}))
}

// confirmDisconnect has the API say what disconnecting does, and asks.
func (f *face) confirmDisconnect(ctx context.Context, r *remote, conn client.Connection, keepMapping bool) error {
	_, err := r.disconnect(ctx, conn, false, keepMapping)
	problem, ok := errors.AsType[*client.Problem](err)
	if !ok || problem.Code != unconfirmed {
		return err
	}
	f.say("%s", problem.Detail)
	return f.confirm("Disconnect " + conn.Label)
}

// confirm asks a person, and returns an error unless the answer is yes.
func (f *face) confirm(question string) error {
	_, _ = fmt.Fprintf(f.talk(), "%s? [y/N] ", question)
	said, _ := bufio.NewReader(f.stdin).ReadString('\n') // nothing said is no
	switch strings.ToLower(strings.TrimSpace(said)) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was done")
}
