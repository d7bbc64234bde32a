package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// stub serves an API that has the given connections and answers the given
// routes, and returns the environment in which a command finds it.
func stub(t *testing.T, connections []client.Connection, routes map[string]http.HandlerFunc) map[string]string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/connections", func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, client.ConnectionList{Items: connections})
	})
	for pattern, usual := range map[string]any{
		"GET /v1/connections/{id}/health": healthOf(0), "GET /v1/connections/{id}/events": client.EventPage{},
	} {
		if routes[pattern] == nil {
			mux.HandleFunc(pattern, always(usual))
		}
	}
	for pattern, handle := range routes {
		mux.HandleFunc(pattern, handle)
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return map[string]string{"LOCKSTEP_API": server.URL, "LOCKSTEP_API_KEY": "lsk_test", "LOCKSTEP_DIR": t.TempDir()}
}

// healthOf is the health of a connection with so many records on their way, and
// with problems.
func healthOf(pending int64, cards ...client.ProblemCard) client.ConnectionHealth {
	return client.ConnectionHealth{Headline: "So it stands.", Summary: "So the day was.", Problems: cards, Freshness: client.Freshness{Pending: pending}}
}

// cardOf is a problem that so many records have.
func cardOf(outcome client.FailedOutcome, code string, records int64, examples ...string) client.ProblemCard {
	return client.ProblemCard{Outcome: outcome, Records: records, Examples: examples, Problem: client.Explanation{
		Code: code, Title: "Title of " + code, Meaning: "What " + code + " means.", Fix: "What mends " + code + ".", Retry: client.ExplanationRetryAfterFix,
	}}
}

// always answers v.
func always(v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { reply200(w, v) }
}

// accepted answers v as what will be done in a moment.
func accepted(v any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { replyWith(w, http.StatusAccepted, v) }
}

// inTurn answers one of values a call, and the last for ever.
func inTurn[T any](values ...T) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		reply200(w, values[0])
		if len(values) > 1 {
			values = values[1:]
		}
	}
}

// asked answers v and keeps what it was asked, which carries a key.
func asked(t *testing.T, bodies *[]string, status int, v any) http.HandlerFunc {
	t.Helper()
	return func(w http.ResponseWriter, r *http.Request) {
		var body json.RawMessage
		if r.ContentLength != 0 && json.NewDecoder(r.Body).Decode(&body) != nil || r.Header.Get("Idempotency-Key") == "" {
			http.Error(w, "no", http.StatusBadRequest)
			return
		}
		*bodies = append(*bodies, string(body))
		replyWith(w, status, v)
	}
}

func replyWith(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refuse answers a problem.
func refuse(p client.Problem) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p)
	}
}

// live returns a connection that is at work.
func live(vendor string) client.Connection {
	c := connectionTo(vendor, true)
	c.Status, c.SyncEverySeconds, c.Syncs.Contacts = client.StatusLive, 300, true
	return c
}

// decoded reads a line of JSON.
func decoded[T any](t *testing.T, line string) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal([]byte(line), &v), line)
	return v
}
