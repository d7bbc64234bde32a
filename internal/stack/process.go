package stack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	// patience is how long a process may take to become ready when its Command
	// does not say; grace is how long it may take to end.
	patience = 30 * time.Second
	grace    = 10 * time.Second

	// tick is how often a probe is repeated.
	tick = 20 * time.Millisecond
)

// Command says how to start a process and when to call it ready.
type Command struct {
	Name string   // in messages
	Path string   // of the program
	Args []string // without the program's name
	Env  []string // all of its environment, as KEY=VALUE; nothing is inherited
	Log  string   // the file that its standard error is appended to

	// Announces, when not nil, is a pointer to what the process tells in the
	// first line of its standard output, as JSON. It is filled when the process
	// starts for the first time; after a restart the line is awaited, and
	// ignored. What follows the line goes to Log.
	Announces any

	// Ready, when not nil, is repeated until it returns nil.
	Ready func(ctx context.Context) error

	// Retry, when not nil, says from the last lines of the log whether to try
	// again when the process ended before it was ready.
	Retry func(said string) bool

	// Exited, when not nil, is told when the process ends and neither Kill nor
	// Stop made it. It must not block.
	Exited func(*ExitError)

	StopSignal syscall.Signal // asks the process to end; SIGTERM if zero
	Patience   time.Duration  // to become ready; 30 s if zero
	Grace      time.Duration  // to end when asked, before it is killed; 10 s if zero

	as *account // whom it runs as, if not as the caller
}

// Process is a program that is started, probed, stopped and started again under
// one name. It dies with its parent, however that ends, and is in a process
// group of its own, so that a terminal's Ctrl-C reaches the parent alone.
//
// A Process is safe for concurrent use. Starting and ending take turns.
type Process struct {
	command Command

	turn      sync.Mutex // held while starting or ending
	announced bool       // once; guarded by turn

	mu    sync.Mutex
	child *child // the present or the last one
	peak  int64  // of the children before, in bytes
}

// Start starts a process and returns when it is ready. The end of ctx gives up
// the start, it does not end a process that has started.
func Start(ctx context.Context, c Command) (*Process, error) {
	p := &Process{command: c}
	p.turn.Lock()
	defer p.turn.Unlock()
	if err := p.start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// Name returns the name in messages.
func (p *Process) Name() string { return p.command.Name }

// Log returns the path of the log.
func (p *Process) Log() string { return p.command.Log }

// Pid returns the process id, of the last child if none is running.
func (p *Process) Pid() int { return p.current().pid }

// Done is closed when the child that is running now has ended and been reaped.
func (p *Process) Done() <-chan struct{} { return p.current().done }

// PeakRSS returns the most memory that the process has had resident, in bytes,
// over all of its restarts. The last moments of a child that ended by itself
// are not in it. It is 0 where the system does not tell.
func (p *Process) PeakRSS() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(p.peak, p.child.peak())
}

// Kill ends the process at once, as a crash would, and returns when it is gone.
// Killing a process that has ended is no error.
func (p *Process) Kill() error {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.end(func(c *child) error {
		if err := c.signal(syscall.SIGKILL); err != nil {
			return err
		}
		<-c.done
		return nil
	})
}

// Stop asks the process to end and returns when it is gone. When it takes longer
// than its grace, or than ctx, it is killed, and Stop says so.
func (p *Process) Stop(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.stop(ctx)
}

// Restart stops the process if it is running and starts it again.
func (p *Process) Restart(ctx context.Context) error {
	p.turn.Lock()
	defer p.turn.Unlock()
	if err := p.stop(ctx); err != nil && !p.current().ended() {
		return err
	}
	return p.start(ctx)
}

func (p *Process) current() *child {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.child
}

func (p *Process) stop(ctx context.Context) error {
	return p.end(func(c *child) error { return c.stop(ctx, p.command) })
}

// end makes the present child end by how, if it has not ended by itself.
func (p *Process) end(how func(*child) error) error {
	c := p.current()
	if c.ended() {
		return nil
	}
	p.mu.Lock()
	p.peak = max(p.peak, c.peak()) // which the system forgets with the process
	p.mu.Unlock()
	c.asked.Store(true)
	if err := how(c); err != nil {
		return fmt.Errorf("stopping %s: %w", p.command.Name, err)
	}
	return nil
}

func (p *Process) start(ctx context.Context) error {
	wait := p.command.Patience
	if wait == 0 {
		wait = patience
	}
	ctx, cancel := context.WithTimeoutCause(ctx, wait, fmt.Errorf("not ready after %s (its log: %s)", wait, p.command.Log))
	defer cancel()

	for {
		err := p.attempt(ctx)
		if err == nil {
			return nil
		}
		exit, ok := errors.AsType[*ExitError](err)
		if !ok || p.command.Retry == nil || !p.command.Retry(exit.Said) {
			return fmt.Errorf("starting %s: %w", p.command.Name, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("starting %s: %w", p.command.Name, err)
		case <-time.After(tick):
		}
	}
}

// attempt starts one child and waits until it is ready. It leaves none behind
// that is not.
func (p *Process) attempt(ctx context.Context) error {
	into := p.command.Announces
	if into != nil && p.announced {
		into = new(any)
	}
	c, err := spawn(p.command, into)
	if err != nil {
		return err
	}
	if err := p.awaitReady(ctx, c); err != nil {
		c.asked.Store(true)
		_ = c.signal(syscall.SIGKILL)
		<-c.done
		return err
	}
	p.announced = true
	p.mu.Lock()
	p.child = c
	p.mu.Unlock()
	c.watch(p.command.Exited)
	return nil
}

func (p *Process) awaitReady(ctx context.Context, c *child) error {
	if p.command.Announces != nil {
		select {
		case err := <-c.announced:
			if err != nil {
				return err
			}
		case <-c.done:
			return c.exit()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if p.command.Ready == nil {
		return nil
	}
	return until(ctx, c, p.command.Ready)
}

// until repeats probe until it succeeds, the child ends or ctx does.
func until(ctx context.Context, c *child, probe func(context.Context) error) error {
	again := time.NewTicker(tick)
	defer again.Stop()
	for {
		err := probe(ctx)
		if c.ended() { // asked first, since another process may answer in its place
			return c.exit()
		}
		if err == nil {
			return nil
		}
		select {
		case <-c.done:
			return c.exit()
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-again.C:
		}
	}
}

// answers asks url and returns nil when any answer comes but a server error.
func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("answering with status %d", resp.StatusCode)
	}
	return nil
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("making room for the log: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600) //nolint:gosec // the caller names it
	if err != nil {
		return nil, fmt.Errorf("opening the log: %w", err)
	}
	return f, nil
}
