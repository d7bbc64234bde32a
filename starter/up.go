package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
)

// upOptions are what `starter up` was asked for.
type upOptions struct {
	once     bool
	keep     bool
	crm      string
	contacts string // a file; the sample if empty
	latency  time.Duration
	rate     string
	faults   []string
	kills    int
	workers  int
	dir      string // empty for the usual one
}

// stateDir is where `starter up` keeps its state when nobody says.
const stateDir = ".lockstep"

func (f *face) upCommand() *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring a whole local Lockstep up, run the main job once, and stay up",
		Long: "Starts PostgreSQL, Temporal with its Web UI, the CRM sandbox, worker and API on this machine, connects the sandbox's CRM,\n" +
			"loads contacts, imports them and compares what the CRM holds with what the ledger says. Stays up until Ctrl-C.\n\n" +
			"With --once everything is private: free ports, a directory that is removed at the end. The exit code is then 0 if every\n" +
			"record has a true outcome, and 1 if not; with --json the last line on stdout is one JSON object with the figures.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if problem := o.problem(); problem != "" {
				return &usageError{problem: problem, usage: cmd.UseLine()}
			}
			if o.once {
				return f.upOnce(cmd.Context(), o)
			}
			return f.upAndStay(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.once, "once", false, "private and for one job: bring up, run, tear down, remove")
	flags.BoolVar(&o.keep, "keep", false, "with --once: leave the stack up until Ctrl-C, and print where it is")
	flags.StringVar(&o.crm, "crm", string(crm.Salesforce), "which CRM's sandbox to connect")
	flags.StringVar(&o.contacts, "contacts", "", "the file of contacts to load (default a made-up sample)")
	flags.DurationVar(&o.latency, "latency", 0, "of every answer of the sandbox, such as 100ms")
	flags.StringVar(&o.rate, "rate", "", "limit of the sandbox, such as 190/10s (default the vendor's own)")
	flags.StringArrayVar(&o.faults, "fault", nil, "fault of the sandbox, KIND[:every=N|rows=N|p=F]; may be repeated")
	flags.IntVar(&o.kills, "kill-worker", 0, "how many times to kill the worker during the import")
	flags.IntVar(&o.workers, "workers", 1, "how many workers to run")
	flags.StringVar(&o.dir, "dir", "", "where state is kept (default "+stateDir+"; with --once a temporary one; that is removed at the end)")
	return cmd
}

// vendors returns the names of the CRMs there are, in order.
func vendors() []string {
	var names []string
	for vendor := range all.Factories() {
		names = append(names, string(vendor))
	}
	slices.Sort(names)
	return names
}

// problem tells what is wrong with the options, or nothing.
func (o upOptions) problem() string {
	switch {
	case !slices.Contains(vendors(), o.crm):
		return fmt.Sprintf("--crm is %q: there are %s", o.crm, strings.Join(vendors(), " and "))
	case o.keep && !o.once:
		return "--keep goes with --once; without that, everything stays up anyway"
	case o.kills < 0:
		return "--kill-worker takes a number from 0 on"
	case o.workers < 1:
		return "--workers takes a number from 1 on"
	case o.latency < 0:
		return "--latency takes a duration such as 100ms"
	case o.once && o.dir != "" && !vacant(o.dir):
		return fmt.Sprintf("--dir %s is not empty: --once begins afresh", o.dir)
	}
	if o.contacts == "" {
		return ""
	}
	if info, err := os.Stat(o.contacts); err != nil || info.IsDir() {
		return fmt.Sprintf("--contacts %s cannot be read: it takes a file", o.contacts)
	}
	return ""
}

// vacant reports whether there is nothing at dir yet.
func vacant(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && len(entries) == 0 || errors.Is(err, os.ErrNotExist)
}

// upOnce runs the main job in a stack of its own, and leaves nothing behind but,
// where it fails, the logs.
func (f *face) upOnce(ctx context.Context, o upOptions) (err error) {
	var dir string
	if o.dir == "" {
		dir, err = os.MkdirTemp("", "lockstep-")
	} else {
		dir, err = filepath.Abs(o.dir)
	}
	if err != nil {
		return fmt.Errorf("making a directory: %w", err)
	}
	l := &local{face: f, options: o, dir: dir}
	defer func() { err = errors.Join(err, f.tidy(dir, err)) }()
	if err := l.up(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.down(ctx)) }()

	report, err := l.job(l.ctx)
	if err != nil {
		return err
	}
	if !o.keep {
		return errors.Join(f.publish(report), report.untrue())
	}
	report.places = l.places()
	if err := f.publish(report); err != nil {
		return err
	}
	f.say("\nIt stays up until Ctrl-C.")
	<-l.ctx.Done()
	if ctx.Err() == nil {
		return context.Cause(l.ctx)
	}
	return report.untrue()
}

// tidy removes the directory of a private stack. The logs of one that failed are
// worth keeping.
func (f *face) tidy(dir string, failed error) error {
	if failed == nil || errors.Is(failed, context.Canceled) {
		return os.RemoveAll(dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != "log" {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	_, _ = fmt.Fprintf(f.stderr, "The logs are in %s.\n", filepath.Join(dir, "log"))
	return err
}

// upAndStay brings up what lasts, runs the main job, and keeps everything running
// until it is interrupted.
func (f *face) upAndStay(ctx context.Context, o upOptions) (err error) {
	dir, err := filepath.Abs(cmp.Or(o.dir, stateDir))
	if err != nil {
		return fmt.Errorf("finding the state directory: %w", err)
	}
	l := &local{face: f, options: o, dir: dir}
	if err := l.up(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.down(ctx)) }()

	report, err := l.job(l.ctx)
	if ctx.Err() != nil {
		return nil // Ctrl-C is how it ends
	}
	if f.json {
		report.places = l.places()
	}
	if err == nil {
		err = errors.Join(f.publish(report), report.untrue())
	}
	if err != nil {
		explain(f.stderr, err)
		f.say("\nThe job did not get through; what is up stays up for you to look at.")
	}
	l.guide(report.importURL)
	<-l.ctx.Done()
	if ctx.Err() == nil {
		return context.Cause(l.ctx)
	}
	return nil
}
