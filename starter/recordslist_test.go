package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestRecordsAreListed(t *testing.T) {
	t.Parallel()

	next := uuid.NewString()
	ada := client.Record{ExternalID: "7", Revision: 2, Fields: client.Fields{"first_name": "Ada", "last_name": "Lovelace", "age": 36}}
	acme := client.Record{ExternalID: "8", Fields: client.Fields{"name": "Acme", "first_name": 1}}
	var queries []string
	env := stub(t, nil, map[string]http.HandlerFunc{
		"GET /v1/records": func(w http.ResponseWriter, r *http.Request) {
			queries = append(queries, r.URL.RawQuery)
			if r.URL.Query().Get("after") == next {
				reply200(w, client.RecordPage{Items: []client.Record{acme}})
			} else {
				reply200(w, client.RecordPage{Items: []client.Record{ada}, Next: &next})
			}
		},
	})
	code, stdout, stderr := cli(t, env, "records", "list", "--object", "company")
	require.Equal(t, exitOK, code, stderr)
	require.Len(t, queries, 2)
	require.Contains(t, queries[0], "object=company")
	require.Regexp(t, `7 +Ada Lovelace +3 +2 +`, stdout)
	require.Regexp(t, `8 +Acme +2 +0 +`, stdout)

	_, stdout, _ = cli(t, env, "records", "list", "--limit", "1")
	require.Contains(t, stdout, "There are more; --limit shows them.")
	require.NotContains(t, stdout, "Acme")

	_, stdout, _ = cli(t, env, "records", "list", "--json")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 2)
	require.Equal(t, "Lovelace", decoded[client.Record](t, lines[0]).Fields["last_name"])

	for _, flag := range []string{"--limit=0", "--object=deal"} {
		code, _, _ = cli(t, env, "records", "list", flag)
		require.Equal(t, exitUsage, code)
	}
	_, stdout, _ = cli(t, stub(t, nil, map[string]http.HandlerFunc{"GET /v1/records": always(client.RecordPage{})}), "records", "list")
	require.Contains(t, stdout, "Next: `starter records load FILE`.")
}
