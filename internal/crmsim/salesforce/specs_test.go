package salesforce_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// recording reads a file of the recordings, or skips the test where there are
// none.
func recording(t *testing.T, name string, v any) {
	t.Helper()
	root := os.Getenv("LOCKSTEP_SPECS") //nolint:forbidigo // a test has no main to read it
	if root == "" {
		root = filepath.Join(moduleRoot(t), "..", "shared", "specs")
	}
	raw, err := os.ReadFile(filepath.Join(root, "salesforce", name))
	if os.IsNotExist(err) {
		t.Skipf("no recordings: %v", err)
	}
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, v))
}

func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		require.NotEqual(t, "/", dir, "no go.mod above the test")
		dir = filepath.Dir(dir)
	}
}

// keysOf returns the sorted keys of a JSON object.
func keysOf(object map[string]any) []string {
	return slices.Sorted(maps.Keys(object))
}
