package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestSyncWaitsUntilItHasBeenLooked(t *testing.T) {
	t.Parallel()

	then, now := time.Now().Add(-time.Minute), time.Now()
	before := live("salesforce")
	before.SyncedAt = &then
	after := before
	after.SyncedAt = &now
	old := client.Run{ID: uuid.New(), Kind: client.RunKindSync, FinishedAt: &then}
	made := client.Run{ID: uuid.New(), Kind: client.RunKindSync, FinishedAt: &now, Counts: client.Counts{Total: 2, Done: 2, Updated: 1, Failed: 1}}
	routes := map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/sync": accepted(before),
		"GET /v1/connections/{id}":       inTurn(before, after),
		"GET /v1/connections/{id}/runs": inTurn(client.RunList{Items: []client.Run{old}},
			client.RunList{Items: []client.Run{made, {ID: uuid.New(), Kind: client.RunKindTestContact}, old}}),
	}
	code, stdout, stderr := cli(t, stub(t, []client.Connection{before}, routes), "sync", "--json")
	require.Equal(t, exitOK, code, stderr)
	said := decoded[synced](t, stdout)
	require.WithinDuration(t, now, said.At, 0)
	require.Len(t, said.Runs, 1)
	require.Equal(t, made.ID, said.Runs[0].ID)
	require.Contains(t, stderr, "2 changed records: 1 updated, 1 failed.")
	require.Contains(t, stderr, "`starter failed`")
}

func TestSyncOfNothingSaysSo(t *testing.T) {
	t.Parallel()

	now := time.Now()
	after := live("salesforce")
	after.SyncedAt = &now
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/sync": accepted(after),
		"GET /v1/connections/{id}":       always(after),
		"GET /v1/connections/{id}/runs":  always(client.RunList{}),
	})
	code, stdout, stderr := cli(t, env, "sync")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "Nothing has changed")
}
