package main

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// noticed returns a directory as that of a stack which is up.
func noticed(t *testing.T, n notice) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, n.post(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, keyFile), []byte("lsk_kept\n"), 0o600))
	return dir
}

func TestCommandsFindTheStackThatIsUpHere(t *testing.T) {
	t.Parallel()

	var keys []string
	there := []client.Connection{live("hubspot"), live("salesforce")}
	env := stub(t, nil, map[string]http.HandlerFunc{
		"GET /v1/connections/{$}": http.NotFound,
		"GET /v1/workspace": func(_ http.ResponseWriter, r *http.Request) {
			keys = append(keys, r.Header.Get("Authorization"))
		},
	})
	api := env["LOCKSTEP_API"]
	own := stub(t, there, nil)["LOCKSTEP_API"]
	dir := noticed(t, notice{API: own, Vendor: "salesforce"})

	code, stdout, stderr := cli(t, map[string]string{"LOCKSTEP_DIR": dir}, "status")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "Salesforce, Acme (production): live")

	code, _, stderr = cli(t, map[string]string{"LOCKSTEP_DIR": dir, "LOCKSTEP_API": api}, "status")
	require.Equal(t, exitUsage, code, "another API is not shown the key")
	require.Contains(t, stderr, "no API key")
	require.Empty(t, keys)

	require.NoError(t, takeDown(dir))
	require.NoError(t, takeDown(dir), "twice")
	code, _, _ = cli(t, map[string]string{"LOCKSTEP_DIR": dir}, "status")
	require.Equal(t, exitUsage, code)
}

func TestSettingsOfTwoServicesAreNotMixed(t *testing.T) {
	t.Parallel()

	dir := noticed(t, notice{Settings: map[string]string{"DATABASE_URL": "postgres://here", "TEMPORAL_ADDRESS": "here:7233"}})
	env := map[string]string{"LOCKSTEP_DIR": dir}
	f := &face{getenv: func(name string) string { return env[name] }}
	require.Equal(t, "postgres://here", f.setting("DATABASE_URL"))
	require.Equal(t, "here:7233", f.setting("TEMPORAL_ADDRESS"))

	env["DATABASE_URL"] = "postgres://there"
	require.Equal(t, "postgres://there", f.setting("DATABASE_URL"))
	require.Empty(t, f.setting("TEMPORAL_ADDRESS"))
}
