package main

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// examined is what the doctor prints with --json.
type examined struct {
	OK       bool      `json:"ok"`
	Findings []finding `json:"findings"`
}

// wrong returns the details and fixes of what is wrong, by what it is about.
func (e examined) wrong() map[string][2]string {
	out := make(map[string][2]string)
	for _, found := range e.Findings {
		if found.State == findingWrong {
			out[found.About] = [2]string{found.Detail, found.Fix}
		}
	}
	return out
}

func well() map[string]http.HandlerFunc {
	return map[string]http.HandlerFunc{
		"GET /readyz":       always(client.Health{Status: client.HealthStatusOK, Checks: map[string]bool{"postgresql": true}}),
		"GET /v1/workspace": always(client.Workspace{Name: "Acme", Role: client.RoleAdmin}),
	}
}

// FEATURES: V14
func TestDoctorFindsNothingWrongWhereAllIsWell(t *testing.T) {
	t.Parallel()

	conn, now := live("salesforce"), time.Now()
	conn.SyncedAt = &now
	code, stdout, stderr := cli(t, stub(t, []client.Connection{conn}, well()), "doctor")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "Nothing is wrong")
	require.Contains(t, stdout, "service: its settings are not here")
	require.NotContains(t, stdout, "WRONG")
}

// FEATURES: V14
func TestDoctorNamesTheConnectionThatIsWrong(t *testing.T) {
	t.Parallel()

	late, lost, parked := live("salesforce"), live("hubspot"), live("salesforce")
	long := time.Now().Add(-time.Hour)
	late.SyncedAt = &long
	lost.Status, lost.StatusReason = client.StatusUnauthorized, "The login was revoked."
	parked.CurrentRun = &client.Run{Kind: client.RunKindImport, State: client.RunStateParked, Reason: "The quota is spent."}
	code, stdout, _ := cli(t, stub(t, []client.Connection{late, lost, parked}, well()), "doctor", "--json")
	require.Equal(t, exitFailed, code)
	said := decoded[examined](t, stdout)
	require.False(t, said.OK)
	wrong := said.wrong()
	require.Len(t, wrong, 3)
	require.Contains(t, wrong["connection "+late.ID.String()][0], "nobody has looked for changes for 1h0m0s")
	require.Contains(t, wrong["connection "+late.ID.String()][1], "sync/"+late.ID.String())
	require.Contains(t, wrong["connection "+lost.ID.String()][0], "The login was revoked.")
	require.Contains(t, wrong["connection "+lost.ID.String()][1], "`starter connect hubspot`")
	require.Contains(t, wrong["connection "+parked.ID.String()][0], "The quota is spent.")
}

func TestDoctorTellsWhatTheAPICannotReachAndAClockThatIsOff(t *testing.T) {
	t.Parallel()

	routes := well()
	routes["GET /readyz"] = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(-time.Minute).UTC().Format(http.TimeFormat))
		reply200(w, client.Health{Status: client.HealthStatusUnavailable, Checks: map[string]bool{"temporal": false}})
	}
	code, stdout, _ := cli(t, stub(t, nil, routes), "doctor", "--json")
	require.Equal(t, exitFailed, code)
	wrong := decoded[examined](t, stdout).wrong()
	require.Contains(t, wrong["API"][0], "it cannot reach temporal")
	require.Contains(t, wrong["clock of the API"][0], "differs from this machine's by 1m")
	require.Contains(t, wrong["clock of the API"][1], "NTP")
}

func TestDoctorNamesEverySettingThatIsWrong(t *testing.T) {
	t.Parallel()

	env := map[string]string{
		"LOCKSTEP_DIR": t.TempDir(), "DATABASE_URL": "postgres://lockstep:planted@127.0.0.1:1/lockstep", "LOCKSTEP_RESERVE": "99",
		"TEMPORAL_ADDRESS": "127.0.0.1:1", "LOCKSTEP_PUBLIC_URL": "http://lockstep.example.com",
		"LOCKSTEP_HUBSPOT_CLIENT_ID": "app", "LOCKSTEP_HUBSPOT_CLIENT_SECRET": "planted", "LOCKSTEP_HUBSPOT_LOGIN_URL": "http://127.0.0.1:1",
	}
	code, stdout, stderr := cli(t, env, "doctor", "--json")
	require.Equal(t, exitFailed, code)
	require.NotContains(t, stdout+stderr, "planted")
	wrong := decoded[examined](t, stdout).wrong()
	for _, about := range []string{"LOCKSTEP_RESERVE", "LOCKSTEP_KEYSET_FILE", "PostgreSQL", "Temporal", "public URL"} {
		require.Contains(t, wrong, about)
		require.NotEmpty(t, wrong[about][1], about)
	}
	require.Contains(t, wrong["public URL"][0], "is not HTTPS")
	require.Contains(t, stderr, "the redirect URI that it has on file has to be exactly http://lockstep.example.com/v1/oauth/callback")
}
