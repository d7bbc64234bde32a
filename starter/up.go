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
	crm      string // empty for the usual one, and in a tour for all
	tour     bool   // what comes after the import, too
	contacts string // a file; the sample if empty
	latency  time.Duration
	rate     string
	faults   []string
	kills    int
	workers  int
	dir      string // empty for the usual one
}

func (f *face) upCommand() *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring a whole local Lockstep up, show what it does, and stay up",
		Long: "Starts PostgreSQL, Temporal with its Web UI, the CRM sandbox, worker and API on this machine. Then, with one CRM after the\n" +
			"other: connects the sandbox's, loads contacts, imports them and compares what the CRM holds with what the ledger says;\n" +
			"changes a contact and syncs it, has one fail and retries it by a signal, and sends a test contact. Stays up until Ctrl-C.\n\n" +
			"Where something is measured, with --contacts, --latency, --rate, --fault or --kill-worker, it is one CRM and ends with the\n" +
			"comparison, unless --tour asks for all of it.\n\n" +
			"With --once everything is private: free ports, a directory that is removed at the end. The exit code is then 0 if every\n" +
			"record has a true outcome, and 1 if not; with --json there is a line on stdout for each CRM, a JSON object with the figures.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("tour") {
				o.tour = !o.measures()
			}
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
	flags.StringVar(&o.crm, "crm", "", "which CRM's sandbox to connect (default "+string(crm.Salesforce)+", and in a tour one after the other)")
	flags.BoolVar(&o.tour, "tour", false, "show also what comes after the import (default unless something is measured)")
	flags.StringVar(&o.contacts, "contacts", "", "the file of contacts to load (default a made-up sample)")
	flags.DurationVar(&o.latency, "latency", 0, "of every answer of the sandbox, such as 100ms")
	flags.StringVar(&o.rate, "rate", "", "limit of the sandbox, such as 190/10s (default the vendor's own)")
	flags.StringArrayVar(&o.faults, "fault", nil, "`fault` of the sandbox, KIND[:every=N|rows=N|p=F]; may be repeated")
	flags.IntVar(&o.kills, "kill-worker", 0, "how many times to kill the worker during the import")
	flags.IntVar(&o.workers, "workers", 1, "how many workers to run")
	flags.StringVar(&o.dir, "dir", "", "where state is kept (default LOCKSTEP_DIR, else .lockstep; with --once a temporary one; that is removed at the end)")
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

// crms returns the CRMs to connect, in order.
func (o upOptions) crms() []string {
	first := cmp.Or(o.crm, string(crm.Salesforce))
	if o.crm != "" || !o.tour {
		return []string{first}
	}
	others := slices.DeleteFunc(vendors(), func(vendor string) bool { return vendor == first })
	return append([]string{first}, others...)
}

// measures tells whether the options are those of a measurement.
func (o upOptions) measures() bool {
	return o.contacts != "" || o.latency > 0 || o.rate != "" || len(o.faults) > 0 || o.kills > 0
}

// problem tells what is wrong with the options, or nothing.
func (o upOptions) problem() string {
	switch {
	case o.crm != "" && !slices.Contains(vendors(), o.crm):
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

	untrue, err := l.job(l.ctx)
	if err != nil || !o.keep {
		return errors.Join(untrue, err)
	}
	f.say("\nIt stays up until Ctrl-C.")
	<-l.ctx.Done()
	if ctx.Err() == nil {
		return context.Cause(l.ctx)
	}
	return untrue
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
	dir, err := filepath.Abs(cmp.Or(o.dir, f.stateDir()))
	if err != nil {
		return fmt.Errorf("finding the state directory: %w", err)
	}
	l := &local{face: f, options: o, dir: dir}
	if err := l.up(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.down(ctx)) }()

	untrue, err := l.job(l.ctx)
	if ctx.Err() != nil {
		return nil // Ctrl-C is how it ends
	}
	if err = errors.Join(untrue, err); err != nil {
		f.explain(err)
		f.say("\nThe job did not get through; what is up stays up for you to look at.")
	}
	l.guide()
	<-l.ctx.Done()
	if ctx.Err() == nil {
		return context.Cause(l.ctx)
	}
	return nil
}
