package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// few contacts are enough to see that everybody is still measured: with several
// batches, the last one not full.
const few = 450

// try returns a bench on the programs in bin and the clients in modules.
func try(t *testing.T, bin, modules string) *bench {
	t.Helper()

	b, err := newBench(t.Context(), filepath.Join("..", ".."), bin, modules, os.Environ(), io.Discard) //nolint:forbidigo // what is started lives in it
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.close()) })
	return b
}

func TestLockstepIsMeasured(t *testing.T) {
	t.Parallel()

	b := try(t, filepath.Join("..", "..", "bin"), "")
	file, err := b.writeContacts(few)
	require.NoError(t, err)
	e, o := b.lockstep(t.Context(), task{vendor: crm.HubSpot, window: 190}, file, few)
	require.NoError(t, e.fault)
	require.Equal(t, traffic{calls: 6}, e.traffic, "one to see that the CRM is empty")
	require.Positive(t, e.seconds)
	require.Positive(t, e.peakMB)
	require.Positive(t, o.actions)
	require.Positive(t, o.loading)
}

func TestTestContactsAreMeasured(t *testing.T) {
	t.Parallel()

	got, err := try(t, filepath.Join("..", "..", "bin"), "").testContacts(t.Context(), task{vendor: crm.HubSpot}, 3)
	require.NoError(t, err)
	require.Equal(t, 3, got.Times)
	require.Positive(t, got.RoundTrip.P50)
	require.GreaterOrEqual(t, got.RoundTrip.P95, got.RoundTrip.P50)
}

// TestClientsLandEveryContact runs where there are the clients' packages, which
// `make conformance` installs.
func TestClientsLandEveryContact(t *testing.T) {
	t.Parallel()

	modules := os.Getenv("LOCKSTEP_NODE_MODULES") //nolint:forbidigo // a test has no main to read it
	if modules == "" {
		t.Skip("LOCKSTEP_NODE_MODULES names no packages: `make conformance` does")
	}
	b := try(t, t.TempDir(), modules)
	said, err := exec.CommandContext(t.Context(), "go", "build", "-o", b.program("crmsim"), "../crmsim/cmd/crmsim").CombinedOutput()
	require.NoError(t, err, string(said))
	file, err := b.writeContacts(few)
	require.NoError(t, err)
	for _, terms := range []task{{vendor: crm.Salesforce}, {vendor: crm.HubSpot, window: 190}} {
		for _, c := range clients(terms) {
			t.Run(named(c.name, c.form), func(t *testing.T) {
				t.Parallel()

				e := b.race(t.Context(), terms, c, file, few)
				require.NoError(t, e.fault)
				require.Regexp(t, `^(jsforce 3|go-salesforce v3|@hubspot/api-client 1)`, e.who)
				require.Contains(t, []int{3, 5}, e.calls, "of 200 contacts, or of 100")
				require.Positive(t, e.seconds)
				require.Positive(t, e.peakMB)

				more := b.race(t.Context(), terms, c, file, few+1)
				require.ErrorContains(t, more.fault, "450 of 451 contacts landed")
			})
		}
	}
}
