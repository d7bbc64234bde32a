package config_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap/zapcore"

	"lockstep/internal/config"
	"lockstep/internal/crm"
	"lockstep/internal/secret"
)

// environment returns a getenv of settings that are enough, changed by the
// given ones.
func environment(t *testing.T, changes map[string]string) func(string) string {
	t.Helper()

	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	values := map[string]string{
		"DATABASE_URL":    "postgres://lockstep:hunter2@127.0.0.1/lockstep",
		"LOCKSTEP_KEYSET": base64.StdEncoding.EncodeToString(keyset),
	}
	maps.Copy(values, changes)
	return func(name string) string { return values[name] }
}

func TestLittleIsEnough(t *testing.T) {
	t.Parallel()

	worker, err := config.LoadWorker(environment(t, nil))
	require.NoError(t, err)
	require.Equal(t, "postgres://lockstep:hunter2@127.0.0.1/lockstep", worker.DatabaseURL.Reveal())
	require.NotNil(t, worker.Keyring)
	require.Equal(t, 30*time.Second, worker.Drain)
	require.Equal(t, 10, worker.Reserve)
	require.Equal(t, zapcore.InfoLevel, worker.LogLevel)
	require.Empty(t, worker.QueuePrefix)
	require.Empty(t, worker.MetricsAddress)
	require.Empty(t, worker.Apps)
	require.Empty(t, worker.Temporal.Address)
	require.Empty(t, worker.Temporal.Namespace)

	api, err := config.LoadAPI(environment(t, nil))
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1:8080", api.Address)
	require.Equal(t, "http://127.0.0.1:8080", api.PublicURL)
	require.Empty(t, api.TemporalUI)
}

func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()

	getenv := environment(t, map[string]string{
		"TEMPORAL_ADDRESS":                  "temporal:7233",
		"TEMPORAL_NAMESPACE":                "crm",
		"TEMPORAL_TLS":                      "true",
		"LOCKSTEP_SALESFORCE_CLIENT_ID":     "sf-id",
		"LOCKSTEP_SALESFORCE_CLIENT_SECRET": "sf-secret",
		"LOCKSTEP_SALESFORCE_LOGIN_URL":     "http://127.0.0.1:9001/",
		"LOCKSTEP_HUBSPOT_CLIENT_ID":        "hs-id",
		"LOCKSTEP_HUBSPOT_CLIENT_SECRET":    "hs-secret",
		"LOCKSTEP_RESERVE":                  "0",
		"LOCKSTEP_LOG_LEVEL":                "Debug",
		"LOCKSTEP_QUEUE_PREFIX":             "test-1-",
		"LOCKSTEP_METRICS_ADDRESS":          "127.0.0.1:9464",
		"LOCKSTEP_DRAIN":                    "5s",
		"LOCKSTEP_ADDRESS":                  "0.0.0.0:9090",
		"LOCKSTEP_PUBLIC_URL":               "https://lockstep.example.com/",
		"LOCKSTEP_TEMPORAL_UI":              "http://127.0.0.1:8233",
	})

	worker, err := config.LoadWorker(getenv)
	require.NoError(t, err)
	require.Equal(t, "temporal:7233", worker.Temporal.Address)
	require.Equal(t, "crm", worker.Temporal.Namespace)
	require.Equal(t, "true", worker.Temporal.Getenv("TEMPORAL_TLS"))
	require.Equal(t, map[crm.Vendor]config.App{
		crm.Salesforce: {ClientID: "sf-id", ClientSecret: secret.NewText("sf-secret"), LoginURL: "http://127.0.0.1:9001"},
		crm.HubSpot:    {ClientID: "hs-id", ClientSecret: secret.NewText("hs-secret")},
	}, worker.Apps)
	require.Zero(t, worker.Reserve)
	require.Equal(t, zapcore.DebugLevel, worker.LogLevel)
	require.Equal(t, "test-1-", worker.QueuePrefix)
	require.Equal(t, "127.0.0.1:9464", worker.MetricsAddress)
	require.Equal(t, 5*time.Second, worker.Drain)

	api, err := config.LoadAPI(getenv)
	require.NoError(t, err)
	require.Equal(t, "0.0.0.0:9090", api.Address)
	require.Equal(t, "https://lockstep.example.com", api.PublicURL)
	require.Equal(t, "http://127.0.0.1:8233", api.TemporalUI)
	require.Equal(t, "https://lockstep.example.com/v1/oauth/callback", api.Apps[crm.Salesforce].RedirectURL)
	require.Equal(t, "test-1-", api.QueuePrefix)
	require.Equal(t, "127.0.0.1:9464", api.MetricsAddress)
}

func TestPublicURLIsDerivedFromTheAddress(t *testing.T) {
	t.Parallel()

	for address, want := range map[string]string{
		":8080":          "http://127.0.0.1:8080",
		"0.0.0.0:8080":   "http://127.0.0.1:8080",
		"[::]:8080":      "http://127.0.0.1:8080",
		"[::1]:8080":     "http://[::1]:8080",
		"localhost:9999": "http://localhost:9999",
	} {
		api, err := config.LoadAPI(environment(t, map[string]string{"LOCKSTEP_ADDRESS": address}))
		require.NoError(t, err)
		require.Equal(t, want, api.PublicURL, address)
	}
}

func TestKeysetIsReadFromItsFile(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "keyset.json")
	require.NoError(t, secret.CreateKeyset(path))
	changes := map[string]string{"LOCKSTEP_KEYSET": "", "LOCKSTEP_KEYSET_FILE": path}

	worker, err := config.LoadWorker(environment(t, changes))
	require.NoError(t, err)
	require.NotNil(t, worker.Keyring)

	require.NoError(t, os.Chmod(path, 0o644))
	_, err = config.LoadWorker(environment(t, changes))
	require.ErrorContains(t, err, "LOCKSTEP_KEYSET_FILE cannot be used")
	require.ErrorContains(t, err, "chmod 600")
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	t.Parallel()

	_, err := config.LoadAPI(environment(t, map[string]string{
		"DATABASE_URL":                  "",
		"LOCKSTEP_KEYSET":               "planted",
		"LOCKSTEP_SALESFORCE_CLIENT_ID": "sf-id",
		"LOCKSTEP_HUBSPOT_LOGIN_URL":    "https://app.hubspot.com",
		"LOCKSTEP_RESERVE":              "51",
		"LOCKSTEP_LOG_LEVEL":            "loud",
		"LOCKSTEP_ADDRESS":              "8080",
		"LOCKSTEP_PUBLIC_URL":           "lockstep.example.com",
		"LOCKSTEP_TEMPORAL_UI":          "http://user:planted@127.0.0.1:8233",
	}))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "planted")

	lines := strings.Split(err.Error(), "\n")
	for _, name := range []string{
		"DATABASE_URL", "LOCKSTEP_KEYSET", "LOCKSTEP_SALESFORCE_CLIENT_SECRET", "LOCKSTEP_HUBSPOT_LOGIN_URL",
		"LOCKSTEP_RESERVE", "LOCKSTEP_LOG_LEVEL", "LOCKSTEP_ADDRESS", "LOCKSTEP_PUBLIC_URL", "LOCKSTEP_TEMPORAL_UI",
	} {
		i := 0
		for _, line := range lines {
			if strings.HasPrefix(line, name+" ") {
				i++
			}
		}
		require.Equal(t, 1, i, "lines that start with %s in:\n%s", name, err)
	}
	require.Len(t, lines, 9)
}

func TestFaultSaysTheFix(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		changes map[string]string
		want    string
	}{
		"database of another kind":   {map[string]string{"DATABASE_URL": "mysql://planted@h/d"}, "postgres://"},
		"database with bare percent": {map[string]string{"DATABASE_URL": "postgres://u:pla%nted@h/d"}, "percent-encoded"},
		"no keyset":                  {map[string]string{"LOCKSTEP_KEYSET": ""}, "LOCKSTEP_KEYSET_FILE is not set"},
		"two keysets":                {map[string]string{"LOCKSTEP_KEYSET_FILE": "x"}, "keep one of them"},
		"no keyset file":             {map[string]string{"LOCKSTEP_KEYSET": "", "LOCKSTEP_KEYSET_FILE": "/nowhere"}, "LOCKSTEP_KEYSET_FILE cannot be used"},
		"secret without id":          {map[string]string{"LOCKSTEP_HUBSPOT_CLIENT_SECRET": "planted"}, "LOCKSTEP_HUBSPOT_CLIENT_ID is not set"},
		"metrics without a host":     {map[string]string{"LOCKSTEP_METRICS_ADDRESS": "9464"}, "such as 127.0.0.1:9464"},
		"drain without unit":         {map[string]string{"LOCKSTEP_DRAIN": "30"}, "such as 30s"},
		"drain too long":             {map[string]string{"LOCKSTEP_DRAIN": "1h"}, "to 10m0s"},
		"reserve with percent sign":  {map[string]string{"LOCKSTEP_RESERVE": "10%"}, "from 0 to 50"},
		"negative reserve":           {map[string]string{"LOCKSTEP_RESERVE": "-1"}, "from 0 to 50"},
		"login URL with a query":     {map[string]string{"LOCKSTEP_SALESFORCE_LOGIN_URL": "https://x?y=planted"}, "without a user, a query"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := config.LoadWorker(environment(t, test.changes))
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "planted")
		})
	}
}

func TestPrintedSettingsShowNoSecret(t *testing.T) {
	t.Parallel()

	cfg, err := config.LoadAPI(environment(t, map[string]string{
		"LOCKSTEP_SALESFORCE_CLIENT_ID":     "sf-id",
		"LOCKSTEP_SALESFORCE_CLIENT_SECRET": "planted",
	}))
	require.NoError(t, err)
	printed := fmt.Sprintf("%v %+v %#v", cfg, cfg, cfg)
	require.NotContains(t, printed, "planted")
	require.NotContains(t, printed, "hunter2")
	require.Contains(t, printed, "sf-id")
}
