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

// job runs the main job, and with each CRM that was asked for: a workspace, a
// connection, records, an import, the comparison of what the ledger says with
// what the CRM holds, and then the tour of what comes after an import. It
// publishes a report for each, and returns what is not true in them besides the
// error that it ended with.
func (l *local) job(ctx context.Context) (untrue, err error) {
	untrue, err = l.run(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx) // rather than what that did to whatever was under way
	}
	return untrue, err
}

func (l *local) run(ctx context.Context) (untrue, err error) {
	r, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	for i, vendor := range l.options.crms() {
		g := &leg{local: l, remote: r, vendor: vendor, first: i == 0}
		report, err := g.do(ctx)
		if err != nil {
			return untrue, err
		}
		if err := l.publish(report); err != nil {
			return untrue, err
		}
		untrue = errors.Join(untrue, report.untrue())
	}
	return untrue, nil
}

// leg is the part of the main job that is done with one CRM.
type leg struct {
	*local

	remote *remote
	vendor string
	first  bool
}

// do does the leg and returns what it came to.
func (g *leg) do(ctx context.Context) (report, error) {
	conn, err := g.connect(ctx)
	if err != nil {
		return report{}, err
	}
	if g.first {
		err = g.fill(ctx)
	}
	if err != nil {
		return report{}, err
	}
	run, err := g.send(ctx, conn)
	if err != nil {
		return report{}, err
	}
	if err := g.tell(ctx, conn, run); err != nil {
		return report{}, err
	}
	out, err := g.report(ctx, run)
	if err != nil {
		return report{}, err
	}
	if g.options.tour {
		if out.sights, err = g.tour(ctx, conn); err != nil {
			return report{}, err
		}
	}
	if g.options.keep || g.json && !g.options.once {
		out.places = g.places()
	}
	return out, nil
}

// enter returns the API as the workspace of this directory, which it makes when
// it is missing.
func (l *local) enter(ctx context.Context) (*remote, error) {
	kept, err := os.ReadFile(l.keyFile())
	if err == nil {
		l.say("\nThe workspace of the last time is used again.")
		return l.announce(strings.TrimSpace(string(kept)))
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
	return l.announce(made.APIKey)
}

// announce lets other commands find this Lockstep, and returns it.
func (l *local) announce(key string) (*remote, error) {
	at := l.stack.Addresses()
	n := notice{API: at.API, Vendor: l.options.crms()[0], Settings: map[string]string{
		"DATABASE_URL": at.DatabaseURL, "TEMPORAL_ADDRESS": at.Temporal, "TEMPORAL_NAMESPACE": at.Namespace,
		"LOCKSTEP_ADDRESS": strings.TrimPrefix(at.API, "http://"),
	}}
	for _, setting := range l.env(at) {
		name, value, _ := strings.Cut(setting, "=")
		n.Settings[name] = value
	}
	if err := n.post(l.dir); err != nil {
		return nil, err
	}
	return dialAPI(n.API, key)
}

// keyFile is the file that keeps the workspace's API key.
func (l *local) keyFile() string { return filepath.Join(l.dir, keyFile) }

// connect signs in to the sandbox's CRM as a person would, and waits until the
// connection is ready. A connection of the last time is kept: the sandbox has
// forgotten its login, so it is signed in for again.
func (g *leg) connect(ctx context.Context) (client.Connection, error) {
	list, err := answer[client.ConnectionList](g.remote.ListConnectionsWithResponse(ctx))
	if err != nil {
		return client.Connection{}, err
	}
	var in signIn
	if there := matching(list.Items, func(c client.Connection) bool { return c.Vendor == g.vendor }); len(there) > 0 {
		in, err = g.remote.signInAgain(ctx, there[0])
	} else {
		in, err = g.remote.beginSignIn(ctx, g.vendor, "", false)
	}
	if err != nil {
		return client.Connection{}, err
	}
	g.say("\nConnecting %s: its consent page is submitted as a browser would.", in.Label)
	somebody, err := newPerson()
	if err != nil {
		return client.Connection{}, err
	}
	if err := somebody.allow(ctx, in.AuthorizeURL); err != nil {
		return client.Connection{}, err
	}
	conn, err := g.remote.signedIn(ctx, in)
	if err == nil {
		g.say("  %s", title(conn))
	}
	return conn, err
}

// fill loads the contacts.
func (g *leg) fill(ctx context.Context) error {
	name, file := "a sample of made-up contacts", sample()
	if g.options.contacts != "" {
		opened, err := g.open(g.options.contacts)
		if err != nil {
			return err
		}
		defer opened.Close()
		name, file = g.options.contacts, opened
	}
	g.say("\nLoading %s.", name)
	begun := time.Now()
	shown := g.progress(-1, "loading")
	total, err := g.remote.load(ctx, file, client.ObjectContact, "", func(so client.LoadReport) {
		shown.show(int64(so.Rows), plural(so.Rows, "row")+" loaded")
	})
	shown.end()
	if err != nil {
		return err
	}
	g.reportLoad(total, time.Since(begun))
	return nil
}

// send imports the records, or sends all of them again where an import was
// chosen the last time, and returns the run at its end.
func (g *leg) send(ctx context.Context, conn client.Connection) (client.Run, error) {
	if conn.StartingPoint == nil {
		g.say("\nImporting.")
		id, err := g.remote.beginImport(ctx, conn)
		if err != nil {
			return client.Run{}, err
		}
		return g.attend(ctx, id)
	}
	if conn.CurrentRun != nil {
		g.say("\nThe import of the last time is brought to its end first.")
		if _, err := g.attend(ctx, conn.CurrentRun.ID); err != nil {
			return client.Run{}, err
		}
	}
	g.say("\nSending every record again: the sandbox begins empty each time.")
	id, err := g.remote.resync(ctx, conn.ID)
	if err != nil {
		return client.Run{}, err
	}
	return g.attend(ctx, id)
}

// attend follows a run to its end and kills workers on the way, as it was asked
// to.
func (g *leg) attend(ctx context.Context, id uuid.UUID) (client.Run, error) {
	workers, err := g.workers()
	if err != nil {
		return client.Run{}, err
	}
	every, k := lookEvery, &killer{ctx: ctx, workers: workers, kills: g.options.kills, say: g.say}
	if g.options.kills > 0 {
		every = killerLooks
	}
	run, err := g.follow(ctx, g.remote, id, every, func(run client.Run) error { return errors.Join(g.unlessStuck(run), k.seen(run)) })
	if err != nil {
		return client.Run{}, err
	}
	if k.done < k.kills {
		g.say("  only %d of %d kills: the import was over", k.done, k.kills)
	}
	g.say("  %s: %s", plural(run.Counts.Total, "record"), outcome(run.Counts))
	if run.TemporalURL != nil {
		g.say("  in Temporal: %s", *run.TemporalURL)
	}
	if run.State == client.RunStateCancelled {
		return client.Run{}, fmt.Errorf("the import was cancelled: %s", run.Reason)
	}
	return run, nil
}

// unlessStuck returns an error when a run waits for a person. In a private stack
// none will come.
func (g *leg) unlessStuck(run client.Run) error {
	if g.options.once && run.ParkedUntil == nil && (run.State == client.RunStateParked || run.State == client.RunStatePaused) {
		return fmt.Errorf("the import waits for a person: %s", standing(run))
	}
	return nil
}

// tell shows what a run did last, and what failed in it.
func (g *leg) tell(ctx context.Context, conn client.Connection, run client.Run) error {
	words := face{stdout: g.talk(), stderr: g.stderr} // also with --json
	for _, query := range []eventQuery{{limit: eventsTold, run: &run.ID}, {limit: eventsTold, run: &run.ID, outcome: "failed"}} {
		events, err := g.remote.events(ctx, conn, query, func(client.Event) bool { return true })
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
func (g *leg) report(ctx context.Context, run client.Run) (report, error) {
	g.say("\nComparing the ledger with what the sandbox holds.")
	sandbox := g.sandbox(g.vendor)
	v, err := judge(ctx, g.remote, sandbox, run)
	if err != nil {
		return report{}, err
	}
	if v.untruths == 0 {
		g.say("  they agree, record by record")
	}
	var from, to time.Time
	if run.FirstClaimAt != nil && run.LastSettleAt != nil {
		from, to = *run.FirstClaimAt, *run.LastSettleAt
	}
	calls, err := sandbox.count(ctx, from, to)
	if err != nil {
		return report{}, err
	}
	billed, err := temporalActions(ctx, g.temporal(), flow.ImportID(run.ConnectionID))
	if err != nil {
		return report{}, err
	}
	workers, err := g.workers()
	if err != nil {
		return report{}, err
	}
	var peak int64
	for _, w := range workers {
		peak = max(peak, w.PeakRSS())
	}
	c := run.Counts
	return report{
		CRM: g.vendor, Records: c.Total, Landed: v.landed, Created: c.Created, Updated: c.Updated, Failed: c.Failed,
		Skipped: c.Skipped, Duplicates: v.duplicates, Calls: calls.calls, OtherCalls: calls.other, Throttled: calls.throttled,
		Seconds: to.Sub(from).Round(time.Millisecond).Seconds(), TemporalActions: billed,
		WorkerPeakMB: float64(peak/1e5) / 10, verdict: v,
	}, nil
}

// told returns a text that the API may leave out.
func told(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
