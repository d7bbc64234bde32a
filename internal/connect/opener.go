package connect

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/lockstep"
)

// Rows has the connections.
type Rows interface {
	// Connection returns a workspace's connection, or an Error of KindNotFound.
	Connection(ctx context.Context, workspace, id uuid.UUID) (lockstep.Connection, error)
}

// Opener opens connections. It is safe for concurrent use; its fields must not
// be changed once it is used.
type Opener struct {
	Rows    Rows
	Vendors map[crm.Vendor]adapter.Factory

	// Logins are where people sign in with a vendor, where a person has said so:
	// the LOGIN_URL settings.
	Logins map[crm.Vendor]string

	// Apps are what Lockstep is registered as with each vendor, for the calls
	// that show it. A vendor that is missing is called without.
	Apps map[crm.Vendor]adapter.Registration

	// Tokens returns the access tokens of a connection. It is asked once for
	// each Connector.
	Tokens func(lockstep.Connection) adapter.TokenSource

	// Pacer returns what spends the allowance of a connection's account, or nil
	// for no limits. It is asked once for each Connector; nil is no limits for
	// all.
	Pacer func(lockstep.Connection, adapter.Factory) adapter.Pacer

	Meter adapter.Meter     // nil measures nothing
	Base  http.RoundTripper // shared by all connections, and with it what it keeps alive
	Log   *zap.Logger

	cache cache
}

// Open returns the connector of a workspace's connection as it is now: one and
// the same while its row stays at its epoch, so that its tokens are remembered
// between calls, and another one after a reconnect.
//
// It reads the row and calls no vendor; that the grant is dead shows with the
// first call.
func (o *Opener) Open(ctx context.Context, workspace, connection uuid.UUID) (crm.Connector, error) {
	c, err := o.Rows.Connection(ctx, workspace, connection)
	if err != nil {
		return nil, fmt.Errorf("reading connection: %w", err)
	}
	return o.cache.get(keyOf(c), func() (crm.Connector, error) { return o.OpenWith(c, o.Tokens(c)) })
}

// OpenWith returns a connector of c that uses tokens, and does not remember it:
// for a grant that is still to be accepted.
func (o *Opener) OpenWith(c lockstep.Connection, tokens adapter.TokenSource) (crm.Connector, error) {
	const op = "connect.open"
	factory, ok := o.Vendors[c.Vendor]
	if !ok {
		return nil, &crm.Error{Kind: crm.KindUnsupported, Op: op, Code: "vendor_unknown"}
	}
	login := strings.TrimRight(o.Logins[c.Vendor], "/")
	if c.BaseURL != "" {
		if err := adapter.Allowed(c.BaseURL, factory.Hosts, host(login)); err != nil {
			return nil, &crm.Error{Kind: crm.KindInternal, Op: op, Code: "base_url_refused", Err: err}
		}
	}
	if login == "" {
		login = origin(factory.OAuth.RevokeURL)
	}
	chain := adapter.Chain{Tokens: tokens, Meter: o.Meter}
	if o.Pacer != nil {
		chain.Pacer = o.Pacer(c, factory)
	}
	connector, err := factory.Open(adapter.Deps{
		BaseURL:   strings.TrimRight(c.BaseURL, "/"),
		LoginURL:  login,
		AccountID: c.Account.ID,
		UserID:    c.Account.UserID,
		Client:    o.Apps[c.Vendor],
		HTTP:      adapter.Client(o.Base, chain),
		Log: o.Log.With(
			zap.String("vendor", string(c.Vendor)),
			zap.Stringer("workspace", c.WorkspaceID),
			zap.Stringer("connection", c.ID),
		),
	})
	if err != nil {
		return nil, fmt.Errorf("opening connection: %w", err)
	}
	return connector, nil
}

// host returns the host, and port, of a URL, or "".
func host(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Host
}

// origin returns the scheme and the host of a URL, or "".
func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
