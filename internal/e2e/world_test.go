package e2e_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/crm"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/secret"
	"lockstep/internal/stack"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// world is one test's Lockstep: a database of its own, a sandbox of its own, a
// worker process on task queues of its own, and the package's Temporal.
type world struct {
	vendor   vendor
	dir      string
	database string
	pool     *pgxpool.Pool
	store    *store.Store
	server   *stack.Temporal
	temporal client.Client
	sandbox  *stack.Sandbox
	worker   *stack.Process
	queues   flow.Queues
	conn     lockstep.Connection
	key      string // an admin's, to the API
	keyset   []byte
	log      string   // of the worker
	env      []string // of the worker and the API
	secrets  []string // tokens that no history and no log may hold
}

// temporal is the server that the tests of this package share; it dies with
// the test process.
var temporal = sync.OnceValues(func() (*stack.Temporal, error) {
	dir, err := os.MkdirTemp("", "lockstep-e2e-")
	if err != nil {
		return nil, fmt.Errorf("making a directory for Temporal: %w", err)
	}
	return startTemporal(context.Background(), dir)
})

func startTemporal(ctx context.Context, dir string) (*stack.Temporal, error) {
	return stack.StartTemporal(ctx, stack.TemporalConfig{
		Bin: binary("temporal"), DB: filepath.Join(dir, "temporal.db"), Log: filepath.Join(dir, "temporal.log"),
	})
}

// binary returns the path of a program that `make build` has made.
func binary(name string) string {
	path, _ := filepath.Abs(filepath.Join("..", "..", "bin", name))
	return path
}

// options vary a world.
type options struct {
	vendor   vendor // Salesforce if not set
	sandbox  stack.SandboxConfig
	contacts int
	target   string          // CRM type that contacts are kept under; the vendor's default if empty
	database string          // one of the test's own, migrated; if empty, one of the package's cluster
	server   *stack.Temporal // one of the test's own; the package's if nil
}

// begin brings a world up, connected to its CRM and ready for the starting
// point, with contacts loaded.
func begin(t testing.TB, o options) *world {
	t.Helper()
	w := &world{vendor: o.vendor, dir: t.TempDir(), database: o.database, server: o.server}
	var err error
	if w.vendor == (vendor{}) {
		w.vendor = salesforce
	}
	if w.database == "" {
		w.database = storetest.URL(t)
	}
	if w.server == nil {
		w.server, err = temporal()
		require.NoError(t, err)
	}
	w.pool = storetest.Open(t, w.database)
	w.store = store.New(w.pool)

	o.sandbox.Bin, o.sandbox.Log = binary("crmsim"), filepath.Join(w.dir, "crmsim.log")
	w.sandbox, err = stack.StartSandbox(t.Context(), o.sandbox)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.sandbox.Kill()) })

	w.startWorker(t)
	w.temporal, err = dial.Temporal(t.Context(), config.Temporal{
		Address: w.server.Address, Namespace: w.server.Namespace, Getenv: func(string) string { return "" },
	}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(w.temporal.Close)

	w.connect(t, o.target)
	w.load(t, contacts(0, o.contacts)...)
	return w
}

// startWorker starts the world's worker, on queues of its own.
func (w *world) startWorker(t testing.TB) {
	t.Helper()
	var err error
	w.keyset, err = secret.NewKeyset()
	require.NoError(t, err)
	prefix := "e2e-" + uuid.NewString()[:8] + "-"
	w.queues = flow.QueuesFor(prefix)
	w.log = filepath.Join(w.dir, "worker.log")
	w.env = []string{
		"DATABASE_URL=" + w.database, "TEMPORAL_ADDRESS=" + w.server.Address, "TEMPORAL_NAMESPACE=" + w.server.Namespace,
		"LOCKSTEP_KEYSET=" + base64.StdEncoding.EncodeToString(w.keyset), "LOCKSTEP_QUEUE_PREFIX=" + prefix, "LOCKSTEP_RESERVE=0",
	}
	for name, setting := range map[crm.Vendor]string{crm.Salesforce: "LOCKSTEP_SALESFORCE_", crm.HubSpot: "LOCKSTEP_HUBSPOT_"} {
		w.env = append(w.env, setting+"CLIENT_ID="+clientID, setting+"CLIENT_SECRET="+clientSecret, setting+"LOGIN_URL="+w.sandbox.Vendors[string(name)])
	}
	w.worker, err = stack.StartWorker(t.Context(), stack.ServiceConfig{Name: "worker", Bin: binary("worker"), Log: w.log, Env: w.env})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.worker.Kill()) })
}

// neighbour returns a second workspace that is connected to the same account
// and served by the same worker.
func (w *world) neighbour(t testing.TB) *world {
	t.Helper()
	other := *w
	other.connect(t, "")
	return &other
}

// connect makes a workspace and a connection, authorises it as a person would,
// and waits until it is ready.
func (w *world) connect(t testing.TB, target string) {
	t.Helper()
	ctx := t.Context()
	tenant, err := lockstep.NewWorkspace("E2E")
	require.NoError(t, err)
	key, text, err := lockstep.NewAPIKey(tenant.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, w.store.CreateWorkspace(ctx, tenant, key, text))
	w.key = text
	targets := map[crm.Object]string{}
	if target != "" {
		targets[crm.Contact] = target
	}
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, w.store.CreateConnection(ctx, lockstep.Connection{ID: id, WorkspaceID: tenant.ID, Vendor: w.vendor.name, Targets: targets}))

	w.conn = lockstep.Connection{ID: id, WorkspaceID: tenant.ID}
	w.grant(t)
	w.supervise(t)
	w.ready(t)
}

// supervise starts the connection's supervisor, if none runs.
func (w *world) supervise(t testing.TB) {
	t.Helper()
	in := flow.ConnectionInput{Workspace: w.conn.WorkspaceID, Connection: w.conn.ID, Vendor: w.vendor.name}
	_, err := w.temporal.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID: flow.ConnectionID(w.conn.ID), TaskQueue: w.queues.Interactive,
	}, flow.ConnectionName, in)
	require.NoError(t, err)
}

// ready waits until the starting point can be chosen.
func (w *world) ready(t testing.TB) {
	t.Helper()
	w.eventually(t, "the connection to be ready", func() bool {
		w.conn = w.connection(t)
		require.NotEqual(t, lockstep.StatusError, w.conn.Status, w.conn.StatusReason)
		return w.conn.Status == lockstep.StatusReady
	})
}

// connection returns the connection as the database has it.
func (w *world) connection(t testing.TB) lockstep.Connection {
	t.Helper()
	conn, err := w.store.Connection(t.Context(), w.conn.WorkspaceID, w.conn.ID)
	require.NoError(t, err)
	return conn
}

// contacts returns records with the numbers from and up to to.
func contacts(from, to int) []lockstep.Record {
	var out []lockstep.Record
	for i := from; i < to; i++ {
		out = append(out, contact(fmt.Sprintf("C-%05d", i), fmt.Sprintf("c%05d@example.com", i), fmt.Sprintf("Number %d", i)))
	}
	return out
}

// contact returns a record; loading one of an external id that is there changes
// that.
func contact(externalID, email, lastName string) lockstep.Record {
	return lockstep.Record{
		ID: uuid.Must(uuid.NewV7()), Object: crm.Contact, ExternalID: externalID,
		Fields: map[string]any{
			"first_name": "Ada", "last_name": lastName, "email": email,
			"company": "Example Ltd", "phone": "+49 30 1234567", "notes": "planted-note",
		},
	}
}

// changed returns records with other last names.
func changed(records []lockstep.Record, lastName string) []lockstep.Record {
	for _, r := range records {
		r.Fields["last_name"] = lastName
	}
	return records
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

// eventually waits until a condition holds, looking often; a test that waits
// for minutes has failed.
func (w *world) eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.NewTimer(90 * time.Second)
	defer deadline.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("waiting for %s; %s; the worker says:\n%s", what, w.standing(t), w.tail())
		case <-t.Context().Done():
			t.Fatalf("waiting for %s: %v", what, t.Context().Err())
		}
	}
}

// standing says where the connection and its latest runs stand.
func (w *world) standing(t testing.TB) string {
	t.Helper()
	conn := w.connection(t)
	text := fmt.Sprintf("the connection is %s (%s)", conn.Status, conn.StatusReason)
	runs, err := w.store.Runs(t.Context(), w.conn.WorkspaceID, w.conn.ID, 5)
	require.NoError(t, err)
	for _, run := range runs {
		text += fmt.Sprintf("; %s is %s (%s) with %+v", run.Kind, run.State, run.Reason, run.Counts)
	}
	return text
}

func (w *world) tail() string {
	data, err := os.ReadFile(w.log)
	if err != nil {
		return err.Error()
	}
	return string(data[max(0, len(data)-4000):])
}
