// Command starter is Lockstep's command line. It prepares the database, makes
// workspaces, loads records, starts, signals and inspects workflows through the
// API, and brings a whole local Lockstep up (`starter up`).
//
// It decides nothing about a record or a connection: what the API, the ledger
// and the sandbox say is put into words, or with --json handed on. One file
// holds one command.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run carries out one command line and returns the exit code.
func run(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout, stderr io.Writer) int {
	f := &face{getenv: getenv, stdin: stdin, stdout: stdout, stderr: stderr}
	root := f.command()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	f.json = f.json || slices.Contains(args, "--json") // which a flag before it that is wrong hides
	return f.explain(err)
}
