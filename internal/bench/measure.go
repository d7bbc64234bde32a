package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lockstep/internal/crm"
)

// trials is how often the test contact is sent.
const trials = 50

// measure has everybody send so many contacts, one after the other. What failed
// is in the findings, and in the error with all there is to say of it.
func (b *bench) measure(ctx context.Context, many int) (findings, error) {
	f := findings{contacts: many}
	file, err := b.writeContacts(many)
	if err != nil {
		return f, err
	}
	var failed []error
	note := func(t task, e entry) entry {
		if ctx.Err() == nil {
			b.say("%s · %s", t, e)
		}
		if e.fault != nil {
			failed = append(failed, fmt.Errorf("%s: %s: %w", t, e.who, e.fault))
		}
		return e
	}
	for _, t := range tasks() {
		ours, o := b.lockstep(ctx, t, file, many)
		c := contest{task: t.String(), own: o, entries: []entry{note(t, ours)}}
		for _, other := range clients(t) {
			if ctx.Err() != nil {
				return f, context.Cause(ctx)
			}
			c.entries = append(c.entries, note(t, b.race(ctx, t, other, file, many)))
		}
		f.contests = append(f.contests, c)
	}
	return f, errors.Join(append(failed, b.measureAlone(ctx, &f))...)
}

// measureAlone measures what only Lockstep has: the memory that fewer contacts
// take, and the test contact.
func (b *bench) measureAlone(ctx context.Context, f *findings) error {
	f.fewer = max(f.contacts/10, 1)
	file, err := b.writeContacts(f.fewer)
	if err != nil {
		return err
	}
	t := task{vendor: crm.Salesforce, latency: 100 * time.Millisecond}
	small, _ := b.lockstep(ctx, t, file, f.fewer)
	b.say("%s · %s contacts · %s", t, thousands(f.fewer), small)
	if small.fault != nil {
		return small.fault
	}
	f.fewerMB = small.peakMB
	t = task{vendor: crm.HubSpot, latency: 100 * time.Millisecond, window: 190}
	f.test, err = b.testContacts(ctx, t, trials)
	return err
}
