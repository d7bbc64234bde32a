package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"lockstep/internal/client"
	"lockstep/internal/lockstep"
)

// tour shows what a connection does once its import is done: it sends a change,
// has a record fail and sends it again when a person signals that, and proves
// itself with a test contact. The mapping is approved on the way, so that the
// checklist ends complete.
func (g *leg) tour(ctx context.Context, conn client.Connection) (*sights, error) {
	var seen sights
	for _, sight := range []func(context.Context, client.Connection, *sights) error{g.review, g.edit, g.mishap, g.prove} {
		if err := sight(ctx, conn, &seen); err != nil {
			return nil, err
		}
	}
	return &seen, nil
}

// review approves the mapping.
func (g *leg) review(ctx context.Context, conn client.Connection, _ *sights) error {
	m, err := g.remote.mapping(ctx, conn, client.ObjectContact)
	if err != nil {
		return err
	}
	if _, err := g.remote.approveMapping(ctx, conn, m.Version); err != nil {
		return err
	}
	g.say("\nThe field mapping is approved: %s of contacts to %s of %s.", plural(len(m.Rules), "field"), m.Type, conn.Label)
	return nil
}

// edit changes a record and shows that a sync brings it into the CRM.
func (g *leg) edit(ctx context.Context, conn client.Connection, seen *sights) error {
	one := 1
	page, err := answer[client.RecordPage](g.remote.ListRecordsWithResponse(ctx, &client.ListRecordsParams{Limit: &one}))
	if err != nil {
		return err
	}
	if len(page.Items) == 0 {
		return errors.New("there is no record to change")
	}
	id := page.Items[0].ExternalID
	g.say("\nA change: contact %s gets another title. A sync sends it; one runs by itself every %s, this one is asked for.",
		id, every(conn))
	begun := time.Now()
	event, err := g.alter(ctx, conn, map[string]any{"external_id": id, "title": "Titled at " + begun.Format(time.TimeOnly)})
	if err != nil {
		return err
	}
	if event.Problem != nil {
		return fmt.Errorf("the change did not arrive: %s", event.Problem.Meaning)
	}
	there, err := g.held(ctx, id)
	if err != nil {
		return err
	}
	if there.ID != event.CRMID || there.UpdatedAt.Before(begun.Truncate(time.Millisecond)) {
		return fmt.Errorf("the change of %s is said to be in the CRM, and the sandbox has it as of %s", id, there.UpdatedAt)
	}
	seen.ChangeSeconds = event.At.Sub(begun).Round(time.Millisecond).Seconds()
	g.say("  in the CRM after %.1f s, and the sandbox agrees: contact %s → %s %s", seen.ChangeSeconds, id, event.CRMType, event.CRMID)
	return nil
}

// mishap has a new record fail, shows why, and sends it again by a signal once
// the reason is gone.
func (g *leg) mishap(ctx context.Context, conn client.Connection, seen *sights) error {
	id := fmt.Sprintf("tour-%s-%s", g.vendor, time.Now().Format("20060102-150405"))
	g.say("\nA failure: %s is made to refuse the next new contact, as a rule of its administrator would. Then contact %s comes.", conn.Label, id)
	if err := g.sandbox(g.vendor).poison(ctx); err != nil {
		return err
	}
	event, err := g.alter(ctx, conn, map[string]any{
		"external_id": id, "first_name": "Tess", "last_name": "Tour", "email": id + "@example.com", "company": "Example",
	})
	if err != nil {
		return err
	}
	if event.Problem == nil {
		return fmt.Errorf("contact %s was to fail, and is %s", id, event.Outcome)
	}
	seen.FailedSince = 1
	words := face{stdout: g.talk(), stderr: g.stderr} // also with --json
	if err := words.printEvent(event); err != nil {
		return err
	}
	return g.mend(ctx, conn, id, lockstep.Code(event.Problem.Code), seen)
}

// mend takes the reason of a failure away and signals a retry.
func (g *leg) mend(ctx context.Context, conn client.Connection, externalID string, problem lockstep.Code, seen *sights) error {
	line, err := retryLine(g.temporal(), conn.ID, problem)
	if err != nil {
		return err
	}
	g.say("\nThe reason is taken away in %s. Support signals the connection's workflow; by hand, in Temporal's Web UI or with\nTemporal's own command line (docs.temporal.io/cli):", conn.Label)
	g.say("\n  %s\n", line)
	if err := g.sandbox(g.vendor).heal(ctx); err != nil {
		return err
	}
	begun := time.Now()
	id, err := g.remote.retried(ctx, conn, func() error { return signalRetry(ctx, g.temporal(), conn.ID, problem) })
	if err != nil {
		return err
	}
	if id == uuid.Nil {
		return errors.New("the retry found nothing to send, and one record had failed")
	}
	run, err := g.follow(ctx, g.remote, id, lookEvery, g.unlessStuck)
	if err != nil {
		return err
	}
	there, err := g.held(ctx, externalID)
	if err != nil {
		return err
	}
	seen.Retried = run.Counts.Landed
	if run.LastSettleAt != nil {
		seen.RetrySeconds = run.LastSettleAt.Sub(begun).Round(time.Millisecond).Seconds()
	}
	g.say("  %s again: %s, after %.1f s. The sandbox has contact %s as %s %s.",
		plural(run.Counts.Total, "record"), outcome(run.Counts), seen.RetrySeconds, externalID, there.Object, there.ID)
	if run.Counts.Landed < run.Counts.Total {
		return fmt.Errorf("of what was retried not everything landed: %s", outcome(run.Counts))
	}
	return nil
}

// prove sends the test contact.
func (g *leg) prove(ctx context.Context, conn client.Connection, seen *sights) error {
	g.say("\nA test contact proves the connection; however often it is sent, it is one record in the CRM.")
	t, err := g.try(ctx, g.remote, conn, 1)
	if err != nil {
		return err
	}
	c := t.Contacts[0]
	g.reportTestContact(c)
	seen.TestContactMS, seen.TestContactState, seen.TestContactURL = c.RoundTrip, string(c.Outcome), told(c.URL)
	return t.untrue()
}

// alter loads a record, has it synced, and returns what became of it.
func (g *leg) alter(ctx context.Context, conn client.Connection, record map[string]any) (client.Event, error) {
	line, err := json.Marshal(record)
	if err != nil {
		return client.Event{}, fmt.Errorf("writing the record: %w", err)
	}
	last, err := g.remote.lastEvent(ctx, conn)
	if err != nil {
		return client.Event{}, err
	}
	if _, err := g.remote.load(ctx, strings.NewReader(string(line)), client.ObjectContact, "", func(client.LoadReport) {}); err != nil {
		return client.Event{}, err
	}
	if conn, err = answer[client.Connection](g.remote.GetConnectionWithResponse(ctx, conn.ID)); err != nil {
		return client.Event{}, err
	}
	if _, err := g.remote.sync(ctx, conn, func(synced, int64) {}); err != nil {
		return client.Event{}, err
	}
	news, err := g.remote.events(ctx, conn, eventQuery{limit: pageMost}, func(e client.Event) bool { return later(e.ID, last) })
	if err != nil {
		return client.Event{}, err
	}
	for _, e := range news {
		if e.ExternalID == record["external_id"] {
			return e, nil
		}
	}
	return client.Event{}, fmt.Errorf("contact %s was changed and synced, and nothing became of it", record["external_id"])
}

// held returns what the sandbox holds of a record of ours.
func (g *leg) held(ctx context.Context, externalID string) (kept, error) {
	workspace, err := answer[client.Workspace](g.remote.GetWorkspaceWithResponse(ctx))
	if err != nil {
		return kept{}, err
	}
	return g.sandbox(g.vendor).record(ctx, lockstep.ExternalID(workspace.Key, externalID))
}
