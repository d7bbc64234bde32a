package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"

	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
)

// witness is what a sandbox says of a CRM, by its administration.
type witness struct {
	admin  string
	vendor crm.Vendor
}

// record is a record as the sandbox has it.
type record struct {
	Object     string         `json:"object"`
	ExternalID string         `json:"external_id"`
	Deleted    bool           `json:"deleted"`
	Fields     map[string]any `json:"fields"`
}

// call is a call as the sandbox had it.
type call struct {
	Kind      string `json:"kind"` // write, read, schema, meta or auth
	Throttled bool   `json:"throttled"`
}

// traffic is what the calls come to. Setting up is not among them: signing in,
// describing, making the field of external ids.
type traffic struct {
	calls     int
	throttled int // of them, those that a limit refused
}

// traffic counts the calls that read or wrote records. Of one that a limit
// refused the sandbox does not know what it was about; while setting up, nobody
// comes near a limit.
func (w witness) traffic(ctx context.Context) (traffic, error) {
	var t traffic
	for c, err := range ndjson[call](ctx, w.admin+"/_sim/"+string(w.vendor)+"/calls") {
		if err != nil {
			return t, err
		}
		if c.Throttled {
			t.throttled++
		}
		if c.Throttled || c.Kind == "write" || c.Kind == "read" {
			t.calls++
		}
	}
	return t, nil
}

// landed returns nil if the CRM holds so many contacts as the file has them,
// each once and under an external id, and nothing else; else an error that
// says in how far it does not.
func (w witness) landed(ctx context.Context, many int) error {
	var right, again, wrong, strange int
	seen := make([]bool, many)
	for r, err := range ndjson[record](ctx, w.admin+"/_sim/"+string(w.vendor)+"/records") {
		if err != nil {
			return err
		}
		email, _ := r.Fields[fields(w.vendor)["Email"]].(string)
		n, ok := numberOf(email)
		switch {
		case r.Deleted:
		case !ok || n < 0 || n >= many || r.Object != all.Factories()[w.vendor].Types[crm.Contact][0]:
			strange++
		case seen[n]:
			again++
		case !w.holds(r, contact(n)):
			seen[n] = true
			wrong++
		default:
			seen[n] = true
			right++
		}
	}
	if right == many && again == 0 && strange == 0 {
		return nil
	}
	return fmt.Errorf("%s of %s contacts landed, %s with other values, %s a second time, and %s other records",
		thousands(right), thousands(many), thousands(wrong), thousands(again), thousands(strange))
}

// holds tells whether a record has an external id and every value of a row. The
// id's own value is not compared: Lockstep puts the workspace's key before it.
func (w witness) holds(r record, row []string) bool {
	to := fields(w.vendor)
	for i, column := range columns()[1:] {
		if r.Fields[to[column]] != row[i+1] {
			return false
		}
	}
	return r.ExternalID != ""
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
		resp, err := new(http.Client).Do(req)
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
