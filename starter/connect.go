package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// signIn is a connection that somebody has to sign in for, and where.
type signIn struct {
	client.Connection
	client.Authorization
}

func (f *face) connectCommand() *cobra.Command {
	var contactsAs string
	var fresh, noBrowser bool
	cmd := &cobra.Command{
		Use:   "connect VENDOR|CONNECTION",
		Short: "Connect a CRM, such as salesforce, or sign in to it again",
		Long: "Prints a link, opens it in a browser where there is one, and waits until somebody has signed in to the CRM and the\n" +
			"connection is ready. Where one waits for a sign-in already, lacks scopes, or was disconnected, that one goes on, with the\n" +
			"same account; --new makes another. A connection that is named by its id is signed in to again however it is.\n" +
			"With --json there are two lines: the connection with its authorize_url, and the connection when it is ready.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, err := f.remote()
			if err != nil {
				return err
			}
			in, err := r.beginSignIn(ctx, args[0], contactsAs, fresh)
			if err != nil {
				return err
			}
			if err := f.offer(ctx, in, noBrowser); err != nil {
				return err
			}
			conn, err := r.signedIn(ctx, in)
			if err != nil {
				return err
			}
			f.say("\n%s", title(conn))
			if next := nextStep(conn); next != "" {
				f.say("Next: `starter records load FILE` if that is not done yet. Then %s", next)
			}
			return f.onlyJSON(conn)
		},
	}
	cmd.Flags().StringVar(&contactsAs, "contacts-as", "", "the CRM type that contacts are kept under, such as Lead (default the CRM's contacts)")
	cmd.Flags().BoolVar(&fresh, "new", false, "make a new connection, whatever there is")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "print the link and open nothing")
	return f.remotely(cmd)
}

// beginSignIn returns where to sign in: for the connection that is named by its
// id, or one to the vendor that waits for it, else for a new one, which it also
// is when a fresh one is wanted.
func (r *remote) beginSignIn(ctx context.Context, name, contactsAs string, fresh bool) (signIn, error) {
	targets := client.Targets{}
	if contactsAs != "" {
		targets["contact"] = contactsAs
	}
	list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(ctx))
	if err != nil {
		return signIn{}, err
	}
	for _, conn := range list.Items {
		waits := !fresh && conn.Vendor == name && waitsForSignIn(conn) && (contactsAs == "" || maps.Equal(conn.Targets, targets))
		if waits || conn.ID.String() == name {
			return r.signInAgain(ctx, conn)
		}
	}
	body := client.CreateConnection{Vendor: name}
	if contactsAs != "" {
		body.Targets = &targets
	}
	return answer[signIn](r.CreateConnectionWithResponse(ctx, &client.CreateConnectionParams{IdempotencyKey: requestKey()}, body))
}

// signInAgain returns where to sign in for a connection that there is.
func (r *remote) signInAgain(ctx context.Context, conn client.Connection) (signIn, error) {
	link, err := answer[client.Authorization](r.AuthorizeConnectionWithResponse(ctx, conn.ID, &client.AuthorizeConnectionParams{IdempotencyKey: requestKey()}))
	return signIn{Connection: conn, Authorization: link}, err
}

func waitsForSignIn(conn client.Connection) bool {
	switch conn.Status {
	case client.StatusConnecting, client.StatusUnauthorized, client.StatusError, client.StatusDisconnected:
		return true
	case client.StatusSettingUp, client.StatusReady, client.StatusLive, client.StatusPaused:
	}
	return conn.MissingScopes != nil && len(*conn.MissingScopes) > 0
}

// offer shows a person the link to sign in with.
func (f *face) offer(ctx context.Context, in signIn, noBrowser bool) error {
	f.say("Sign in to %s in a browser, within %s:\n\n  %s\n", in.Label,
		time.Until(in.ExpiresAt).Round(time.Minute), in.AuthorizeURL)
	if err := f.onlyJSON(in); err != nil {
		return err
	}
	if !noBrowser && terminal(f.talk()) {
		openBrowser(ctx, in.AuthorizeURL)
	}
	f.say("Waiting for the sign-in …")
	return nil
}

// openBrowser opens a link for the person at this machine, if it can.
func openBrowser(ctx context.Context, link string) {
	for _, opener := range []string{"xdg-open", "open"} {
		if path, err := exec.LookPath(opener); err == nil {
			_ = exec.CommandContext(ctx, path, link).Start() //nolint:gosec // the link is the API's; whoever cannot open it has it in print
			return
		}
	}
}

// signedIn waits until the connection is ready, or tells why it will not be.
func (r *remote) signedIn(ctx context.Context, in signIn) (client.Connection, error) {
	before := in.Connection
	var conn client.Connection
	err := poll(ctx, lookEvery, func() (bool, error) {
		var err error
		if conn, err = answer[client.Connection](r.GetConnectionWithResponse(ctx, before.ID)); err != nil {
			return false, err
		}
		if begun := conn.Status != before.Status || signedInAt(conn).After(signedInAt(before)); !begun {
			if time.Now().After(in.ExpiresAt) {
				return false, errors.New("nobody signed in in time: run the command again for a new link")
			}
			return false, nil
		}
		switch conn.Status {
		case client.StatusConnecting, client.StatusSettingUp:
			return false, nil
		case client.StatusReady, client.StatusLive, client.StatusPaused:
			return true, nil
		case client.StatusUnauthorized, client.StatusError, client.StatusDisconnected:
		}
		return false, fmt.Errorf("the connection is not ready: it is %s. %s", conn.Status, conn.StatusReason)
	})
	return conn, err
}

// signedInAt is when somebody last signed in for a connection, or the zero time.
func signedInAt(conn client.Connection) time.Time {
	if conn.ConnectedAt == nil {
		return time.Time{}
	}
	return *conn.ConnectedAt
}
