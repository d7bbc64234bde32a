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

// built returns the directory of the programs, or skips the test where they are
// not built.
func built(t *testing.T) string {
	t.Helper()
	bin, err := filepath.Abs("../bin")
	require.NoError(t, err)
	for _, program := range []string{"starter", "worker", "api", "crmsim", "temporal"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			t.Skipf("bin/%s is not built", program)
		}
	}
	return bin
}

// TestUpOnceEndsTrueAndLeavesNothing runs the real thing: five processes, the
// sample, and faults on the way.
func TestUpOnceEndsTrueAndLeavesNothing(t *testing.T) {
	t.Parallel()

	bin := built(t)
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

// TestUpOnceShowsAllOfItWithEachCRM runs the real thing as `make up` does: an
// import, a change, a failure with its retry, and a test contact.
func TestUpOnceShowsAllOfItWithEachCRM(t *testing.T) {
	t.Parallel()

	bin := built(t)
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "starter"), "up", "--once", "--json", "--dir", filepath.Join(t.TempDir(), "state"))
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), stderr.String())

	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	require.Len(t, lines, 2)
	for i, vendor := range []string{"salesforce", "hubspot"} {
		said := decoded[map[string]any](t, lines[i])
		require.Equal(t, vendor, said["crm"])
		require.InDelta(t, 0, said["failed"], 0)
		require.InDelta(t, 1, said["failed_since"], 0)
		require.InDelta(t, 1, said["retried"], 0)
		require.Equal(t, "created", said["test_contact_state"])
		require.Contains(t, said["test_contact_url"], "http://127.0.0.1:")
		for _, member := range []string{"change_seconds", "retry_seconds", "test_contact_ms"} {
			require.Positive(t, said[member], member)
		}
	}
	require.Contains(t, stderr.String(), "temporal workflow signal --address 127.0.0.1:")
}

func TestMeasurementIsOneCRMAndTheImportAlone(t *testing.T) {
	t.Parallel()

	require.Equal(t, []string{"salesforce", "hubspot"}, upOptions{tour: true}.crms())
	require.Equal(t, []string{"hubspot"}, upOptions{tour: true, crm: "hubspot"}.crms())
	require.Equal(t, []string{"salesforce"}, upOptions{}.crms())
	require.False(t, upOptions{once: true, crm: "hubspot", workers: 2}.measures())
	for _, o := range []upOptions{{contacts: "x"}, {latency: 1}, {rate: "1/s"}, {faults: []string{"503"}}, {kills: 1}} {
		require.True(t, o.measures())
	}
}
