package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"
)

// sandbox is the witness: what the CRM really holds and which calls really
// came, by the administration of the CRM sandbox.
type sandbox struct {
	address string // of the administration
	vendor  string
}

// kept is a record as the sandbox has it.
type kept struct {
	Object     string    `json:"object"`
	ID         string    `json:"id"`
	ExternalID *string   `json:"external_id"`
	CreatedAt  time.Time `json:"created_at"`
	UpdatedAt  time.Time `json:"updated_at"`
	Deleted    bool      `json:"deleted"`
}

// call is a call as the sandbox had it.
type call struct {
	At        time.Time `json:"at"`
	Kind      string    `json:"kind"` // write, read, schema, meta or auth
	Status    int       `json:"status"`
	Throttled bool      `json:"throttled"`
}

// records yields the records of the CRM, deleted ones included.
func (s sandbox) records(ctx context.Context) iter.Seq2[kept, error] {
	return ndjson[kept](ctx, s.address+"/_sim/"+s.vendor+"/records")
}

// calls yields the calls that have been answered.
func (s sandbox) calls(ctx context.Context) iter.Seq2[call, error] {
	return ndjson[call](ctx, s.address+"/_sim/"+s.vendor+"/calls")
}

// record returns the live record with an external id.
func (s sandbox) record(ctx context.Context, externalID string) (kept, error) {
	for rec, err := range s.records(ctx) {
		if err != nil {
			return kept{}, err
		}
		if !rec.Deleted && told(rec.ExternalID) == externalID {
			return rec, nil
		}
	}
	return kept{}, fmt.Errorf("the sandbox has no record with the external id %s", externalID)
}

// poison has the sandbox refuse the next record that it has never seen, until it
// is healed.
func (s sandbox) poison(ctx context.Context) error {
	return s.administer(ctx, "faults", `{"spec":"poison:rows=1"}`)
}

// heal has the sandbox take again what it has refused.
func (s sandbox) heal(ctx context.Context) error { return s.administer(ctx, "heal", "") }

// administer posts to the administration.
func (s sandbox) administer(ctx context.Context, what, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.address+"/_sim/"+s.vendor+"/"+what, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("telling the sandbox: %w", err)
	}
	resp, err := (&http.Client{Timeout: callPatience}).Do(req)
	if err != nil {
		return fmt.Errorf("telling the sandbox: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusMultipleChoices {
		return fmt.Errorf("telling the sandbox: it answered %s", resp.Status)
	}
	return nil
}

// ndjson yields what an address answers, line by line, up to the first error.
func ndjson[T any](ctx context.Context, address string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			yield(none, fmt.Errorf("asking the sandbox: %w", err))
			return
		}
		resp, err := (&http.Client{Timeout: callPatience}).Do(req)
		if err != nil {
			yield(none, fmt.Errorf("asking the sandbox: %w", err))
			return
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			yield(none, fmt.Errorf("asking the sandbox: it answered %s", resp.Status))
			return
		}
		for dec := json.NewDecoder(resp.Body); ; {
			var v T
			err := dec.Decode(&v)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(none, fmt.Errorf("reading the sandbox's answer: %w", err))
				return
			}
			if !yield(v, nil) {
				return
			}
		}
	}
}

// tally is what the calls come to.
type tally struct {
	calls     int // about data, from the import's first claim to its last settle
	other     int // all that came before, after, or to sign in
	throttled int // answered that a limit is reached, whenever
}

// count adds the calls up. What the sandbox calls auth is about tokens; all
// other calls are about data, or about its shape.
func (s sandbox) count(ctx context.Context, from, to time.Time) (tally, error) {
	var t tally
	for c, err := range s.calls(ctx) {
		if err != nil {
			return t, err
		}
		if c.Kind != "auth" && !c.At.Before(from) && !c.At.After(to) {
			t.calls++
		} else {
			t.other++
		}
		if c.Throttled || c.Status == http.StatusTooManyRequests {
			t.throttled++
		}
	}
	return t, nil
}
