package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/client"
	"lockstep/internal/flow"
)

// eventsTold is how many records' events the main job shows.
const eventsTold = 5

// job runs the main job once: a workspace, a connection, records, an import,
// and the comparison of what the ledger says with what the CRM holds.
func (l *local) job(ctx context.Context) (report, error) {
	r, err := l.run(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // rather than what that did to whatever was under way
	}
	return r, err
}

func (l *local) run(ctx context.Context) (report, error) {
	r, err := l.enter(ctx)
	if err != nil {
		return report{}, err
	}
	conn, err := l.connect(ctx, r)
	if err != nil {
		return report{}, err
	}
	if err := l.fill(ctx, r); err != nil {
		return report{}, err
	}
	run, err := l.send(ctx, r, conn)
	if err != nil {
		return report{}, err
	}
	if err := l.tell(ctx, r, conn); err != nil {
		return report{}, err
	}
	return l.report(ctx, r, run)
}

// enter returns the API as the workspace of this directory, which it makes when
// it is missing.
func (l *local) enter(ctx context.Context) (*remote, error) {
	kept, err := os.ReadFile(l.keyFile())
	if err == nil {
		l.say("\nThe workspace of the last time is used again.")
		return dialAPI(l.stack.Addresses().API, strings.TrimSpace(string(kept)))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the API key: %w", err)
	}
	made, err := createWorkspace(ctx, l.stack.Addresses().DatabaseURL, "Trial")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(l.keyFile(), []byte(made.APIKey+"\n"), 0o600); err != nil {
		return nil, fmt.Errorf("keeping the API key: %w", err)
	}
	l.say("\nThe workspace %q is made, with an API key.", made.Name)
	return dialAPI(l.stack.Addresses().API, made.APIKey)
}

// keyFile is the file that keeps the workspace's API key.
func (l *local) keyFile() string { return filepath.Join(l.dir, "api-key") }

// connect signs in to the sandbox's CRM as a person would, and waits until the
// connection is ready. A connection of the last time is kept: the sandbox has
// forgotten its login, so it is signed in for again.
func (l *local) connect(ctx context.Context, r *remote) (client.Connection, error) {
	list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(ctx))
	if err != nil {
		return client.Connection{}, err
	}
	var in signIn
	if there := matching(list.Items, func(c client.Connection) bool { return c.Vendor == l.options.crm }); len(there) > 0 {
		in, err = r.signInAgain(ctx, there[0])
	} else {
		in, err = r.beginSignIn(ctx, l.options.crm, "")
	}
	if err != nil {
		return client.Connection{}, err
	}
	l.say("\nConnecting %s: its consent page is submitted as a browser would.", in.Label)
	somebody, err := newPerson()
	if err != nil {
		return client.Connection{}, err
	}
	if err := somebody.allow(ctx, in.AuthorizeURL); err != nil {
		return client.Connection{}, err
	}
	conn, err := r.signedIn(ctx, in)
	if err == nil {
		l.say("  %s", title(conn))
	}
	return conn, err
}

// fill loads the contacts.
func (l *local) fill(ctx context.Context, r *remote) error {
	name, file := "a sample of made-up contacts", sample()
	if l.options.contacts != "" {
		opened, err := l.open(l.options.contacts)
		if err != nil {
			return err
		}
		defer opened.Close()
		name, file = l.options.contacts, opened
	}
	l.say("\nLoading %s.", name)
	begun := time.Now()
	shown := l.progress(-1, "loading")
	total, err := r.load(ctx, file, client.ObjectContact, "", func(so client.LoadReport) {
		shown.show(int64(so.Rows), plural(so.Rows, "row")+" loaded")
	})
	shown.end()
	if err != nil {
		return err
	}
	l.reportLoad(total, time.Since(begun))
	return nil
}

// send imports the records, or sends all of them again where an import was
// chosen the last time, and returns the run at its end.
func (l *local) send(ctx context.Context, r *remote, conn client.Connection) (client.Run, error) {
	if conn.StartingPoint == nil {
		l.say("\nImporting.")
		id, err := r.beginImport(ctx, conn)
		if err != nil {
			return client.Run{}, err
		}
		return l.attend(ctx, r, id)
	}
	if conn.CurrentRun != nil {
		l.say("\nThe import of the last time is brought to its end first.")
		if _, err := l.attend(ctx, r, conn.CurrentRun.ID); err != nil {
			return client.Run{}, err
		}
	}
	l.say("\nSending every record again: the sandbox begins empty each time.")
	id, err := r.resync(ctx, conn.ID)
	if err != nil {
		return client.Run{}, err
	}
	return l.attend(ctx, r, id)
}

// attend follows a run to its end and kills workers on the way, as it was asked
// to.
func (l *local) attend(ctx context.Context, r *remote, id uuid.UUID) (client.Run, error) {
	workers, err := l.workers()
	if err != nil {
		return client.Run{}, err
	}
	every, k := lookEvery, &killer{ctx: ctx, workers: workers, kills: l.options.kills, say: l.say}
	if l.options.kills > 0 {
		every = killerLooks
	}
	run, err := l.follow(ctx, r, id, every, func(run client.Run) error { return errors.Join(l.unlessStuck(run), k.seen(run)) })
	if err != nil {
		return client.Run{}, err
	}
	if k.done < k.kills {
		l.say("  only %d of %d kills: the import was over", k.done, k.kills)
	}
	l.say("  %s: %s", plural(run.Counts.Total, "record"), outcome(run.Counts))
	if run.State == client.RunStateCancelled {
		return client.Run{}, fmt.Errorf("the import was cancelled: %s", run.Reason)
	}
	return run, nil
}

// unlessStuck returns an error when a run waits for a person. In a private stack
// none will come.
func (l *local) unlessStuck(run client.Run) error {
	if l.options.once && run.ParkedUntil == nil && (run.State == client.RunStateParked || run.State == client.RunStatePaused) {
		return fmt.Errorf("the import waits for a person: %s", standing(run))
	}
	return nil
}

// tell shows what happened last, and what failed.
func (l *local) tell(ctx context.Context, r *remote, conn client.Connection) error {
	words := face{stdout: l.talk(), stderr: l.stderr} // also with --json
	for _, query := range []eventQuery{{limit: eventsTold}, {limit: eventsTold, outcome: "failed"}} {
		events, err := r.events(ctx, conn, query, func(client.Event) bool { return true })
		if err != nil {
			return err
		}
		if len(events) > 0 {
			words.say("\nThe latest events%s:", map[bool]string{true: " of records that failed"}[query.outcome != ""])
		}
		for _, e := range events {
			if err := words.printEvent(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// report judges a run that has ended and adds the figures up.
func (l *local) report(ctx context.Context, r *remote, run client.Run) (report, error) {
	l.say("\nComparing the ledger with what the sandbox holds.")
	v, err := judge(ctx, r, l.sandbox(), run)
	if err != nil {
		return report{}, err
	}
	if v.untruths == 0 {
		l.say("  they agree, record by record")
	}
	var from, to time.Time
	if run.FirstClaimAt != nil && run.LastSettleAt != nil {
		from, to = *run.FirstClaimAt, *run.LastSettleAt
	}
	calls, err := l.sandbox().count(ctx, from, to)
	if err != nil {
		return report{}, err
	}
	billed, err := temporalActions(ctx, l.temporal(), flow.ImportID(run.ConnectionID))
	if err != nil {
		return report{}, err
	}
	workers, err := l.workers()
	if err != nil {
		return report{}, err
	}
	var peak int64
	for _, w := range workers {
		peak = max(peak, w.PeakRSS())
	}
	c := run.Counts
	return report{
		CRM: l.options.crm, Records: c.Total, Landed: v.landed, Created: c.Created, Updated: c.Updated, Failed: c.Failed,
		Skipped: c.Skipped, Duplicates: v.duplicates, Calls: calls.calls, OtherCalls: calls.other, Throttled: calls.throttled,
		Seconds: to.Sub(from).Round(time.Millisecond).Seconds(), TemporalActions: billed,
		WorkerPeakMB: float64(peak/1e5) / 10, verdict: v, importURL: told(run.TemporalURL),
	}, nil
}

// told returns a text that the API may leave out.
func told(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// guide says where everything is and what to try next.
func (l *local) guide(importURL string) {
	at := l.stack.Addresses()
	if importURL == "" {
		importURL = at.TemporalUI
	}
	l.say(`
Lockstep is up.
  API          %s  (its documentation: %[1]s/docs)
  Temporal UI  %s  (the import: %s)
  sandbox      %s/_sim/%s/records and /calls
  DATABASE_URL=%s

Try, in another terminal:
  export LOCKSTEP_API=%[1]s
  export LOCKSTEP_API_KEY=$(cat %[7]s)
  bin/starter status
  bin/starter events --follow
  bin/starter records load FILE.csv && bin/starter resync

Ctrl-C takes everything down; what is in %[8]s stays for the next time.`,
		at.API, at.TemporalUI, importURL, at.SandboxAdmin, l.options.crm, at.DatabaseURL, l.keyFile(), l.dir)
}
