package stack

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTemporal runs the real server; `make build` makes it.
func TestTemporalKeepsItsAddressesOverACrash(t *testing.T) {
	t.Parallel()

	bin, err := filepath.Abs("../../bin/temporal")
	require.NoError(t, err)
	if _, err := os.Stat(bin); errors.Is(err, fs.ErrNotExist) {
		t.Skip("bin/temporal is not built")
	}
	dir := t.TempDir()
	temporal, err := StartTemporal(t.Context(), TemporalConfig{
		Bin: bin, DB: filepath.Join(dir, "temporal.db"), Log: filepath.Join(dir, "log"),
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = temporal.Kill() })
	require.NoError(t, answers(t.Context(), temporal.UI))
	require.Equal(t, "default", temporal.Namespace)

	require.NoError(t, temporal.Kill())
	require.Error(t, answers(t.Context(), temporal.UI))
	require.NoError(t, temporal.Restart(t.Context()))
	require.NoError(t, answers(t.Context(), temporal.UI))
	require.Contains(t, temporal.command.Args, temporal.Address)
	require.NoError(t, temporal.Stop(t.Context()))

	log, err := os.ReadFile(filepath.Join(dir, "log"))
	require.NoError(t, err)
	require.Empty(t, strings.TrimSpace(string(log)))
}
