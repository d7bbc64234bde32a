// Package stack starts, probes, restarts and stops the processes of a local
// Lockstep: a private PostgreSQL, Temporal, the CRM sandbox, workers and the
// API. `starter up` is made of it, and so are the tests that need a real
// database or a real Temporal.
//
// It knows the flags, the environment and the first line of output of each
// program, and nothing of what the programs do: it imports no other package of
// ours. Everything listens on loopback addresses, every child dies with this
// process, and state stays below one directory.
package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

const (
	// stopPatience bounds the undoing of a start that failed.
	stopPatience = time.Minute

	// exitsKept is how many unasked ends wait for Wait.
	exitsKept = 64
)

// Config says what stack to bring up.
type Config struct {
	Dir string // keeps all state; made when it is missing, used by one stack at a time
	Bin string // directory of the programs worker, api, crmsim and temporal

	// Durable keeps the database through a failure of the machine.
	Durable bool

	Ports     Ports
	Namespace string // of Temporal; "default" if empty
	Workers   int    // one if zero
	Sandbox   SandboxConfig

	// Migrate brings the database up to date before anything uses it.
	Migrate func(ctx context.Context, databaseURL string) error

	// Env returns what workers and the API are told besides DATABASE_URL,
	// TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and, the API, LOCKSTEP_ADDRESS. It is
	// asked when everything else is up.
	Env func(Addresses) []string

	// Grace is how long a worker or the API may take to end when asked.
	Grace time.Duration

	// Starting, when not nil, is told the name of each process before it starts.
	Starting func(name string)

	// Moved, when not nil, is told of each port that was taken and of the one
	// that is used in its place. The name is a process's, "temporal-ui", or of
	// the sandbox's ports.
	Moved func(name string, wanted, got int)
}

// Ports are the ports on 127.0.0.1 to listen on, but for the sandbox, which has
// its own. Where one is taken the next free one is used; 0 takes any free one.
type Ports struct {
	Postgres, Temporal, TemporalUI, API int
}

// Addresses tells where a stack can be reached.
type Addresses struct {
	DatabaseURL  string            // holds a password
	Temporal     string            // host:port
	Namespace    string            // of Temporal
	TemporalUI   string            // URL
	SandboxAdmin string            // URL
	Sandbox      map[string]string // URL by vendor
	API          string            // URL; empty until the API is up
}

// Stack is a running local Lockstep. Its processes are named postgres, temporal,
// crmsim, worker-1 and so on, and api; addresses stay over their restarts.
//
// A Stack is safe for concurrent use once it is up.
type Stack struct {
	cfg   Config
	lock  *os.File
	at    Addresses
	parts []*Process // in the order of their start
	exits chan *ExitError
}

// Up brings a stack up and returns when all of it is ready. A start that fails
// leaves nothing running.
func Up(ctx context.Context, cfg Config) (*Stack, error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("finding the state directory: %w", err)
	}
	cfg.Dir = dir
	cfg.Workers = max(cfg.Workers, 1)
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Stack{cfg: cfg, lock: lock, exits: make(chan *ExitError, exitsKept)}
	if err := s.up(ctx); err != nil {
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		return nil, errors.Join(err, s.Stop(undo))
	}
	return s, nil
}

// Addresses returns where the stack can be reached.
func (s *Stack) Addresses() Addresses { return s.at }

// Names returns the names of the processes, in the order of their start.
func (s *Stack) Names() []string {
	var names []string
	for _, p := range s.parts {
		names = append(names, p.Name())
	}
	return names
}

// Process returns the process of a name, to kill, stop, restart or measure.
func (s *Stack) Process(name string) (*Process, error) {
	i := slices.IndexFunc(s.parts, func(p *Process) bool { return p.Name() == name })
	if i < 0 {
		return nil, fmt.Errorf("no process %q: there are %q", name, s.Names())
	}
	return s.parts[i], nil
}

// Wait returns nil when ctx ends, or an ExitError when a process has ended that
// nobody killed or stopped. That process may be restarted and Wait called again.
func (s *Stack) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case exit := <-s.exits:
		return exit
	}
}

// Stop ends all processes, the last one started first, and gives the directory
// back. It goes on when one of them does not end as asked; ctx bounds the whole,
// and then kills the rest.
func (s *Stack) Stop(ctx context.Context) error {
	var errs []error
	for _, p := range slices.Backward(s.parts) {
		errs = append(errs, p.Stop(ctx))
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

func (s *Stack) up(ctx context.Context) error {
	for _, start := range []func(context.Context) error{
		s.startPostgres, s.startTemporal, s.startSandbox, s.migrate, s.startWorkers, s.startAPI,
	} {
		if err := start(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *Stack) startPostgres(ctx context.Context) error {
	s.starting("postgres")
	pg, err := StartPostgres(ctx, PostgresConfig{
		Dir:     filepath.Join(s.cfg.Dir, "postgres"),
		Durable: s.cfg.Durable,
		Listen:  true,
		Port:    s.cfg.Ports.Postgres,
		Log:     s.log("postgres"),
		Exited:  s.exited,
	})
	if err != nil {
		return err
	}
	s.parts = append(s.parts, pg.Process)
	s.at.DatabaseURL = pg.URL()
	return s.compare("postgres", s.cfg.Ports.Postgres, s.at.DatabaseURL)
}

func (s *Stack) startTemporal(ctx context.Context) error {
	s.starting("temporal")
	t, err := StartTemporal(ctx, TemporalConfig{
		Bin:       s.bin("temporal"),
		DB:        filepath.Join(s.cfg.Dir, "temporal", "temporal.db"),
		Namespace: s.cfg.Namespace,
		Port:      s.cfg.Ports.Temporal,
		UIPort:    s.cfg.Ports.TemporalUI,
		Log:       s.log("temporal"),
		Exited:    s.exited,
	})
	if err != nil {
		return err
	}
	s.parts = append(s.parts, t.Process)
	s.at.Temporal, s.at.TemporalUI, s.at.Namespace = t.Address, t.UI, t.Namespace
	return errors.Join(
		s.compare("temporal", s.cfg.Ports.Temporal, "grpc://"+t.Address),
		s.compare("temporal-ui", s.cfg.Ports.TemporalUI, t.UI),
	)
}

func (s *Stack) startSandbox(ctx context.Context) error {
	s.starting("crmsim")
	cfg := s.cfg.Sandbox
	cfg.Bin, cfg.Log, cfg.Exited = s.bin("crmsim"), s.log("crmsim"), s.exited
	sandbox, err := StartSandbox(ctx, cfg)
	if err != nil {
		return err
	}
	s.parts = append(s.parts, sandbox.Process)
	s.at.SandboxAdmin, s.at.Sandbox = sandbox.Admin, sandbox.Vendors
	errs := []error{s.compare("admin", cfg.Ports["admin"], sandbox.Admin)}
	for vendor, at := range sandbox.Vendors {
		errs = append(errs, s.compare(vendor, cfg.Ports[vendor], at))
	}
	return errors.Join(errs...)
}

func (s *Stack) migrate(ctx context.Context) error {
	if s.cfg.Migrate == nil {
		return nil
	}
	return s.cfg.Migrate(ctx, s.at.DatabaseURL)
}

func (s *Stack) startWorkers(ctx context.Context) error {
	for n := range s.cfg.Workers {
		cfg := s.service("worker", "worker-"+strconv.Itoa(n+1))
		w, err := StartWorker(ctx, cfg)
		if err != nil {
			return err
		}
		s.parts = append(s.parts, w)
	}
	return nil
}

func (s *Stack) startAPI(ctx context.Context) error {
	api, err := StartAPI(ctx, s.service("api", "api"), s.cfg.Ports.API)
	if err != nil {
		return err
	}
	s.parts = append(s.parts, api.Process)
	s.at.API = api.URL
	return s.compare("api", s.cfg.Ports.API, api.URL)
}

func (s *Stack) service(program, name string) ServiceConfig {
	s.starting(name)
	env := []string{
		"DATABASE_URL=" + s.at.DatabaseURL,
		"TEMPORAL_ADDRESS=" + s.at.Temporal,
		"TEMPORAL_NAMESPACE=" + s.at.Namespace,
	}
	if s.cfg.Env != nil {
		env = append(env, s.cfg.Env(s.at)...)
	}
	return ServiceConfig{
		Name: name, Bin: s.bin(program), Env: env, Log: s.log(name), Grace: s.cfg.Grace, Exited: s.exited,
	}
}

func (s *Stack) starting(name string) {
	if s.cfg.Starting != nil {
		s.cfg.Starting(name)
	}
}

// compare tells Moved when url is not at the port that was wanted.
func (s *Stack) compare(name string, wanted int, at string) error {
	u, err := url.Parse(at)
	if err != nil {
		return errors.New("reading the address of " + name) // without the cause, which quotes passwords
	}
	got, err := strconv.Atoi(u.Port())
	if err != nil {
		return fmt.Errorf("reading the port of %s: %w", name, err)
	}
	if wanted != 0 && got != wanted && s.cfg.Moved != nil {
		s.cfg.Moved(name, wanted, got)
	}
	return nil
}

// exited keeps an end that nobody asked for until Wait takes it. When nobody ever
// waits, the newest are lost.
func (s *Stack) exited(exit *ExitError) {
	select {
	case s.exits <- exit:
	default:
	}
}

func (s *Stack) bin(program string) string { return filepath.Join(s.cfg.Bin, program) }

func (s *Stack) log(name string) string { return filepath.Join(s.cfg.Dir, "log", name+".log") }
