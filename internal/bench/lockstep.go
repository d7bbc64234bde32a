package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"time"

	"lockstep/internal/stack"
)

const (
	// upWithin bounds a whole job, from bringing Lockstep up to its report.
	upWithin = 20 * time.Minute

	// downWithin bounds the tearing down.
	downWithin = time.Minute

	// lookEvery is how often it is looked whether the report is there.
	lookEvery = 200 * time.Millisecond
)

// report is what `starter up --once --keep --json` prints of its job.
type report struct {
	Seconds         float64 `json:"seconds"` // from the first claim to the last settle
	TemporalActions int     `json:"temporal_actions"`
	WorkerPeakMB    float64 `json:"worker_peak_mb"`
	Dir             string  `json:"dir"`
	SandboxAdmin    string  `json:"sandbox_admin"`
}

// local is a Lockstep of its own.
type local struct {
	report

	loading time.Duration // of the CSV
	starter *stack.Process
}

// up brings a Lockstep up, and has it import the contacts in file into an empty
// CRM on the task's terms. It is still up when that is done, and the caller takes
// it down.
func (b *bench) up(ctx context.Context, t task, file string) (*local, error) {
	dir, err := os.MkdirTemp(b.dir, "lockstep-")
	if err != nil {
		return nil, fmt.Errorf("making a directory: %w", err)
	}
	args := []string{
		"up", "--once", "--keep", "--json", "--dir", dir, "--crm", string(t.vendor), "--contacts", file, "--latency", t.latency.String(),
	}
	if t.window > 0 {
		args = append(args, "--rate", t.rate())
	}
	l := new(local)
	l.starter, err = stack.Start(ctx, stack.Command{
		Name: "starter up", Path: b.program("starter"), Args: args, Env: b.env, Log: dir + ".log", Grace: downWithin,
	})
	if err != nil {
		return nil, err
	}
	if err := l.finish(ctx); err != nil {
		return nil, errors.Join(err, l.down(ctx))
	}
	return l, nil
}

// down takes it down, with all that it has kept.
func (l *local) down(ctx context.Context) error { return l.starter.Stop(context.WithoutCancel(ctx)) }

// finish waits until the job is done. That is seen in the log, where all that
// starter says ends up: were its first line awaited instead, an interrupt would
// kill it and not take it down.
func (l *local) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, upWithin, fmt.Errorf("no report after %s", upWithin))
	defer cancel()
	again := time.NewTicker(lookEvery)
	defer again.Stop()
	for {
		said, err := os.ReadFile(l.starter.Log())
		if err != nil {
			return fmt.Errorf("reading the report: %w", err)
		}
		if done, err := l.understand(said); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.starter.Done():
			return fmt.Errorf("starter up ended: %s", lastLine(string(said)))
		case <-again.C:
		}
	}
}

// understand reads what starter has said so far, and tells whether the report,
// one line of JSON, is there. How long loading took is not in it; people are
// told.
func (l *local) understand(said []byte) (done bool, err error) {
	line := regexp.MustCompile(`(?m)^\{.*\}\n`).Find(said)
	if line == nil {
		return false, nil
	}
	if err := json.Unmarshal(line, &l.report); err != nil {
		return false, fmt.Errorf("reading the report: %w", err)
	}
	loaded := regexp.MustCompile(`(?m)^[0-9,]+ rows? in (\S+): `).FindSubmatch(said)
	if loaded == nil {
		return false, errors.New("reading how long loading took: starter does not say")
	}
	if l.loading, err = time.ParseDuration(string(loaded[1])); err != nil {
		return false, fmt.Errorf("reading how long loading took: %w", err)
	}
	return true, nil
}

// own is what is measured of Lockstep alone.
type own struct {
	actions int           // billable by Temporal
	loading time.Duration // of the CSV, before the import
}

// lockstep has Lockstep send the contacts in file to an empty account.
func (b *bench) lockstep(ctx context.Context, t task, file string, many int) (e entry, o own) {
	e = entry{who: "Lockstep"}
	l, err := b.up(ctx, t, file)
	if err != nil {
		e.fault = err
		return e, o
	}
	defer func() { e.fault = errors.Join(e.fault, l.down(ctx)) }()

	e.seconds, e.peakMB = l.Seconds, l.WorkerPeakMB
	w := witness{admin: l.SandboxAdmin, vendor: t.vendor}
	if e.traffic, err = w.traffic(ctx); err == nil {
		err = w.landed(ctx, many)
	}
	e.fault = err
	return e, own{actions: l.TemporalActions, loading: l.loading}
}

// trial is what `starter test-contact --times --json` prints.
type trial struct {
	Times     int `json:"times"`
	Arrived   int `json:"arrived"`
	Records   int `json:"records"`
	RoundTrip struct {
		P50 float64 `json:"p50"`
		P95 float64 `json:"p95"`
	} `json:"round_trip_ms"`
}

// testContacts sends a Lockstep's test contact so often, one after the other.
func (b *bench) testContacts(ctx context.Context, t task, times int) (_ trial, err error) {
	file, err := b.writeContacts(1)
	if err != nil {
		return trial{}, err
	}
	l, err := b.up(ctx, t, file)
	if err != nil {
		return trial{}, err
	}
	defer func() { err = errors.Join(err, l.down(ctx)) }()

	args := []string{"test-contact", "--times", strconv.Itoa(times), "--json"}
	cmd := exec.CommandContext(ctx, b.program("starter"), args...) //nolint:gosec // what is measured
	cmd.Env = append(append([]string{}, b.env...), "LOCKSTEP_DIR="+l.Dir)
	printed, err := cmd.Output()
	if err != nil {
		return trial{}, fmt.Errorf("sending test contacts: %w", err)
	}
	var got trial
	if err := json.Unmarshal(printed, &got); err != nil {
		return trial{}, fmt.Errorf("reading what became of the test contacts: %w", err)
	}
	if got.Arrived != times || got.Records != 1 {
		return got, fmt.Errorf("%d of %d test contacts arrived, as %d records", got.Arrived, times, got.Records)
	}
	return got, nil
}
