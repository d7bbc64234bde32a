package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"strings"
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
			"same account; --new makes another, as one that is well does not. A connection that is named by its id is signed in to\n" +
			"again however it is.\n" +
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
			name := args[0]
			if fresh { // of which there may be two
				name = conn.ID.String()
			}
			if next := nextStep(conn, calling(name)); next != "" {
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
	var well []client.Connection
	for _, conn := range list.Items {
		waits := !fresh && conn.Vendor == name && waitsForSignIn(conn) && (contactsAs == "" || maps.Equal(conn.Targets, targets))
		if waits || conn.ID.String() == name {
			return r.signInAgain(ctx, conn)
		}
		if !fresh && conn.Vendor == name && !waitsForSignIn(conn) {
			well = append(well, conn)
		}
	}
	if len(well) > 0 {
		return signIn{}, connectedAlready(well)
	}
	body := client.CreateConnection{Vendor: name}
	if contactsAs != "" {
		body.Targets = &targets
	}
	return answer[signIn](r.CreateConnectionWithResponse(ctx, &client.CreateConnectionParams{IdempotencyKey: requestKey()}, body))
}

// connectedAlready says that there are connections to a vendor, and that all is
// well with them.
func connectedAlready(well []client.Connection) error {
	var b strings.Builder
	b.WriteString("nothing has to be signed in to:")
	for _, conn := range well {
		fmt.Fprintf(&b, "\n  %s; `starter connect %s` signs in to it again", title(conn), conn.ID)
	}
	fmt.Fprintf(&b, "\n`starter connect %s --new` connects another account", well[0].Vendor)
	return errors.New(b.String())
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
		span(time.Until(in.ExpiresAt).Round(time.Minute)), in.AuthorizeURL)
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
	last, err := r.lastEvent(ctx, before)
	if err != nil {
		return before, err
	}
	var conn client.Connection
	err = poll(ctx, lookEvery, func() (bool, error) {
		var err error
		if conn, err = answer[client.Connection](r.GetConnectionWithResponse(ctx, before.ID)); err != nil {
			return false, err
		}
		if begun := conn.Status != before.Status || signedInAt(conn).After(signedInAt(before)); !begun {
			if time.Now().After(in.ExpiresAt) {
				return false, errors.New("nobody signed in in time: run the command again for a new link")
			}
			return false, r.signInFailed(ctx, before, last)
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

// The events of a sign-in that came to nothing.
const (
	signInFailed  = "sign_in_failed"     // its detail says why
	signInRefused = "connection_refused" // its problem does: the login is of an account that is not wanted
)

// signInFailed returns an error where a sign-in for a connection has come to
// nothing since an event.
func (r *remote) signInFailed(ctx context.Context, conn client.Connection, last string) error {
	news, err := r.events(ctx, conn, eventQuery{limit: pageMost}, func(e client.Event) bool { return later(e.ID, last) })
	if err != nil {
		return err
	}
	for _, e := range news { // the oldest first: a refusal says more than the failure it leads to
		why := e.Detail
		switch {
		case e.Outcome == signInRefused && e.Problem != nil:
			why += " " + e.Problem.Meaning + " " + e.Problem.Fix
		case e.Outcome != signInFailed:
			continue
		}
		return fmt.Errorf("the sign-in came to nothing. %s\nRun the command again for a new link", strings.TrimSpace(why))
	}
	return nil
}

// signedInAt is when somebody last signed in for a connection, or the zero time.
func signedInAt(conn client.Connection) time.Time {
	if conn.ConnectedAt == nil {
		return time.Time{}
	}
	return *conn.ConnectedAt
}
