package main

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// chunk is a run of a cycle that has sent so many records and ended, or has as
// many before it.
func chunk(records int64, ended bool) client.Run {
	run := client.Run{ID: uuid.New(), Kind: client.RunKindSync, State: client.RunStateRunning, Counts: client.Counts{Total: records}}
	if ended {
		run.State, run.FinishedAt = client.RunStateCompleted, new(time.Now())
		run.Counts.Done, run.Counts.Landed, run.Counts.Created = records, records, records
	}
	return run
}

// cycling is an API whose connection goes through looks: before the sync is asked
// for, and then one at a time. Looks have the runs, the latest first, and what is
// on the way.
func cycling(t *testing.T, conn client.Connection, before []client.Run, looks ...look) map[string]string {
	t.Helper()
	after := conn
	after.SyncedAt = new(time.Now())
	now, next := look{}, append([]look{{}}, looks...)
	return stub(t, []client.Connection{conn}, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/sync": accepted(conn),
		"GET /v1/connections/{id}":       inTurn(conn, after),
		"GET /v1/connections/{id}/runs": func(w http.ResponseWriter, _ *http.Request) {
			if len(next) > 0 {
				now, next = next[0], next[1:]
			}
			reply200(w, client.RunList{Items: append(slices.Clip(now.runs), before...)})
		},
		"GET /v1/connections/{id}/health": func(w http.ResponseWriter, _ *http.Request) { reply200(w, healthOf(now.pending)) },
	})
}

// look is what can be seen of a cycle at a moment.
type look struct {
	runs    []client.Run
	pending int64
}

func TestSyncWaitsUntilItHasBeenLooked(t *testing.T) {
	t.Parallel()

	before := live("salesforce")
	before.SyncedAt = new(time.Now().Add(-time.Minute))
	made := chunk(2, true)
	made.Counts = client.Counts{Total: 2, Done: 2, Updated: 1, Failed: 1}
	env := cycling(t, before, []client.Run{chunk(7, true)}, look{}, look{runs: []client.Run{made, {ID: uuid.New(), Kind: client.RunKindTestContact}}})
	code, stdout, stderr := cli(t, env, "sync", "--json")
	require.Equal(t, exitOK, code, stderr)
	said := decoded[synced](t, stdout)
	require.WithinDuration(t, time.Now(), said.At, time.Minute)
	require.Len(t, said.Runs, 1)
	require.Equal(t, made.ID, said.Runs[0].ID)
	require.Contains(t, stderr, "2 changed records: 1 updated, 1 failed.")
	require.Contains(t, stderr, "`starter failed`")
}

// TestSyncIsFollowedThroughAllOfItsChunks has a connection count as looked at
// when the first chunk has ended, as it is.
func TestSyncIsFollowedThroughAllOfItsChunks(t *testing.T) {
	t.Parallel()

	begun, first, second, third := chunk(10_000, false), chunk(10_000, true), chunk(10_000, false), chunk(5_000, true)
	ended := chunk(10_000, true)
	first.ID, ended.ID = begun.ID, second.ID
	env := cycling(t, live("salesforce"), nil,
		look{runs: []client.Run{begun}, pending: 25_000},
		look{runs: []client.Run{first}, pending: 15_000},
		look{runs: []client.Run{first}, pending: 15_000},
		look{runs: []client.Run{second, first}, pending: 15_000},
		look{runs: []client.Run{third, ended, first}},
	)
	code, stdout, stderr := cli(t, env, "sync")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "25,000 changed records: 25,000 created.")
	require.NotContains(t, stdout, "on the way")
}

func TestSyncThatLeavesRecordsSaysWhyAndWhenTheyGo(t *testing.T) {
	t.Parallel()

	stopped := chunk(400, true)
	stopped.Reason = "The account has spent its calls for today. What is left goes after the reset."
	for name, env := range map[string]map[string]string{
		"with a reason":           cycling(t, live("salesforce"), nil, look{}, look{runs: []client.Run{stopped}, pending: 15_000}),
		"as no other chunk comes": cycling(t, live("salesforce"), nil, look{}, look{runs: []client.Run{chunk(400, true)}, pending: 15_000}),
	} {
		code, stdout, stderr := cli(t, env, "sync")
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stdout, "400 changed records: 400 created.", name)
		require.Contains(t, stdout, "15,000 changed records are on the way with the next sync, within 5m", name)
		require.Contains(t, stdout, "`starter status`", name)
	}
}

func TestSyncOfNothingSaysSo(t *testing.T) {
	t.Parallel()

	code, stdout, stderr := cli(t, cycling(t, live("salesforce"), nil, look{}), "sync")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "Nothing has changed")
}
