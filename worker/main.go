// Command worker runs the workflows and the activities of Lockstep. As many as
// are needed run side by side: what they share is PostgreSQL and Temporal.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"lockstep/activities"
	"lockstep/internal/config"
	"lockstep/internal/connect"
	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/crm/all"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/obs"
	"lockstep/internal/store"
	"lockstep/workflows"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "worker:", err)
		os.Exit(1)
	}
}

// run polls both queues until ctx ends, and says {"ready":true} on stdout once
// it does.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) error {
	cfg, err := config.LoadWorker(getenv)
	if err != nil {
		return fmt.Errorf("reading settings:\n%w", err)
	}
	log := obs.Logger(stderr, cfg.LogLevel)

	pool, err := pgxpool.New(ctx, cfg.DatabaseURL.Reveal())
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer pool.Close()
	temporal, err := dial.Temporal(ctx, cfg.Temporal, log)
	if err != nil {
		return err
	}
	defer temporal.Close()

	queues := flow.QueuesFor(cfg.QueuePrefix)
	s := store.New(pool)
	opener := connections(cfg, s, log)
	vendors := facts(all.Factories())
	starts := &starts{client: temporal, queues: queues}

	interactive := worker.New(temporal, queues.Interactive, worker.Options{WorkerStopTimeout: cfg.Drain})
	workflows.Register(interactive)
	interactive.RegisterActivity(&activities.Connections{Book: s, Opener: opener, Vendors: vendors})
	interactive.RegisterActivity(&activities.Runs{Book: s, Opener: opener, Workflows: starts, Vendors: vendors})

	bulk := worker.New(temporal, queues.Bulk, worker.Options{WorkerStopTimeout: cfg.Drain, MaxConcurrentActivityExecutionSize: 4})
	workflows.Register(bulk)
	bulk.RegisterActivity(&activities.Records{Opener: opener, Ledger: s, Book: s, Vendors: vendors})
	bulk.RegisterActivity(&activities.Connections{Book: s, Opener: opener, Vendors: vendors})
	bulk.RegisterActivity(&activities.Runs{Book: s, Opener: opener, Workflows: starts, Vendors: vendors})
	return serve(ctx, stdout, interactive, bulk)
}

// connections opens connections with the grants that the database keeps.
func connections(cfg config.Worker, s *store.Store, log *zap.Logger) *connect.Opener {
	apps := make(map[crm.Vendor]oauth.App, len(cfg.Apps))
	logins := make(map[crm.Vendor]string, len(cfg.Apps))
	for vendor, app := range cfg.Apps {
		apps[vendor], logins[vendor] = oauth.App(app), app.LoginURL
	}
	base := connect.Transport()
	clients := &oauth.Clients{
		Vendors: &oauth.Vendors{Factories: all.Factories(), Apps: apps, Base: base},
		Grants:  &oauth.Vault{Rows: s, Keyring: cfg.Keyring},
	}
	return &connect.Opener{
		Rows: s, Vendors: all.Factories(), Logins: logins, Base: base, Log: log,
		Tokens: func(c lockstep.Connection) adapter.TokenSource { return clients.For(c.Vendor, c.WorkspaceID, c.ID) },
	}
}

func facts(factories map[crm.Vendor]adapter.Factory) map[crm.Vendor]activities.Facts {
	out := make(map[crm.Vendor]activities.Facts, len(factories))
	for vendor, f := range factories {
		out[vendor] = activities.Facts{Label: f.Label, Types: f.Types, Limits: f.Limits}
	}
	return out
}

// serve runs workers until ctx ends, then lets what is running finish.
func serve(ctx context.Context, stdout io.Writer, workers ...worker.Worker) error {
	for i, w := range workers {
		if err := w.Start(); err != nil {
			for _, started := range workers[:i] {
				started.Stop()
			}
			return fmt.Errorf("starting to poll: %w", err)
		}
	}
	if _, err := fmt.Fprintln(stdout, `{"ready":true}`); err != nil {
		return fmt.Errorf("saying that it is ready: %w", err)
	}
	<-ctx.Done()
	for _, w := range workers {
		w.Stop()
	}
	return nil
}
