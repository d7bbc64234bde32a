package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"lockstep/internal/config"
	"lockstep/internal/secret"
	"lockstep/internal/stack"
)

const (
	// The sandbox's app (see internal/crmsim/cmd/crmsim).
	sandboxApp    = "lockstep-sandbox"
	sandboxSecret = "lockstep-sandbox-secret"

	// drain is how long a worker may finish what it has begun when it is told to
	// stop.
	drain = "5s"

	// downWithin bounds the tearing down.
	downWithin = time.Minute

	// A process that ends so often in so short a time is not started again.
	diesMost   = 5
	diesWithin = time.Minute
)

// local is a Lockstep of our own on this machine.
type local struct {
	*face

	options upOptions
	dir     string // keeps all state; absolute

	stack  *stack.Stack
	ctx    context.Context //nolint:containedctx // ends when the stack does, with the reason as its cause
	cancel context.CancelCauseFunc
	nurses sync.WaitGroup
}

// up brings everything up, told in plain lines.
func (l *local) up(ctx context.Context) error {
	programs, err := programs()
	if err != nil {
		return err
	}
	l.say("Bringing Lockstep up in %s", l.dir)
	cfg := stack.Config{
		Dir: l.dir, Bin: programs, Durable: true, Workers: l.options.workers,
		Sandbox:  stack.SandboxConfig{Latency: l.options.latency, Rate: l.options.rate, Faults: l.options.faults},
		Migrate:  l.prepare,
		Env:      l.env,
		Starting: func(name string) { l.say("  starting %s", name) },
		Moved:    func(name string, wanted, got int) { l.say("  port %d is taken: %s is at %d", wanted, name, got) },
	}
	if !l.options.once {
		cfg.Ports = stack.Ports{Postgres: 5433, Temporal: 7233, TemporalUI: 8233, API: 8080}
		cfg.Sandbox.Ports = map[string]int{"admin": 8090, "salesforce": 8091, "hubspot": 8092}
	}
	if l.stack, err = stack.Up(ctx, cfg); err != nil {
		return err
	}
	l.ctx, l.cancel = context.WithCancelCause(ctx)
	l.nurses.Go(l.nurse)
	return nil
}

// down ends everything.
func (l *local) down(ctx context.Context) error {
	l.say("Taking everything down …")
	l.cancel(nil)
	l.nurses.Wait()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downWithin)
	defer cancel()
	return errors.Join(takeDown(l.dir), l.stack.Stop(ctx))
}

// programs returns the directory of the programs that a stack is made of: where
// this one is.
func programs() (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding the programs: %w", err)
	}
	if self, err = filepath.EvalSymlinks(self); err != nil {
		return "", fmt.Errorf("finding the programs: %w", err)
	}
	dir := filepath.Dir(self)
	for _, name := range []string{"worker", "api", "crmsim", "temporal"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", fmt.Errorf("there is no %s in %s: run `make build`, then bin/starter up", name, dir)
		}
	}
	return dir, nil
}

// prepare readies what workers and the API find when they start: the database's
// schema, and the keyset that seals grants.
func (l *local) prepare(ctx context.Context, databaseURL string) error {
	if err := secret.CreateKeyset(l.keyset()); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return migrate(ctx, databaseURL)
}

func (l *local) keyset() string { return filepath.Join(l.dir, "keyset.json") }

// env is what workers and the API are told.
func (l *local) env(at stack.Addresses) []string {
	env := []string{
		"LOCKSTEP_KEYSET_FILE=" + l.keyset(),
		"LOCKSTEP_TEMPORAL_UI=" + at.TemporalUI,
		"LOCKSTEP_DRAIN=" + drain,
		"LOCKSTEP_RESERVE=" + cmp.Or(l.getenv("LOCKSTEP_RESERVE"), "0"), // the sandbox has no other callers
	}
	for vendor, url := range at.Sandbox {
		prefix := "LOCKSTEP_" + strings.ToUpper(vendor)
		env = append(env, prefix+"_CLIENT_ID="+sandboxApp, prefix+"_CLIENT_SECRET="+sandboxSecret, prefix+"_LOGIN_URL="+url)
	}
	return env
}

// nurse starts what dies again, until everything is taken down. What cannot be
// had again ends it all: a private stack without what its CRM, its database or
// its workflows held can come to no true end.
func (l *local) nurse() {
	deaths := make(map[string][]time.Time)
	for {
		exit, ok := errors.AsType[*stack.ExitError](l.stack.Wait(l.ctx))
		if !ok {
			return
		}
		name := exit.Name
		if l.options.once && name != "api" && !strings.HasPrefix(name, "worker-") {
			l.cancel(exit)
			return
		}
		deaths[name] = append(deaths[name], time.Now())
		if n := len(deaths[name]); n >= diesMost && time.Since(deaths[name][n-diesMost]) < diesWithin {
			l.cancel(fmt.Errorf("starting it again does not help: %w", exit))
			return
		}
		l.say("! %s ended (%s); its log is %s", name, exit.Status, exit.Log)
		if err := l.revive(name); err != nil && l.ctx.Err() == nil {
			l.cancel(err)
			return
		}
		l.say("  %s was started again", name)
		if name == "crmsim" {
			l.sayForgotten()
		}
	}
}

// sayForgotten says what is gone with the sandbox, and how that comes back.
func (l *local) sayForgotten() {
	l.say("  what had been written into the sandbox is gone, and its logins with that. As soon as `starter status VENDOR` misses the login:")
	for _, vendor := range l.options.crms() {
		l.say("    starter connect %s && starter resync %[1]s", vendor)
	}
}

func (l *local) revive(name string) error {
	p, err := l.stack.Process(name)
	if err != nil {
		return err
	}
	return p.Restart(l.ctx)
}

// workers returns the worker processes.
func (l *local) workers() ([]*stack.Process, error) {
	var workers []*stack.Process
	for _, name := range l.stack.Names() {
		if !strings.HasPrefix(name, "worker-") {
			continue
		}
		p, err := l.stack.Process(name)
		if err != nil {
			return nil, err
		}
		workers = append(workers, p)
	}
	return workers, nil
}

// places tells where the stack can be reached.
func (l *local) places() *places {
	at := l.stack.Addresses()
	return &places{Dir: l.dir, DatabaseURL: at.DatabaseURL, API: at.API, TemporalUI: at.TemporalUI, SandboxAdmin: at.SandboxAdmin}
}

func (l *local) temporal() config.Temporal {
	at := l.stack.Addresses()
	return config.Temporal{Address: at.Temporal, Namespace: at.Namespace}
}

// sandbox returns the witness of one CRM of this stack.
func (l *local) sandbox(vendor string) sandbox {
	return sandbox{address: l.stack.Addresses().SandboxAdmin, vendor: vendor}
}
