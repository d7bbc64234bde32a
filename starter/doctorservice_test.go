package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	sdk "go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"

	"lockstep/internal/crm/all"
	"lockstep/internal/flow"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
)

// FEATURES: V14
func TestDoctorFindsNothingWrongWithAServiceThatIsWell(t *testing.T) {
	t.Parallel()

	c := opened(t)
	found := c.examine(t, 0)
	require.True(t, found.OK, found.wrong())
	said := make(map[string]string)
	for _, f := range found.Findings {
		said[f.About] = f.State
	}
	for _, about := range []string{
		"settings", "PostgreSQL", "clock of PostgreSQL", "schema", "keys", "scopes of connection " + c.connection.String(),
		"Temporal", "Temporal's namespace", "search attributes", "app of Salesforce", "public URL",
	} {
		require.Equal(t, findingOK, said[about], about)
	}
}

// TestDoctorNamesTheOneThingThatIsWrong breaks one thing at a time, for real.
//
// FEATURES: V14
func TestDoctorNamesTheOneThingThatIsWrong(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		breaks             func(t *testing.T, c *clinic)
		ahead              time.Duration // of the doctor's clock
		about, detail, fix string
	}{
		"redirect URI not registered": {
			breaks: func(_ *testing.T, c *clinic) { c.app.RedirectURIs = []string{"https://elsewhere.example.com/callback"} },
			about:  "app of Salesforce", detail: "Callback URL not registered", fix: "/v1/oauth/callback to the callback URLs of the app",
		},
		"client secret": {
			breaks: func(_ *testing.T, c *clinic) { c.env["LOCKSTEP_SALESFORCE_CLIENT_SECRET"] = "planted-other" },
			about:  "app of Salesforce", detail: "App not accepted", fix: "LOCKSTEP_SALESFORCE_CLIENT_ID and LOCKSTEP_SALESFORCE_CLIENT_SECRET",
		},
		"scopes of the app": {
			breaks: func(_ *testing.T, c *clinic) { c.app.Scopes = []string{"refresh_token", "id"} },
			about:  "app of Salesforce", detail: "Scope not allowed", fix: "Allow api refresh_token id",
		},
		"CRM away": {
			breaks: func(_ *testing.T, c *clinic) { c.env["LOCKSTEP_SALESFORCE_LOGIN_URL"] = "http://127.0.0.1:1" },
			about:  "app of Salesforce", detail: "does not answer", fix: "reaches Salesforce",
		},
		"PostgreSQL down": {
			breaks: func(_ *testing.T, c *clinic) {
				c.env["DATABASE_URL"] = "postgres://lockstep:planted@127.0.0.1:1/lockstep"
			},
			about: "PostgreSQL", detail: "cannot be reached", fix: "correct DATABASE_URL",
		},
		"schema behind": {
			breaks: func(t *testing.T, c *clinic) {
				c.exec(t, "DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)")
			},
			about: "schema", detail: "this version of Lockstep needs", fix: "starter migrate",
		},
		"schema ahead": {
			breaks: func(t *testing.T, c *clinic) {
				c.exec(t, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)")
			},
			about: "schema", detail: "is at version 99999", fix: "newest version",
		},
		"no schema": {
			breaks: func(t *testing.T, c *clinic) { c.exec(t, "DROP TABLE goose_db_version") },
			about:  "schema", detail: "no tables", fix: "starter migrate",
		},
		"clock": {
			breaks: func(*testing.T, *clinic) {}, ahead: time.Minute,
			about: "clock of PostgreSQL", detail: "by 1m0s", fix: "NTP",
		},
		"Temporal down": {
			breaks: func(_ *testing.T, c *clinic) { c.env["TEMPORAL_ADDRESS"] = "127.0.0.1:1" },
			about:  "Temporal", detail: "cannot be reached", fix: "TEMPORAL_ADDRESS",
		},
		"no such namespace": {
			breaks: func(_ *testing.T, c *clinic) { c.env["TEMPORAL_NAMESPACE"] = "nowhere" },
			about:  "Temporal's namespace", detail: "nowhere", fix: "temporal operator namespace create --namespace nowhere",
		},
		"another keyset": {
			breaks: func(t *testing.T, c *clinic) {
				c.env["LOCKSTEP_KEYSET_FILE"] = filepath.Join(t.TempDir(), "keyset.json")
				require.NoError(t, secret.CreateKeyset(c.env["LOCKSTEP_KEYSET_FILE"]))
			},
			about: "keys", detail: "does not open the login of connection ", fix: "Set the keyset that sealed it",
		},
		"no keyset": {
			breaks: func(_ *testing.T, c *clinic) { c.env["LOCKSTEP_KEYSET_FILE"] = "/nowhere" },
			about:  "LOCKSTEP_KEYSET_FILE", detail: "cannot be used", fix: "Correct the setting",
		},
		"public URL": {
			breaks: func(_ *testing.T, c *clinic) {
				c.env["LOCKSTEP_PUBLIC_URL"] = "https://lockstep.invalid"
				c.app.RedirectURIs = []string{"https://lockstep.invalid/v1/oauth/callback"}
			},
			about: "public URL", detail: "does not answer", fix: "LOCKSTEP_PUBLIC_URL",
		},
		"public URL of something else": {
			breaks: func(_ *testing.T, c *clinic) { c.public.Config.Handler = http.NotFoundHandler() },
			about:  "public URL", detail: "404 Not Found", fix: "LOCKSTEP_PUBLIC_URL",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := opened(t)
			tc.breaks(t, c)
			wrong := c.examine(t, tc.ahead).wrong()
			require.Len(t, wrong, 1)
			require.Contains(t, wrong, tc.about)
			require.Contains(t, wrong[tc.about][0], tc.detail)
			require.Contains(t, wrong[tc.about][1], tc.fix)
		})
	}
}

// FEATURES: V14
func TestDoctorNamesTheSearchAttributesThatANamespaceLacks(t *testing.T) {
	t.Parallel()

	c := opened(t)
	c.env["TEMPORAL_NAMESPACE"] = "bare"
	at, err := sdk.Dial(sdk.Options{HostPort: c.env["TEMPORAL_ADDRESS"]})
	require.NoError(t, err)
	t.Cleanup(at.Close)
	_, err = at.WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: "bare", WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	require.NoError(t, err)

	var wrong map[string][2]string
	require.Eventually(t, func() bool { // the server takes a moment to hear of it
		wrong = c.examine(t, 0).wrong()
		return wrong["Temporal's namespace"][0] == ""
	}, time.Minute, 100*time.Millisecond)
	require.Len(t, wrong, 1)
	require.Contains(t, wrong["search attributes"][0], flow.AttrOutcome)
	require.Contains(t, wrong["search attributes"][1], "--namespace bare")
}

// An app that is set up as the README says may ask for what Lockstep asks for.
//
// FEATURES: A06
func TestReadmeNamesEveryScopeThatIsAskedFor(t *testing.T) {
	t.Parallel()

	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	for _, factory := range all.Factories() {
		_, section, found := strings.Cut(string(readme), "\n## A real "+factory.Label+"\n")
		require.True(t, found)
		section, _, _ = strings.Cut(section, "\n## ")
		require.NotEmpty(t, factory.OAuth.Scopes)
		for _, scope := range factory.OAuth.Scopes {
			require.Regexp(t, `[(\s\x60]`+regexp.QuoteMeta(scope)+`[)\s\x60]`, section)
		}
	}
}

// A grant that was made before Lockstep asked for a scope lacks it.
//
// FEATURES: A06, V14
func TestDoctorNamesTheScopesThatALoginLacks(t *testing.T) {
	t.Parallel()

	c := opened(t)
	require.NoError(t, c.vault(t).Update(t.Context(), c.workspace, c.connection, func(grant oauth.Grant) (oauth.Grant, error) {
		grant.Scopes = []string{"refresh_token", "id"}
		return grant, nil
	}))
	wrong := c.examine(t, 0).wrong()
	require.Len(t, wrong, 1)
	lacks := wrong["scopes of connection "+c.connection.String()]
	require.Equal(t, "its login lacks api", lacks[0])
	require.Equal(t, "Allow that in the settings of the app in Salesforce, then sign in again: `starter connect "+c.connection.String()+"`.", lacks[1])
}
