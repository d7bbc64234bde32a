package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestUpOnceEndsTrueAndLeavesNothing runs the real thing: five processes, the
// sample, and faults on the way.
func TestUpOnceEndsTrueAndLeavesNothing(t *testing.T) {
	t.Parallel()

	bin, err := filepath.Abs("../bin")
	require.NoError(t, err)
	for _, program := range []string{"starter", "worker", "api", "crmsim", "temporal"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			t.Skipf("bin/%s is not built", program)
		}
	}
	dir := filepath.Join(t.TempDir(), "state")
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "starter"), "up", "--once", "--json", "--dir", dir,
		"--fault", "poison:rows=2", "--fault", "cut-after:every=2")
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), stderr.String())
	require.NoDirExists(t, dir)

	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	require.Len(t, lines, 1)
	var said map[string]any
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &said))
	for member, want := range map[string]any{
		"crm": "salesforce", "records": 500.0, "landed": 498.0, "created": 498.0, "updated": 0.0, "failed": 2.0, "skipped": 0.0, "duplicates": 0.0,
	} {
		require.Equal(t, want, said[member], member)
	}
	for _, member := range []string{"calls", "other_calls", "seconds", "temporal_actions", "worker_peak_mb"} {
		require.Positive(t, said[member], member)
	}
	require.Contains(t, said, "throttled")
	require.NotContains(t, said, "api", "without --keep")
	require.Contains(t, stderr.String(), "they agree, record by record")
}
