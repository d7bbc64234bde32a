// Command api serves the HTTP API. As many as are needed run side by side: what
// they share is PostgreSQL and Temporal.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"lockstep/api/rest"
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
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Getenv, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "api:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends, and says {"api":"http://…"} on stdout once it
// does.
func run(ctx context.Context, getenv func(string) string, stdout, stderr io.Writer) error {
	cfg, err := config.LoadAPI(getenv)
	if err != nil {
		return fmt.Errorf("reading settings:\n%w", err)
	}
	log := obs.Logger(stderr, cfg.LogLevel).Named("api")

	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Address)
	if err != nil {
		return fmt.Errorf("listening on %s (LOCKSTEP_ADDRESS): %w", cfg.Address, err)
	}
	defer listener.Close() //nolint:errcheck // it is closed by then, or nothing was served
	cfg = reachedAt(cfg, listener.Addr())

	seen, err := obs.Start(ctx, obs.Config{Process: "api", Address: cfg.MetricsAddress, Getenv: getenv}, log)
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

	api := server(cfg, pool, temporal, log)
	api.Done = ctx.Done()
	handler, err := api.Handler()
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(map[string]string{"api": "http://" + listener.Addr().String()}); err != nil {
		return fmt.Errorf("saying where it listens: %w", err)
	}
	return serve(ctx, listener, seen.Requests(handler), log)
}

// reachedAt returns cfg with the port that was free in the public URL, and in
// what is derived from it, where none was asked for.
func reachedAt(cfg config.API, addr net.Addr) config.API {
	if !strings.HasSuffix(cfg.PublicURL, ":0") {
		return cfg
	}
	cfg.PublicURL = "http://" + addr.String()
	for vendor, app := range cfg.Apps {
		app.RedirectURL = cfg.PublicURL + config.RedirectPath
		cfg.Apps[vendor] = app
	}
	return cfg
}

// server wires the API.
func server(cfg config.API, pool *pgxpool.Pool, temporal client.Client, log *zap.Logger) *rest.Server {
	s := store.New(pool)
	r := rows{s}
	vendors := make(map[crm.Vendor]rest.Vendor, len(cfg.Apps))
	apps := make(map[crm.Vendor]oauth.App, len(cfg.Apps))
	logins := make(map[crm.Vendor]string, len(cfg.Apps))
	registrations := make(map[crm.Vendor]adapter.Registration, len(cfg.Apps))
	factories := all.Factories()
	for vendor, app := range cfg.Apps {
		if f, ok := factories[vendor]; ok {
			vendors[vendor] = rest.Vendor{Label: f.Label, Types: f.Types, ExternalIDField: f.ExternalIDField}
		}
		apps[vendor], logins[vendor] = oauth.App(app), app.LoginURL
		registrations[vendor] = adapter.Registration{ID: app.ClientID, Secret: app.ClientSecret.Reveal()}
	}
	base := connect.Transport()
	return &rest.Server{
		Keys: s, Workspaces: s, Connections: s, Links: s, Runs: s, Events: r, Mappings: r, Records: s, Ledger: s, Standings: r,
		Requests: r, Audits: r, IssuedKeys: r, Guides: r, Sealer: cfg.Keyring,
		Webhooks: webhooks{rows: s, keyring: cfg.Keyring},
		SignIns: &signIns{
			flow: &oauth.Flow{
				Vendors: &oauth.Vendors{Factories: factories, Apps: apps, Base: base},
				States:  states{rows: s},
				Keyring: cfg.Keyring,
			},
			vault:  &oauth.Vault{Rows: s, Keyring: cfg.Keyring},
			opener: &connect.Opener{Rows: s, Vendors: factories, Logins: logins, Apps: registrations, Base: base, Log: log},
			rows:   s,
			log:    log,
		},
		Supervisors: &supervisors{client: temporal, queue: flow.QueuesFor(cfg.QueuePrefix).Interactive, vendors: vendors},
		Vendors:     vendors,
		Problems:    problems(),
		Probes: map[string]func(context.Context) error{
			"postgresql": pool.Ping,
			"temporal": func(ctx context.Context) error {
				_, err := temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
				return err
			},
		},
		PublicURL: cfg.PublicURL,
		Temporal:  rest.TemporalUI{Address: cfg.TemporalUI, Namespace: cmp.Or(cfg.Temporal.Namespace, client.DefaultNamespace)},
		Log:       log,
	}
}

// problems are those of connecting, as the API tells them.
func problems() []lockstep.Problem {
	var out []lockstep.Problem
	for _, p := range oauth.Problems() {
		out = append(out, lockstep.Problem{
			Code: lockstep.Code(p.Code), Title: p.Title, Meaning: p.Meaning, Fix: p.Fix, Retry: lockstep.RetryFixed,
		})
	}
	return out
}

// The bounds of one exchange: the longest are loads of 64 MB over a slow line,
// and choosing a starting point, which marks every record.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 5 * time.Minute
	writeTimeout  = 7 * time.Minute // from the end of the headers, so reading counts
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 20 * time.Second
)

// serve answers until ctx ends, then lets what is being answered finish.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, log *zap.Logger) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 64 << 10,
		ErrorLog:       zap.NewStdLog(log),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if stopped := <-served; !errors.Is(stopped, http.ErrServerClosed) {
		err = errors.Join(err, stopped)
	}
	if err != nil {
		return fmt.Errorf("shutting down: %w", err)
	}
	return nil
}
