package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestConnectionsAreListed(t *testing.T) {
	t.Parallel()

	one, begun := live("salesforce"), connectionTo("hubspot", false)
	env := stub(t, []client.Connection{one, begun}, nil)
	code, stdout, stderr := cli(t, env, "connections")
	require.Equal(t, exitOK, code, stderr)
	require.Regexp(t, one.ID.String()+` +salesforce +Acme \(production\) +live`, stdout)
	require.Regexp(t, begun.ID.String()+` +hubspot +nobody has signed in +connecting`, stdout)

	_, stdout, _ = cli(t, stub(t, nil, nil), "connections")
	require.Contains(t, stdout, "No connection yet. Next: `starter connect salesforce`")
}
