package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestOnlyContactsHaveAMapping(t *testing.T) {
	t.Parallel()

	code, _, stderr := cli(t, stub(t, []client.Connection{live("salesforce")}, nil), "mapping", "--object", "company")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "only contacts have a mapping so far")
}
