package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestRunIsShownAndFollowed(t *testing.T) {
	t.Parallel()

	looks := importOf(client.RunStateCompleted)
	id := looks[0].ID.String()
	d := &desk{looks: looks}
	env := d.serve(t)
	code, stdout, stderr := cli(t, env, "runs", "show", id)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "import "+id+": running\n")
	require.Contains(t, stdout, "4 of 10")
	require.Contains(t, stdout, "so far 4 created")
	require.Contains(t, stdout, "`starter cancel "+id+"` ends it early.")

	code, stdout, stderr = cli(t, env, "runs", "show", id, "--follow")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "parked: The CRM is away.")
	require.Contains(t, stdout, "10 records: 9 created, 1 failed.")

	_, stdout, _ = cli(t, env, "runs", "show", id)
	require.Contains(t, stdout, "  ended 20")
	require.Contains(t, stdout, "`starter failed` tells why")

	code, _, stderr = cli(t, env, "runs", "show", "7")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, `"7" is no run's id: `+"`starter runs` lists them")
}
