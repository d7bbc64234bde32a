package connect_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"lockstep/internal/connect"
	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/lockstep"
)

// bundle is an Opener of one connection.
type bundle struct {
	opener *connect.Opener
	row    *rows
	opened []adapter.Deps // what the factory was given
	fail   error          // what the factory fails with
	tokens int            // how many token sources were made
	paced  int            // how many pacers were made
}

func setup(t *testing.T) *bundle {
	t.Helper()

	b := &bundle{row: &rows{c: lockstep.Connection{
		ID: uuid.New(), WorkspaceID: uuid.New(), Vendor: crm.Salesforce, Epoch: 1,
		BaseURL: "https://acme.my.salesforce.com", Account: crm.Account{ID: "00D", UserID: "005"},
	}}}
	b.opener = &connect.Opener{
		Rows:    b.row,
		Vendors: make(map[crm.Vendor]adapter.Factory),
		Logins:  make(map[crm.Vendor]string),
		Tokens: func(c lockstep.Connection) adapter.TokenSource {
			b.tokens++
			return token(c.ID.String())
		},
		Pacer: func(lockstep.Connection, adapter.Factory) adapter.Pacer {
			b.paced++
			return free{}
		},
		Base: &http.Transport{},
		Log:  zap.NewNop(),
	}
	b.opener.Vendors[crm.Salesforce] = adapter.Factory{
		Vendor: crm.Salesforce,
		OAuth:  adapter.OAuth{RevokeURL: "https://login.salesforce.com/services/oauth2/revoke"},
		Hosts:  []string{".my.salesforce.com"},
		Open: func(d adapter.Deps) (crm.Connector, error) {
			b.opened = append(b.opened, d)
			return &connector{deps: d}, b.fail
		},
	}
	return b
}

func (b *bundle) open(t *testing.T) crm.Connector {
	t.Helper()

	c, err := b.opener.Open(t.Context(), b.row.c.WorkspaceID, b.row.c.ID)
	require.NoError(t, err)
	return c
}

func TestOneConnectorForAnEpoch(t *testing.T) {
	t.Parallel()
	b := setup(t)

	first := b.open(t)
	require.Same(t, first, b.open(t))
	require.Len(t, b.opened, 1)
	require.Equal(t, 1, b.tokens, "or the token would be read and refreshed anew")
	require.Equal(t, 1, b.paced)

	b.row.c.Epoch++
	second := b.open(t)
	require.NotSame(t, first, second)
	require.Same(t, second, b.open(t))
}

func TestWhatAConnectorIsMadeOfMakesAnother(t *testing.T) {
	t.Parallel()

	for name, change := range map[string]func(*lockstep.Connection){
		"another address":   func(c *lockstep.Connection) { c.BaseURL = "https://moved.my.salesforce.com" },
		"another account":   func(c *lockstep.Connection) { c.Account.ID = "00E" },
		"another user":      func(c *lockstep.Connection) { c.Account.UserID = "006" },
		"another workspace": func(c *lockstep.Connection) { c.WorkspaceID = uuid.New() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)

			first := b.open(t)
			change(&b.row.c)
			require.NotSame(t, first, b.open(t))
		})
	}
}

func TestConcurrentOpensShareOneConnector(t *testing.T) {
	t.Parallel()
	b := setup(t)

	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { _, _ = b.opener.Open(t.Context(), b.row.c.WorkspaceID, b.row.c.ID) })
	}
	wg.Wait()
	require.Len(t, b.opened, 1)
	require.Equal(t, 1, b.tokens)
}

func TestAdapterIsGivenWhatTheRowSays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.row.c.BaseURL += "/"
	b.opener.Apps = map[crm.Vendor]adapter.Registration{crm.Salesforce: {ID: "app", Secret: "secret"}}

	b.open(t)
	require.Equal(t, "https://acme.my.salesforce.com", b.opened[0].BaseURL)
	require.Equal(t, "https://login.salesforce.com", b.opened[0].LoginURL)
	require.Equal(t, "00D", b.opened[0].AccountID)
	require.Equal(t, "005", b.opened[0].UserID)
	require.Equal(t, adapter.Registration{ID: "app", Secret: "secret"}, b.opened[0].Client)
	require.NotNil(t, b.opened[0].Log)
}

func TestCallsAreAuthorisedAsTheConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var authorization string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		authorization = r.Header.Get("Authorization")
	}))
	t.Cleanup(server.Close)
	b.row.c.BaseURL = server.URL
	b.opener.Logins[crm.Salesforce] = server.URL + "/"

	require.NoError(t, b.open(t).Check(t.Context()))
	require.Equal(t, "Bearer "+b.row.c.ID.String(), authorization)
	require.Equal(t, server.URL, b.opened[0].LoginURL)
}

func TestAForeignAddressIsNotOpened(t *testing.T) {
	t.Parallel()

	for _, address := range []string{"https://evil.example.com", "http://acme.my.salesforce.com", "http://127.0.0.1:1"} {
		b := setup(t)
		b.row.c.BaseURL = address
		_, err := b.opener.Open(t.Context(), b.row.c.WorkspaceID, b.row.c.ID)
		require.Equal(t, crm.KindInternal, crm.KindOf(err))
		require.Empty(t, b.opened)
	}
}

func TestCallsThatGetNoPermitAreNotSent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	parked := &crm.Error{Kind: crm.KindQuota, Op: "pace.take"}
	b.opener.Pacer = func(c lockstep.Connection, f adapter.Factory) adapter.Pacer {
		require.Equal(t, "00D", c.Account.ID)
		require.Equal(t, crm.Salesforce, f.Vendor)
		return closed{parked}
	}

	require.ErrorIs(t, b.open(t).Check(t.Context()), parked)
}

func TestFailuresAreNotRemembered(t *testing.T) {
	t.Parallel()
	b := setup(t)

	b.fail = &crm.Error{Kind: crm.KindInternal, Op: "test"}
	_, err := b.opener.Open(t.Context(), b.row.c.WorkspaceID, b.row.c.ID)
	require.ErrorIs(t, err, b.fail)
	b.fail = nil
	b.open(t)

	b.row.err = &crm.Error{Kind: crm.KindNotFound, Op: "store.connection"}
	_, err = b.opener.Open(t.Context(), b.row.c.WorkspaceID, b.row.c.ID)
	require.Equal(t, crm.KindNotFound, crm.KindOf(err), "a connection that is gone is not opened from memory")
}

func TestUnknownVendorIsUnsupported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.row.c.Vendor = "unheard-of"

	_, err := b.opener.Open(t.Context(), b.row.c.WorkspaceID, b.row.c.ID)
	require.Equal(t, crm.KindUnsupported, crm.KindOf(err))
}

func TestOpenWithUsesOtherTokensAndRemembersNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)

	c, err := b.opener.OpenWith(b.row.c, token("candidate"))
	require.NoError(t, err)
	require.Zero(t, b.tokens)
	require.NotSame(t, c, b.open(t))
}

func TestCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	open := func(c lockstep.Connection) {
		b.row.c = c
		b.open(t)
	}

	busy, idle := b.row.c, b.row.c
	idle.ID = uuid.New()
	open(busy)
	open(idle)
	for range 999 {
		other := busy
		other.ID = uuid.New()
		open(other)
		open(busy)
	}
	require.Len(t, b.opened, 1001)
	open(idle)
	require.Len(t, b.opened, 1002, "what was not used for longest has fallen out")
	open(busy)
	require.Len(t, b.opened, 1002, "what is used stays")
}

// rows is connect.Rows with one row.
type rows struct {
	c   lockstep.Connection
	err error
}

// Connection implements connect.Rows.
func (r *rows) Connection(_ context.Context, workspace, id uuid.UUID) (lockstep.Connection, error) {
	if r.err != nil {
		return lockstep.Connection{}, r.err
	}
	if r.c.WorkspaceID != workspace || r.c.ID != id {
		return lockstep.Connection{}, errors.New("asked for another row")
	}
	return r.c, nil
}

// connector calls the address it was given.
type connector struct{ deps adapter.Deps }

// Vendor implements crm.Connector.
func (c *connector) Vendor() crm.Vendor { return crm.Salesforce }

// Check implements crm.Connector.
func (c *connector) Check(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.deps.BaseURL, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := c.deps.HTTP.Do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Identify implements crm.Connector.
func (c *connector) Identify(context.Context) (crm.Account, error) { return crm.Account{}, nil }

// RecordURL implements crm.Connector.
func (c *connector) RecordURL(string, string) string { return "" }

// token is an adapter.TokenSource with one token for ever.
type token string

// Token implements adapter.TokenSource.
func (t token) Token(context.Context, string) (string, error) { return string(t), nil }

// free is an adapter.Pacer without a limit.
type free struct{}

// Take implements adapter.Pacer.
func (free) Take(context.Context, int) error { return nil }

// Observe implements adapter.Pacer.
func (free) Observe(http.Header, int) {}

// closed is an adapter.Pacer that grants nothing.
type closed struct{ err error }

// Take implements adapter.Pacer.
func (c closed) Take(context.Context, int) error { return c.err }

// Observe implements adapter.Pacer.
func (closed) Observe(http.Header, int) {}
