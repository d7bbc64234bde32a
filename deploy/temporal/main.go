// Temporal is the local Temporal of Lockstep: the real server and its Web UI in
// one process, kept in one SQLite file. `starter up` and the tests run it; a
// production installation points TEMPORAL_ADDRESS at a cluster or at Temporal
// Cloud and never needs this program.
//
// It is a module of its own, so that the server's dependencies stay out of the
// service's. It knows nothing of Lockstep but the names of its search
// attributes, and it serves loopback addresses only: neither the server nor the
// Web UI asks anyone who they are.
//
//	temporal [--address 127.0.0.1:7233] [--ui 127.0.0.1:8233] [--db FILE]
//	         [--namespace default] [--log-level warn]
//
// Port 0 takes any free port. Without --db everything is in memory and gone at
// the end. Once the namespace can be used, one line goes to stdout and nothing
// after it:
//
//	{"address":"127.0.0.1:7233","ui":"http://127.0.0.1:8233"}
//
// Logs go to stderr. SIGINT or SIGTERM ends it at once, with status 0. It may as
// well be killed: what a client was told has happened is in the file.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "temporal:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. The server goes on until the process does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}

	db, err := open(s.db)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(db) // or its lock is let go with the garbage

	at, err := serve(ctx, s, db)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(at); err != nil {
		return fmt.Errorf("saying where it listens: %w", err)
	}
	// The server is not stopped: that takes a second, to no one's benefit.
	<-ctx.Done()
	return nil
}

// settings are the flags, checked.
type settings struct {
	address   string // of the server, for clients
	ui        string // of the Web UI
	db        string // the SQLite file, or empty for memory
	namespace string
	logLevel  string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("temporal", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&s.address, "address", "127.0.0.1:7233", "serve clients on this loopback `host:port`; port 0 takes a free one")
	flags.StringVar(&s.ui, "ui", "127.0.0.1:8233", "serve the Web UI on this loopback `host:port`; port 0 takes a free one")
	flags.StringVar(&s.db, "db", "", "keep everything in this SQLite `file`; empty keeps it in memory")
	flags.StringVar(&s.namespace, "namespace", "default", "create this `namespace`")
	flags.StringVar(&s.logLevel, "log-level", "warn", "log from this `level` on: debug, info, warn or error")
	if err := flags.Parse(args); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, s.logLevel) {
		return s, fmt.Errorf("--log-level is %q: want debug, info, warn or error", s.logLevel)
	}
	if s.namespace == "" {
		return s, errors.New("--namespace is empty")
	}
	return s, nil
}
