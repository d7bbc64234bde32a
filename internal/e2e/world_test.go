package e2e_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"golang.org/x/net/html"

	"lockstep/internal/config"
	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/stack"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// world is one test's Lockstep: a database of its own, a sandbox of its own, a
// worker process on task queues of its own, and the package's Temporal.
type world struct {
	dir      string
	database string
	pool     *pgxpool.Pool
	store    *store.Store
	temporal client.Client
	sandbox  *stack.Sandbox
	worker   *stack.Process
	queues   flow.Queues
	conn     lockstep.Connection
	keyset   []byte
	log      string   // of the worker
	secrets  []string // tokens that no history and no log may hold
}

// temporal is the server that the tests of this package share; it dies with
// the test process.
var temporal = sync.OnceValues(func() (*stack.Temporal, error) {
	dir, err := os.MkdirTemp("", "lockstep-e2e-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for Temporal: %w", err)
	}
	return stack.StartTemporal(context.Background(), stack.TemporalConfig{
		Bin: binary("temporal"), DB: filepath.Join(dir, "temporal.db"), Log: filepath.Join(dir, "temporal.log"),
	})
})

// binary returns the path of a program that `make build` has made.
func binary(name string) string {
	path, _ := filepath.Abs(filepath.Join("..", "..", "bin", name))
	return path
}

// options vary a world.
type options struct {
	sandbox  stack.SandboxConfig
	contacts int
	target   string // CRM type that contacts are kept under; the vendor's default if empty
}

// begin brings a world up, connected to Salesforce and ready for the starting
// point, with contacts loaded.
func begin(t testing.TB, o options) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), database: storetest.URL(t)}
	w.pool = storetest.Open(t, w.database)
	w.store = store.New(w.pool)
	server, err := temporal()
	require.NoError(t, err)

	o.sandbox.Bin, o.sandbox.Log = binary("crmsim"), filepath.Join(w.dir, "crmsim.log")
	w.sandbox, err = stack.StartSandbox(t.Context(), o.sandbox)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.sandbox.Kill()) })

	w.keyset, err = secret.NewKeyset()
	require.NoError(t, err)
	prefix := "e2e-" + uuid.NewString()[:8] + "-"
	w.queues = flow.QueuesFor(prefix)
	w.log = filepath.Join(w.dir, "worker.log")
	w.worker, err = stack.StartWorker(t.Context(), stack.ServiceConfig{
		Name: "worker", Bin: binary("worker"), Log: w.log,
		Env: []string{
			"DATABASE_URL=" + w.database, "TEMPORAL_ADDRESS=" + server.Address, "TEMPORAL_NAMESPACE=" + server.Namespace,
			"LOCKSTEP_KEYSET=" + base64.StdEncoding.EncodeToString(w.keyset), "LOCKSTEP_QUEUE_PREFIX=" + prefix, "LOCKSTEP_RESERVE=0",
			"LOCKSTEP_SALESFORCE_CLIENT_ID=lockstep-sandbox", "LOCKSTEP_SALESFORCE_CLIENT_SECRET=lockstep-sandbox-secret",
			"LOCKSTEP_SALESFORCE_LOGIN_URL=" + w.sandbox.Vendors["salesforce"],
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.worker.Kill()) })

	w.temporal, err = dial.Temporal(t.Context(), config.Temporal{
		Address: server.Address, Namespace: server.Namespace, Getenv: func(string) string { return "" },
	}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(w.temporal.Close)

	w.connect(t, o.target)
	if o.contacts > 0 {
		w.load(t, contacts(0, o.contacts)...)
	}
	return w
}

// connect authorises the sandbox's Salesforce as a person would, and waits
// until the connection is ready.
func (w *world) connect(t testing.TB, target string) {
	t.Helper()
	ctx := t.Context()
	tenant, err := lockstep.NewWorkspace("E2E")
	require.NoError(t, err)
	key, text, err := lockstep.NewAPIKey(tenant.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, w.store.CreateWorkspace(ctx, tenant, key, text))
	targets := map[crm.Object]string{}
	if target != "" {
		targets[crm.Contact] = target
	}
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, w.store.CreateConnection(ctx, lockstep.Connection{ID: id, WorkspaceID: tenant.ID, Vendor: crm.Salesforce, Targets: targets}))

	w.conn = lockstep.Connection{ID: id, WorkspaceID: tenant.ID, Epoch: 1}
	w.grant(t)

	in := flow.ConnectionInput{Workspace: tenant.ID, Connection: id, Vendor: crm.Salesforce}
	_, err = w.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{ID: flow.ConnectionID(id), TaskQueue: w.queues.Interactive}, flow.ConnectionName, in)
	require.NoError(t, err)
	w.eventually(t, "the connection to be ready", func() bool {
		w.conn, err = w.store.Connection(ctx, tenant.ID, id)
		require.NoError(t, err)
		require.NotEqual(t, lockstep.StatusError, w.conn.Status, w.conn.StatusReason)
		return w.conn.Status == lockstep.StatusReady
	})
}

// apps are Lockstep's registrations with the sandbox.
func (w *world) apps() map[crm.Vendor]oauth.App {
	return map[crm.Vendor]oauth.App{crm.Salesforce: {
		ClientID: "lockstep-sandbox", ClientSecret: secret.NewText("lockstep-sandbox-secret"),
		RedirectURL: "http://127.0.0.1:1/v1/oauth/callback", LoginURL: w.sandbox.Vendors["salesforce"],
	}}
}

// grant authorises the connection, for the first time or again, and keeps the
// grant as the API does.
func (w *world) grant(t testing.TB) {
	t.Helper()
	ring, err := secret.ParseKeyring(w.keyset)
	require.NoError(t, err)
	grant := w.authorize(t, ring)
	vault := &oauth.Vault{Rows: w.store, Keyring: ring}
	sealed, err := vault.Seal(w.conn.WorkspaceID, w.conn.ID, grant)
	require.NoError(t, err)
	account := crm.Account{ID: "00D000000000001", Name: "Sandbox", Environment: crm.Production}
	require.NoError(t, w.store.Authorize(t.Context(), w.conn.WorkspaceID, w.conn.ID, w.conn.Epoch, account, grant.BaseURL, sealed))
}

// reconnect authorises the connection again and tells its supervisor.
func (w *world) reconnect(t testing.TB) {
	t.Helper()
	w.grant(t)
	handle, err := w.temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: flow.ConnectionID(w.conn.ID), UpdateName: flow.UpdateCompleteAuthorization, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(t, err)
	require.NoError(t, handle.Get(t.Context(), nil))
}

// states remembers the one sign-in of a test.
type states struct{ pending oauth.Pending }

func (s *states) Put(_ context.Context, _, _ []byte, p oauth.Pending) error {
	s.pending = p
	return nil
}

func (s *states) Consume(context.Context, []byte, []byte) (oauth.Pending, error) {
	return s.pending, nil
}

// authorize gives consent in the sandbox and returns the grant.
func (w *world) authorize(t testing.TB, ring *secret.Keyring) oauth.Grant {
	t.Helper()
	f := oauth.Flow{
		Vendors: &oauth.Vendors{Factories: all.Factories(), Base: http.DefaultTransport, Apps: w.apps()},
		States:  &states{}, Keyring: ring,
	}
	started, err := f.Start(t.Context(), oauth.Request{Vendor: crm.Salesforce})
	require.NoError(t, err)
	back := consent(t, started.URL)
	_, grant, err := f.Finish(t.Context(), oauth.Callback{
		State: back.Get("state"), Code: secret.NewText(back.Get("code")), Browser: started.Browser,
	})
	require.NoError(t, err)
	w.secrets = append(w.secrets, grant.AccessToken.Reveal(), grant.RefreshToken.Reveal(), "lockstep-sandbox-secret", back.Get("code"))
	return grant
}

// consent opens a consent page, approves, and returns what the redirect says.
func consent(t testing.TB, page string) url.Values {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
	require.NoError(t, err)
	resp, err := browser.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, http.StatusOK, resp.StatusCode)
	form, action := url.Values{"approve": {"1"}}, ""
	for z := html.NewTokenizer(resp.Body); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		token := z.Token()
		attrs := map[string]string{}
		for _, a := range token.Attr {
			attrs[a.Key] = a.Val
		}
		switch {
		case token.Data == "form" && kind == html.StartTagToken:
			action = attrs["action"]
		case token.Data == "input" && attrs["type"] == "hidden":
			form.Set(attrs["name"], attrs["value"])
		}
	}
	target, err := req.URL.Parse(action)
	require.NoError(t, err)
	post, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target.String(), strings.NewReader(form.Encode()))
	require.NoError(t, err)
	post.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := browser.Do(post)
	require.NoError(t, err)
	defer answer.Body.Close()
	back, err := answer.Location()
	require.NoError(t, err)
	return back.Query()
}

// contacts returns records with the numbers from and up to to.
func contacts(from, to int) []lockstep.Record {
	var out []lockstep.Record
	for i := from; i < to; i++ {
		out = append(out, lockstep.Record{
			ID: uuid.Must(uuid.NewV7()), Object: crm.Contact, ExternalID: fmt.Sprintf("C-%05d", i),
			Fields: map[string]any{
				"first_name": "Ada", "last_name": fmt.Sprintf("Number %d", i), "email": fmt.Sprintf("c%05d@example.com", i),
				"company": "Example Ltd", "phone": "+49 30 1234567", "notes": "planted-note",
			},
		})
	}
	return out
}

func (w *world) load(t testing.TB, records ...lockstep.Record) {
	t.Helper()
	for len(records) > 0 {
		n := min(10_000, len(records))
		_, _, err := w.store.UpsertRecords(t.Context(), w.conn.WorkspaceID, crm.Contact, records[:n])
		require.NoError(t, err)
		records = records[n:]
	}
}

// choose takes the starting point import and returns its run.
func (w *world) choose(t testing.TB) uuid.UUID {
	t.Helper()
	handle, err := w.temporal.UpdateWorkflow(t.Context(), client.UpdateWorkflowOptions{
		WorkflowID: flow.ConnectionID(w.conn.ID), UpdateName: flow.UpdateChooseStartingPoint,
		Args: []any{flow.Choice{StartingPoint: lockstep.StartImport}}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	require.NoError(t, err)
	var started flow.Started
	require.NoError(t, handle.Get(t.Context(), &started))
	require.NotNil(t, started.Run)
	return *started.Run
}

func (w *world) signal(t testing.TB, name string) {
	t.Helper()
	require.NoError(t, w.temporal.SignalWorkflow(t.Context(), flow.ConnectionID(w.conn.ID), "", name, nil))
}

func (w *world) run(t testing.TB, id uuid.UUID) lockstep.Run {
	t.Helper()
	run, err := w.store.Run(t.Context(), w.conn.WorkspaceID, id)
	require.NoError(t, err)
	return run
}

// finish waits for a run's end and returns it.
func (w *world) finish(t testing.TB, id uuid.UUID) lockstep.Run {
	t.Helper()
	var run lockstep.Run
	w.eventually(t, "the run to end", func() bool {
		run = w.run(t, id)
		return run.FinishedAt != nil
	})
	return run
}

// eventually waits until a condition holds, looking often; a test that waits
// for minutes has failed.
func (w *world) eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.NewTimer(4 * time.Minute)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("waiting for %s; the worker says:\n%s", what, w.tail())
		case <-t.Context().Done():
			t.Fatalf("waiting for %s: %v", what, t.Context().Err())
		}
	}
}

func (w *world) tail() string {
	data, err := os.ReadFile(w.log)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}

// simRecord is a line of the sandbox's record listing.
type simRecord struct {
	Object     string         `json:"object"`
	ID         string         `json:"id"`
	ExternalID string         `json:"external_id"`
	Deleted    bool           `json:"deleted"`
	Writes     int            `json:"writes"`
	Fields     map[string]any `json:"fields"`
}

// landed returns the sandbox's live records that carry an external id, and
// fails the test when two share one.
func (w *world) landed(t testing.TB) map[string]simRecord {
	t.Helper()
	out := make(map[string]simRecord)
	w.lines(t, "/_sim/salesforce/records", func(line []byte) {
		var r simRecord
		require.NoError(t, json.Unmarshal(line, &r))
		if r.Deleted || r.ExternalID == "" {
			return
		}
		_, twice := out[r.ExternalID]
		require.False(t, twice, "one record for each external id")
		out[r.ExternalID] = r
	})
	return out
}

func (w *world) lines(t testing.TB, path string, each func([]byte)) {
	t.Helper()
	resp := w.admin(t, http.MethodGet, path, "")
	defer resp.Body.Close()
	scanner := bufio.NewScanner(resp.Body)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		each(scanner.Bytes())
	}
	require.NoError(t, scanner.Err())
}

// admin calls the sandbox's administration.
func (w *world) admin(t testing.TB, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.sandbox.Admin+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	if resp.StatusCode >= http.StatusBadRequest {
		answer, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return resp
}

// requireTrue compares the ledger with the sandbox's own records: each record
// that says it landed is there once, and none that says it failed.
func (w *world) requireTrue(t testing.TB, run lockstep.Run) {
	t.Helper()
	require.Equal(t, run.Counts.Total, run.Counts.Done(), "each record has its outcome")
	there := w.landed(t)
	require.Len(t, there, int(run.Counts.Landed()))
	rows, err := w.pool.Query(t.Context(), `SELECT r.external_id, l.state, coalesce(l.crm_id, '') FROM ledger l
		JOIN records r ON r.id = l.record_id WHERE l.connection_id = $1`, w.conn.ID)
	require.NoError(t, err)
	var (
		external, state, id string
		compared            int64
	)
	_, err = pgx.ForEachRow(rows, []any{&external, &state, &id}, func() error {
		compared++
		sim, ok := there[lockstep.ExternalID(w.conn.WorkspaceKey, external)]
		if ok != (state == string(lockstep.StateSynced)) || sim.ID != id {
			return fmt.Errorf("%s is %s as %q, and in the CRM as %q", external, state, id, sim.ID)
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, run.Counts.Total, compared)
}
