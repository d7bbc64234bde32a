// Command worker runs the workflows and the activities of Lockstep. As many as
// are needed run side by side: what they share is PostgreSQL and Temporal.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"lockstep/activities"
	"lockstep/internal/alert"
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

	seen, err := obs.Start(ctx, obs.Config{Process: "worker", Address: cfg.MetricsAddress, Getenv: getenv}, log)
	if err != nil {
		return err
	}
	defer seen.Close(ctx)
	pool, err := store.Open(ctx, cfg.DatabaseURL.Reveal(), seen.Meters, seen.Tracers)
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	defer pool.Close()
	temporal, err := dial.Observed(ctx, cfg.Temporal, log, seen)
	if err != nil {
		return err
	}
	defer temporal.Close()

	s := store.New(pool)
	queues := flow.QueuesFor(cfg.QueuePrefix)
	kept := &schedules{client: temporal, queues: queues}
	fatal := make(chan error, 1)
	opener, vault, err := connections(cfg, s, seen, log)
	if err != nil {
		return err
	}
	if err := watch(seen.Meters, s, log); err != nil {
		return err
	}
	workers := workersFor(temporal, queues, cfg, kept, s, opener, vault, fatal)
	if err := kept.keepReconciling(ctx); err != nil {
		return err
	}
	return serve(ctx, stdout, fatal, workers...)
}

// bulkSlots is how many chunks run at once. Each holds one batch for each of its
// calls in flight, and no more.
const bulkSlots = 16

// workersFor returns a worker for each queue. Both can do everything: what is
// done where is for the workflows to say.
func workersFor(
	c client.Client, queues flow.Queues, cfg config.Worker, kept *schedules, s *store.Store, opener *connect.Opener, vault *oauth.Vault, fatal chan<- error,
) []worker.Worker {
	vendors := facts(all.Factories())
	told := &alerts{rows: s, keyring: cfg.Keyring, sender: alert.NewSender(alert.Guard{}, nil)}
	var workers []worker.Worker
	for _, queue := range []string{queues.Interactive, queues.Bulk} {
		options := worker.Options{WorkerStopTimeout: cfg.Drain, Interceptors: []interceptor.WorkerInterceptor{&beats{every: beatEvery}}, MaxHeartbeatThrottleInterval: beatEvery, OnFatalError: func(err error) {
			select {
			case fatal <- err:
			default: // one is enough to end
			}
		}}
		if queue == queues.Bulk {
			options.MaxConcurrentActivityExecutionSize = bulkSlots
		}
		w := worker.New(c, queue, options)
		workflows.Register(w)
		w.RegisterActivity(&activities.Records{Opener: opener, Ledger: s, Book: s, Cycles: s, Tests: s, Vendors: vendors})
		connections := &activities.Connections{
			Book: s, Opener: opener, Schedules: kept, Grants: &grants{rows: s, vault: vault, opener: opener},
			Alerts: told, Vendors: vendors,
		}
		w.RegisterActivity(connections)
		w.RegisterActivity(&activities.Runs{
			Book: s, Workflows: &starts{client: c, queues: queues, vendors: vendors}, Schedules: kept, Estate: kept, Logins: connections,
		})
		workers = append(workers, w)
	}
	return workers
}

// connections opens connections with the grants that the database keeps.
func connections(cfg config.Worker, s *store.Store, seen *obs.Telemetry, log *zap.Logger) (*connect.Opener, *oauth.Vault, error) {
	calls, err := seen.Calls()
	if err != nil {
		return nil, nil, err
	}
	waits, err := seen.Waits()
	if err != nil {
		return nil, nil, err
	}
	apps := make(map[crm.Vendor]oauth.App, len(cfg.Apps))
	logins := make(map[crm.Vendor]string, len(cfg.Apps))
	registrations := make(map[crm.Vendor]adapter.Registration, len(cfg.Apps))
	for vendor, app := range cfg.Apps {
		apps[vendor], logins[vendor] = oauth.App(app), app.LoginURL
		registrations[vendor] = adapter.Registration{ID: app.ClientID, Secret: app.ClientSecret.Reveal()}
	}
	base := connect.Transport()
	vault := &oauth.Vault{Rows: s, Keyring: cfg.Keyring}
	clients := &oauth.Clients{
		Vendors: &oauth.Vendors{Factories: all.Factories(), Apps: apps, Base: base},
		Grants:  vault,
	}
	opener := &connect.Opener{
		Rows: s, Vendors: all.Factories(), Logins: logins, Apps: registrations, Base: base, Log: log,
		Meter:  calls,
		Pacer:  timed(pacing(s, cfg.Reserve, log), waits),
		Tokens: func(c lockstep.Connection) adapter.TokenSource { return clients.For(c.Vendor, c.WorkspaceID, c.ID) },
	}
	return opener, vault, nil
}

func facts(factories map[crm.Vendor]adapter.Factory) map[crm.Vendor]activities.Facts {
	out := make(map[crm.Vendor]activities.Facts, len(factories))
	for vendor, f := range factories {
		out[vendor] = activities.Facts{Label: f.Label, Types: f.Types, Owner: f.OwnerField, Limits: f.Limits}
	}
	return out
}

// serve runs workers until ctx ends, or one of them can poll no more, then lets
// what is running finish.
func serve(ctx context.Context, stdout io.Writer, fatal <-chan error, workers ...worker.Worker) error {
	for i, w := range workers {
		if err := w.Start(); err != nil {
			stop(workers[:i])
			return fmt.Errorf("starting to poll: %w", err)
		}
	}
	if _, err := fmt.Fprintln(stdout, `{"ready":true}`); err != nil {
		return fmt.Errorf("saying that it is ready: %w", err)
	}
	var err error
	select {
	case <-ctx.Done():
	case fault := <-fatal:
		err = fmt.Errorf("polling: %w", fault)
	}
	stop(workers)
	return err
}

// stop stops workers at the same time, so that none begins what another one
// drops.
func stop(workers []worker.Worker) {
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Go(w.Stop)
	}
	wg.Wait()
}
