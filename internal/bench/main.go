// Command bench measures how fast the main job is, contacts from a CSV into an
// empty CRM, and how fast the CRMs' established clients do the same against the
// same sandbox with the same latency and limits. It prints a table in Markdown,
// for the README.
//
// What landed and how many calls that took is read from the sandbox, for
// Lockstep and for the others alike: whoever did not land every contact once,
// with all of its values, has failed and is shown so. Nothing here asserts a
// time, and nothing else may import it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr) //nolint:forbidigo // what is measured is started in this environment
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures everything and prints the table, also when some of it failed.
func run(ctx context.Context, args, env []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	records := flags.Int("records", 100_000, "contacts to send")
	modules := flags.String("modules", "", "the node_modules that has the clients (see the Makefile)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *records < 1 {
		return errors.New("-records takes a number above 0")
	}
	b, err := newBench(ctx, ".", "bin", *modules, env, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	f, failed := b.measure(ctx, *records)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.say("")
	return errors.Join(failed, f.print(stdout, b.machine(ctx)))
}

// bench is what the measurements share.
type bench struct {
	checkout string   // absolute, as are the next two
	bin      string   // has what `make build` makes
	modules  string   // the node_modules that has the clients
	env      []string // of what is started
	dir      string   // temporary; holds all that is made
	stderr   io.Writer
}

// newBench returns a bench that measures what is in bin, and the clients by the
// scripts of a checkout. The caller closes it.
func newBench(ctx context.Context, checkout, bin, modules string, env []string, stderr io.Writer) (*bench, error) {
	b := &bench{checkout: checkout, bin: bin, modules: modules, env: env, stderr: stderr}
	for _, path := range []*string{&b.checkout, &b.bin, &b.modules} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return nil, fmt.Errorf("finding the programs: %w", err)
		}
		*path = absolute
	}
	dir, err := os.MkdirTemp("", "lockstep-bench-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	b.dir = dir
	if err := b.buildClient(ctx); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

// close removes what was made.
func (b *bench) close() error { return os.RemoveAll(b.dir) } //nolint:gosec // which newBench has made

// program returns the path of a program that `make build` has made.
func (b *bench) program(name string) string { return filepath.Join(b.bin, name) }

// say tells whoever waits what is going on.
func (b *bench) say(format string, args ...any) {
	// Whoever has stopped listening is no reason to stop.
	_, _ = fmt.Fprintf(b.stderr, format+"\n", args...)
}
