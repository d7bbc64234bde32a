package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

const (
	// apiDefault is where `starter up` serves the API when nobody else has the
	// port.
	apiDefault = "http://127.0.0.1:8080"

	// callPatience bounds one call; the longest are loads of 10,000 rows.
	callPatience = 2 * time.Minute
)

// remote is a Lockstep that is spoken to through its API, as one workspace.
type remote struct {
	*client.ClientWithResponses

	address string
	usual   string // the vendor of the connection that is meant when none is named, if any
}

// remotely adds the flags of a command that speaks to the API, and returns it.
func (f *face) remotely(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&f.address, "api", "", "`URL` of the API (default LOCKSTEP_API, else that of the \"starter up\" here, else "+apiDefault+")")
	cmd.Flags().StringVar(&f.key, "key", "", "API `key` of the workspace (default LOCKSTEP_API_KEY, else that of the \"starter up\" here)")
	return cmd
}

// remote returns the Lockstep that flags and environment name, or else the one
// that `starter up` keeps up in this directory.
func (f *face) remote() (*remote, error) {
	address, key := cmp.Or(f.address, f.getenv("LOCKSTEP_API")), cmp.Or(f.key, f.getenv("LOCKSTEP_API_KEY"))
	var usual string
	if key == "" {
		up, err := readNotice(f.stateDir())
		if err != nil {
			return nil, err
		}
		if up != nil && (address == "" || address == up.API) { // nobody else is shown its key
			address, key, usual = up.API, up.key, up.Vendor
		}
	}
	if key == "" {
		return nil, &usageError{
			problem: "no API key: set LOCKSTEP_API_KEY, or give --key. `starter workspace create NAME` makes a workspace and its first key; " +
				"in the directory where `starter up` runs none is needed",
			usage: "LOCKSTEP_API_KEY=lsk_… starter COMMAND",
		}
	}
	address = cmp.Or(address, apiDefault)
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &usageError{problem: fmt.Sprintf("the API's address is %q, which is no web address", address), usage: "--api " + apiDefault}
	}
	r, err := dialAPI(address, key)
	if err != nil {
		return nil, err
	}
	r.usual = usual
	return r, nil
}

// reach returns the Lockstep that flags and environment name, and the connection
// that args do.
func (f *face) reach(ctx context.Context, args []string) (*remote, client.Connection, error) {
	r, err := f.remote()
	if err != nil {
		return nil, client.Connection{}, err
	}
	if len(args) > 0 {
		f.named = args[0]
	}
	if len(args) > 0 || r.usual == "" {
		conn, err := r.choose(ctx, args)
		return r, conn, err
	}
	conn, err := r.choose(ctx, []string{r.usual})
	if err != nil {
		return r, conn, err
	}
	return r, conn, f.sayMeant(ctx, r, conn)
}

// sayMeant says which connection is meant when none is named, where another
// could be.
func (f *face) sayMeant(ctx context.Context, r *remote, meant client.Connection) error {
	list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(ctx))
	if err != nil {
		return err
	}
	var others []string
	for _, c := range list.Items {
		if c.ID == meant.ID || c.Account == nil || c.Status == client.StatusDisconnected {
			continue
		}
		name := c.Vendor
		if len(matching(list.Items, func(d client.Connection) bool { return d.Vendor == c.Vendor })) > 1 {
			name = c.ID.String()
		}
		others = append(others, "`"+name+"`")
	}
	if len(others) > 0 {
		f.say("No connection is named, so %s is meant. To mean another, put its name behind the command: %s.", meant.Label, strings.Join(others, ", "))
	}
	return nil
}

// dialAPI returns the Lockstep at address, as the workspace of key.
func dialAPI(address, key string) (*remote, error) {
	c, err := client.New(address, key, &http.Client{Timeout: callPatience})
	if err != nil {
		return nil, err
	}
	return &remote{ClientWithResponses: c, address: address}, nil
}

// reply is what all answers of the API have in common.
type reply interface {
	GetBody() []byte
	Status() string
	StatusCode() int
	GetApplicationProblemJSONDefault() *client.Problem
}

// answer returns what a call answered: a *client.Problem where the API says
// what is wrong, else an error that says what to do when there is no API.
func answer[T any](r reply, err error) (T, error) {
	var v T
	if err := done(r, err); err != nil {
		return v, err
	}
	if err := json.Unmarshal(r.GetBody(), &v); err != nil {
		return v, errors.New("asking the API: it answered something that is no Lockstep's")
	}
	return v, nil
}

// done is answer for a call that has nothing to answer once it is done.
func done(r reply, err error) error {
	if err != nil {
		return unreachable(err)
	}
	if problem := r.GetApplicationProblemJSONDefault(); problem != nil {
		return problem
	}
	if r.StatusCode() >= http.StatusMultipleChoices {
		return &strangeError{code: r.StatusCode(), status: r.Status()}
	}
	return nil
}

// unreachable says what to do when the API does not answer.
func unreachable(err error) error {
	failed, ok := errors.AsType[*url.Error](err)
	if !ok || errors.Is(err, context.Canceled) {
		return err
	}
	u, parseErr := url.Parse(failed.URL)
	if parseErr != nil {
		return err
	}
	return &unreachableError{address: u.Scheme + "://" + u.Host, cause: failed.Err}
}

// unreachableError is an API that did not answer.
type unreachableError struct {
	address string
	cause   error
}

func (e *unreachableError) Error() string {
	return fmt.Sprintf("the API at %s does not answer (%s): start a Lockstep with `starter up`, or say with --api or LOCKSTEP_API where one is", e.address, e.cause)
}

func (e *unreachableError) Unwrap() error { return e.cause }

// strangeError is an answer without the document that an API gives with it.
type strangeError struct {
	code   int
	status string
}

func (e *strangeError) Error() string {
	return fmt.Sprintf("asking the API: it answered %s and nothing that can be read: is it a Lockstep?", e.status)
}

// choose returns the connection that args name, by id or by vendor, or the only
// one there is.
func (r *remote) choose(ctx context.Context, args []string) (client.Connection, error) {
	list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(ctx))
	if err != nil {
		return client.Connection{}, err
	}
	if len(list.Items) == 0 {
		return client.Connection{}, errors.New("the workspace has no connection yet: make one with `starter connect salesforce`")
	}
	found := list.Items
	if len(args) > 0 {
		found = matching(list.Items, func(c client.Connection) bool { return c.ID.String() == args[0] || c.Vendor == args[0] })
	}
	if len(found) > 1 { // one that nobody signed in for is not what is meant
		if begun := matching(found, func(c client.Connection) bool { return c.Account != nil }); len(begun) == 1 {
			found = begun
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	var b strings.Builder
	if len(found) == 0 {
		fmt.Fprintf(&b, "there is no connection %q; there are:", args[0])
	} else {
		b.WriteString("there are several connections; name the one you mean:")
	}
	for _, c := range list.Items {
		fmt.Fprintf(&b, "\n  %s  %s", c.ID, title(c))
	}
	return client.Connection{}, errors.New(b.String())
}

func matching(all []client.Connection, want func(client.Connection) bool) []client.Connection {
	var found []client.Connection
	for _, c := range all {
		if want(c) {
			found = append(found, c)
		}
	}
	return found
}

// title is a connection in a line: "Salesforce, Acme Inc. (sandbox): live".
func title(c client.Connection) string {
	s := c.Label
	if c.Account != nil {
		s += fmt.Sprintf(", %s (%s)", c.Account.Name, c.Account.Environment)
	}
	return s + ": " + strings.ReplaceAll(string(c.Status), "_", " ")
}

// latest returns the newest run of a kind that a connection has had lately, or
// nil.
func (r *remote) latest(ctx context.Context, connection uuid.UUID, kind client.RunKind) (*client.Run, error) {
	most := pageMost
	list, err := answer[client.RunList](r.ListRunsWithResponse(ctx, connection, &client.ListRunsParams{Limit: &most}))
	if err != nil {
		return nil, err
	}
	for _, run := range list.Items { // newest first
		if run.Kind == kind {
			return &run, nil
		}
	}
	return nil, nil
}

// requestKey returns a key under which a request is carried out once, however
// often the network makes it arrive.
func requestKey() *string {
	key := uuid.NewString()
	return &key
}
