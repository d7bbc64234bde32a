package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crmsim"
	simsalesforce "lockstep/internal/crmsim/salesforce"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/stack"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// clinic is a service as the doctor finds it where all is well: PostgreSQL,
// Temporal and the sandbox's Salesforce are real, and one login is kept.
type clinic struct {
	env        map[string]string
	pool       *pgxpool.Pool
	store      *store.Store
	app        *crmsim.Client // as Salesforce knows it; read with the first call
	public     *httptest.Server
	workspace  uuid.UUID
	connection uuid.UUID
}

// temporals is the server that this package's tests share.
var temporals struct {
	once   sync.Once
	server *stack.Temporal
	err    error
}

// temporalAddress returns where a real Temporal is; `make build` makes it.
func temporalAddress(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../bin/temporal")
	require.NoError(t, err)
	if _, err := os.Stat(bin); errors.Is(err, fs.ErrNotExist) {
		t.Skip("bin/temporal is not built")
	}
	temporals.once.Do(func() { // it is bound to no test, and dies with the process
		temporals.server, temporals.err = stack.StartTemporal(context.Background(), stack.TemporalConfig{Bin: bin, Log: os.DevNull})
	})
	require.NoError(t, temporals.err)
	return temporals.server.Address
}

// opened returns a clinic where all is well.
func opened(t *testing.T) *clinic {
	t.Helper()
	url := storetest.URL(t)
	c := &clinic{pool: storetest.Open(t, url), public: httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))}
	c.store = store.New(c.pool)
	t.Cleanup(c.public.Close)
	c.app = &crmsim.Client{ID: "app", Secret: "planted", RedirectURIs: []string{c.public.URL + "/v1/oauth/callback"}}
	var once sync.Once
	var sim http.Handler
	crmAt := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { sim = simsalesforce.New(simsalesforce.Options{Client: *c.app}) })
		sim.ServeHTTP(w, r)
	}))
	t.Cleanup(crmAt.Close)
	keyset := filepath.Join(t.TempDir(), "keyset.json")
	require.NoError(t, secret.CreateKeyset(keyset))
	c.env = map[string]string{
		"LOCKSTEP_DIR": t.TempDir(), "DATABASE_URL": url, "TEMPORAL_ADDRESS": temporalAddress(t),
		"LOCKSTEP_KEYSET_FILE": keyset, "LOCKSTEP_PUBLIC_URL": c.public.URL,
		"LOCKSTEP_SALESFORCE_CLIENT_ID": "app", "LOCKSTEP_SALESFORCE_CLIENT_SECRET": "planted", "LOCKSTEP_SALESFORCE_LOGIN_URL": crmAt.URL,
	}

	w, err := lockstep.NewWorkspace("Acme")
	require.NoError(t, err)
	key, text, err := lockstep.NewAPIKey(w.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, c.store.CreateWorkspace(t.Context(), w, key, text))
	c.workspace, c.connection = w.ID, c.login(t, w.ID)
	return c
}

// login adds a connection that somebody has signed in to.
func (c *clinic) login(t *testing.T, workspace uuid.UUID) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, c.store.CreateConnection(t.Context(), lockstep.Connection{ID: id, WorkspaceID: workspace, Vendor: crm.Salesforce}))
	sealed, err := c.vault(t).Seal(workspace, id, oauth.Grant{
		AccessToken: secret.NewText("planted-access"), RefreshToken: secret.NewText("planted-refresh"), Scopes: []string{"api", "refresh_token", "id"},
	})
	require.NoError(t, err)
	account := crm.Account{ID: "00D" + id.String(), Name: "Acme", Environment: crm.Production, UserID: "005"}
	require.NoError(t, c.store.Authorize(t.Context(), workspace, id, 1, account, "", sealed))
	return id
}

// vault opens what the clinic's keyset file does.
func (c *clinic) vault(t *testing.T) *oauth.Vault {
	t.Helper()
	data, err := secret.ReadKeyset(c.env["LOCKSTEP_KEYSET_FILE"])
	require.NoError(t, err)
	ring, err := secret.ParseKeyring(data)
	require.NoError(t, err)
	return &oauth.Vault{Rows: c.store, Keyring: ring}
}

// exec changes the database behind everybody's back.
func (c *clinic) exec(t *testing.T, statement string) {
	t.Helper()
	_, err := c.pool.Exec(t.Context(), statement)
	require.NoError(t, err)
}

// examine runs the doctor by a clock that is ahead, and returns what it found.
func (c *clinic) examine(t *testing.T, ahead time.Duration) examined {
	t.Helper()
	var out, errs bytes.Buffer
	f := &face{getenv: func(name string) string { return c.env[name] }, stdin: strings.NewReader(""), stdout: &out, stderr: &errs, json: true}
	d := &doctor{face: f, now: func() time.Time { return time.Now().Add(ahead) }}
	d.examine(t.Context())
	require.NotContains(t, out.String()+errs.String(), "planted")
	return examined{OK: d.wrong() == 0, Findings: d.findings}
}
