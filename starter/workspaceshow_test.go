package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestWorkspaceIsShown(t *testing.T) {
	t.Parallel()

	env := stub(t, nil, map[string]http.HandlerFunc{"GET /v1/workspace": always(client.Workspace{
		Name: "Acme", Key: "k7", Role: client.RoleOperator, Records: client.RecordCounts{Contact: 10000, Company: 3}, CreatedAt: time.Now(),
	})})
	code, stdout, stderr := cli(t, env, "workspace", "show")
	require.Equal(t, exitOK, code, stderr)
	for _, said := range []string{`Workspace "Acme", since 20`, "key        k7", "API key    operator", "contacts   10,000", "companies  3"} {
		require.Contains(t, stdout, said)
	}
}
