package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) testContactCommand() *cobra.Command {
	times := 1
	cmd := &cobra.Command{
		Use:   "test-contact [CONNECTION]",
		Short: "Prove a connection: send a labelled contact the way that all records go",
		Long: "Says what became of it, how long that took, and where it is in the CRM. However often it is sent, it is one record there,\n" +
			"which may be deleted at any time. With --times it is sent so often, one after the other, and the times are summed up.\n" +
			"The exit code is 1 when one did not arrive.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if times < 1 {
				return &usageError{problem: "--times takes a number above 0", usage: cmd.UseLine()}
			}
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			trial, err := f.try(ctx, r, conn, times)
			if len(trial.Contacts) == 0 {
				return err
			}
			f.reportTrial(trial)
			if err != nil { // of which the document tells nothing
				return errors.Join(err, f.onlyJSON(trial))
			}
			return f.withDocument(trial, trial.untrue())
		},
	}
	cmd.Flags().IntVar(&times, "times", times, "how often to send it")
	return f.remotely(cmd)
}

// trial is what the test contacts of one command came to.
type trial struct {
	Times   int `json:"times"`
	Arrived int `json:"arrived"`
	Failed  int `json:"failed"`  // that did not arrive, for whatever reason
	Records int `json:"records"` // in the CRM that they are, which is one

	RoundTrip spread `json:"round_trip_ms"` // from asking until the answer, as seen here
	Push      spread `json:"push_ms"`       // of that, from the start of the push until it was settled

	Contacts []tried `json:"contacts"`
}

// tried is a test contact that was sent.
type tried struct {
	client.TestContact

	RoundTrip float64 `json:"round_trip_ms"`
}

// try sends the test contact so often, each with a key of its own, and stops at
// the first that cannot be sent at all.
func (f *face) try(ctx context.Context, r *remote, conn client.Connection, times int) (trial, error) {
	t := trial{Times: times}
	shown := f.progress(int64(times), "test contact")
	defer shown.end()
	for n := range times {
		asked := time.Now()
		got, err := answer[client.TestContact](r.SendTestContactWithResponse(ctx, conn.ID, &client.SendTestContactParams{IdempotencyKey: requestKey()}))
		if err != nil && n == 0 {
			return t, err
		}
		if err != nil {
			t.sum()
			return t, fmt.Errorf("sending test contact %d of %d: %w", n+1, times, err)
		}
		t.Contacts = append(t.Contacts, tried{TestContact: got, RoundTrip: milliseconds(time.Since(asked))})
		if times > 1 {
			shown.show(int64(n+1), fmt.Sprintf("%d of %d sent", n+1, times))
		}
	}
	t.sum()
	return t, nil
}

// sum adds up what there is.
func (t *trial) sum() {
	var trips, pushes []float64
	records := make(map[string]bool)
	for _, c := range t.Contacts {
		trips, pushes = append(trips, c.RoundTrip), append(pushes, float64(c.PushMs))
		if arrived(c.TestContact) {
			t.Arrived++
		}
		if c.CRMID != "" {
			records[c.CRMID] = true
		}
	}
	t.Failed, t.Records = len(t.Contacts)-t.Arrived, len(records)
	t.RoundTrip, t.Push = spreadOf(trips), spreadOf(pushes)
}

// untrue returns an error when one did not arrive, or they are several records.
func (t *trial) untrue() error {
	if t.Failed > 0 {
		return fmt.Errorf("%d of %s did not arrive", t.Failed, plural(t.Times, "test contact"))
	}
	if t.Records > 1 {
		return fmt.Errorf("the test contacts are %d records in the CRM, and should be one", t.Records)
	}
	return nil
}

// arrived tells whether a test contact is in the CRM as it should be.
func arrived(c client.TestContact) bool {
	switch c.Outcome {
	case client.TestContactOutcomeCreated, client.TestContactOutcomeUpdated, client.TestContactOutcomeUnchanged:
		return true
	case client.TestContactOutcomeWaiting, client.TestContactOutcomeSkipped, client.TestContactOutcomeFailed:
	}
	return false
}

func (f *face) reportTrial(t trial) {
	last := t.Contacts[len(t.Contacts)-1]
	if len(t.Contacts) == 1 {
		f.reportTestContact(last)
		return
	}
	f.say("%d of %s arrived.", t.Arrived, plural(t.Times, "test contact"))
	f.say("  round trip  p50 %.0f ms, p95 %.0f ms, at most %.0f ms", t.RoundTrip.P50, t.RoundTrip.P95, t.RoundTrip.Max)
	f.say("  push        p50 %.0f ms, p95 %.0f ms, at most %.0f ms", t.Push.P50, t.Push.P95, t.Push.Max)
	for _, c := range t.Contacts {
		if !arrived(c.TestContact) {
			last = c
		}
	}
	f.say("The last%s:", map[bool]string{true: " that did not"}[t.Failed > 0])
	f.reportTestContact(last)
}

func (f *face) reportTestContact(c tried) {
	f.say("The test contact is %s after %.0f ms (of that, the push %d ms).", c.Outcome, c.RoundTrip, c.PushMs)
	if c.CRMID != "" {
		f.say("  in the CRM: %s", cmp.Or(told(c.URL), c.CRMType+" "+c.CRMID))
	}
	if p := c.Problem; p != nil {
		f.say("  %s: %s", p.Title, p.Meaning)
		f.say("  %s", p.Fix)
	}
	if c.TemporalURL != nil {
		f.say("  in Temporal: %s", *c.TemporalURL)
	}
}

// spread is how durations are spread, in milliseconds.
type spread struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	Max float64 `json:"max"`
}

// spreadOf returns how values are spread; each figure is one of them.
func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	at := func(percent int) float64 { return sorted[(len(sorted)*percent+99)/100-1] }
	return spread{P50: at(50), P95: at(95), Max: at(100)}
}

// milliseconds returns d to a tenth of one.
func milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond)) / float64(time.Millisecond)
}
