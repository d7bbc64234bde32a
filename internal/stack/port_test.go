package stack

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// occupied returns a port of 127.0.0.1 that is taken for as long as the test runs.
func occupied(t *testing.T) int {
	t.Helper()

	l, err := listen(0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

func TestNoTwoListenersAreGivenOnePort(t *testing.T) {
	t.Parallel()

	taken := occupied(t)
	for _, wanted := range []map[string]int{
		{"admin": taken, "hubspot": taken, "salesforce": taken},
		{"admin": taken - 1, "hubspot": taken + 1, "salesforce": taken},
		{"admin": taken + 1, "hubspot": taken, "salesforce": taken + 1},
	} {
		at, err := preferred(wanted)
		require.NoError(t, err)
		require.Len(t, at, 3)
		require.NotContains(t, []string{at["admin"], at["hubspot"], at["salesforce"]}, loopback(taken))
		require.NotEqual(t, at["admin"], at["hubspot"])
		require.NotEqual(t, at["admin"], at["salesforce"])
		require.NotEqual(t, at["hubspot"], at["salesforce"])
	}
	at, err := preferred(map[string]int{"a": 0, "b": 0})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"a": loopback(0), "b": loopback(0)}, at)
}

func TestAFreePortIsHisWhoWantsIt(t *testing.T) {
	t.Parallel()

	taken := occupied(t)
	at, err := preferred(map[string]int{"first": taken, "last": taken + 1})
	require.NoError(t, err)
	if at["last"] == loopback(taken+1) {
		return
	}
	_, err = listen(taken + 1)
	require.Error(t, err, "somebody else must have had it")
}

func TestWhenNoPortIsLeftItIsSaidForWhom(t *testing.T) {
	t.Parallel()

	_, err := preferred(map[string]int{"hubspot": 70_000})
	require.EqualError(t, err, "finding a port for hubspot: no free port from 70000 to 70100")
}

func TestSandboxesWithTheSamePortsRunSideBySide(t *testing.T) {
	t.Parallel()

	self, err := filepath.Abs(os.Args[0])
	require.NoError(t, err)
	bin := filepath.Join(t.TempDir(), "listeners")
	require.NoError(t, os.Symlink(self, bin))
	taken := occupied(t)
	served := make(map[string]bool)
	for range 3 {
		s, err := StartSandbox(t.Context(), SandboxConfig{
			Bin: bin, Log: filepath.Join(t.TempDir(), "log"), Ports: map[string]int{"admin": taken - 1, "salesforce": taken, "hubspot": taken + 1},
		})
		require.NoError(t, err)
		t.Cleanup(func() { _ = s.Kill() })
		for _, url := range []string{s.Admin, s.Vendors["salesforce"], s.Vendors["hubspot"]} {
			require.False(t, served[url], url)
			served[url] = true
		}
	}
}
