package hubspot_test

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
	raw, err := os.ReadFile(filepath.Join(root, "hubspot", name))
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

// recorded reads a recorded JSON object, the correlation id aside.
func recorded(t *testing.T, name string) map[string]any {
	t.Helper()
	var body map[string]any
	recording(t, "amp-labs-fixtures/"+name, &body)
	delete(body, "correlationId")
	return body
}

// exchanges are recorded calls and their answers.
type exchanges []struct {
	Request struct {
		Method, Path string
		Body         json.RawMessage
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    json.RawMessage
	}
}

// keysOf returns the sorted keys of a JSON object.
func keysOf(object any) []string {
	members, _ := object.(map[string]any)
	return slices.Sorted(maps.Keys(members))
}

// first returns the first element of a member that is an array.
func first(t *testing.T, body map[string]any, member string) map[string]any {
	t.Helper()
	all, ok := body[member].([]any)
	require.True(t, ok && len(all) > 0, member)
	one, ok := all[0].(map[string]any)
	require.True(t, ok)
	return one
}
