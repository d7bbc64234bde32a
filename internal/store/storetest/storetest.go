// Package storetest gives each test a migrated PostgreSQL database of its own,
// cloned in milliseconds from a template. The tests of a package share one
// private cluster, which is started by the first that asks and dies with the
// test process. It is for tests alone.
package storetest

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"lockstep/internal/stack"
	"lockstep/internal/store"
)

const template = "template_lockstep"

// cluster is the one of this test process.
type cluster struct {
	once  sync.Once
	err   error
	pg    *stack.Postgres
	clone sync.Mutex // PostgreSQL copies a template for one at a time
	made  atomic.Int64
	life  io.Closer // of this process, as who cleans up behind it sees it
}

// shared lives as long as the test process; testing gives a package no better
// place to keep what its tests share.
var shared cluster

// New returns a pool of connections to a fresh, migrated database, which ends
// with the test. It fails the test when no PostgreSQL can be had.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return Open(t, URL(t))
}

// URL returns the address of a fresh, migrated database, for processes that
// open it themselves.
func URL(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.err = shared.start() })
	require.NoError(t, shared.err)
	name := fmt.Sprintf("test_%d", shared.made.Add(1))
	shared.clone.Lock()
	defer shared.clone.Unlock()
	require.NoError(t, shared.exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template))
	t.Cleanup(func() { // a disk is soon full of them
		require.NoError(t, shared.exec(context.WithoutCancel(t.Context()), "DROP DATABASE "+name+" WITH (FORCE)"))
	})
	return shared.pg.AdminURL(name)
}

// Open returns a pool of connections to a database, closed when the test ends.
func Open(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// start makes the cluster and the template. It is bound to no test, since the
// next ones use it too.
func (c *cluster) start() error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "lockstep-test-")
	if err != nil {
		return fmt.Errorf("making a directory for PostgreSQL: %w", err)
	}
	if c.life, err = removeWithUs(dir); err != nil {
		return err
	}
	if c.pg, err = stack.StartPostgres(ctx, stack.PostgresConfig{Dir: filepath.Join(dir, "pg")}); err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}
	if err := c.exec(ctx, "CREATE DATABASE "+template); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, c.pg.AdminURL(template))
	if err != nil {
		return fmt.Errorf("opening the template: %w", err)
	}
	defer pool.Close()
	return store.Migrate(ctx, pool)
}

// removeWithUs removes dir once this process has ended, however it does, for
// then what it returns is closed.
func removeWithUs(dir string) (io.Closer, error) {
	const wait = "read -r _; sleep 2; rm -rf \"$0\""                        // the server has ended by then
	cmd := exec.CommandContext(context.Background(), "sh", "-c", wait, dir) //nolint:gosec // a directory of our own
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}                    // an interrupted test must not take it along
	life, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("watching over %s: %w", dir, err)
	}
	return life, nil
}

func (c *cluster) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, c.pg.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // the answer came, or the error did
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("preparing a test database: %w", err)
	}
	return nil
}
