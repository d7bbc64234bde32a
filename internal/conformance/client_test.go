package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// result is what both of Salesforce's clients answer of one record.
type result struct {
	ID      string
	Success bool
	Created bool
	Errors  []struct{ StatusCode string }
}

// effects returns which of results succeeded and which were creations.
func effects(results []result) (succeeded, created []bool) {
	for _, r := range results {
		succeeded, created = append(succeeded, r.Success), append(created, r.Created)
	}
	return succeeded, created
}

// run runs a program against the sandbox and decodes what it prints.
func (s *stage) run(t *testing.T, out any, environment []string, name string, args ...string) {
	t.Helper()

	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), //nolint:forbidigo // the client is a program of its own
		"LOGIN_URL=" + s.url, "CLIENT_ID=" + clientID, "CLIENT_SECRET=" + clientSecret, "REDIRECT_URI=" + callback,
		"EXTERNAL_ID=" + s.factory.ExternalIDField,
	}, environment...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	printed, err := cmd.Output()
	require.NoError(t, err, complaint.String())
	require.NoError(t, json.Unmarshal(printed, out), string(printed))
}

// script runs one of the scripts in npm/ with the packages that
// LOCKSTEP_NODE_MODULES names.
func (s *stage) script(t *testing.T, out any, name string) {
	t.Helper()

	modules := os.Getenv("LOCKSTEP_NODE_MODULES") //nolint:forbidigo // a test has no main to read it
	require.DirExists(t, modules, "LOCKSTEP_NODE_MODULES names no packages: `make conformance` installs them")
	s.run(t, out, []string{"NODE_PATH=" + modules, "CODE=" + s.code(t)}, "node", filepath.Join("npm", name))
}

// records returns what the sandbox has of a type, by the adapter's external id.
func (s *stage) records(t *testing.T, typ string) map[string]object {
	t.Helper()

	all := make(map[string]object)
	for line := range strings.Lines(string(s.order(t, http.MethodGet, "/records?object="+typ, nil).answer)) {
		var r struct {
			ExternalID string `json:"external_id"`
			Deleted    bool
			Fields     object
		}
		require.NoError(t, json.Unmarshal([]byte(line), &r))
		if r.ExternalID != "" {
			r.Fields["deleted"] = r.Deleted
			all[r.ExternalID] = r.Fields
		}
	}
	return all
}

const abilities = "abilities of established clients seen to work: connect, describe, upsert, query or search, partial failure"

func hubspotClients(t *testing.T, b *bench) {
	t.Helper()

	t.Run("@hubspot/api-client", func(t *testing.T) {
		t.Parallel()

		type brief struct {
			ID, Email, Traced string
			New               bool
		}
		var got struct {
			Hub        int
			Property   string
			Properties []string
			Owners     int
			Pipelines  []string
			Created    []brief
			Updated    []brief
			Failed     struct {
				Results []brief
				Errors  []struct {
					Category string
					Context  map[string][]string
				}
				Count int
			}
			Read struct{ Results []brief }
			Page struct {
				Size  int
				After string
			}
			Found   []brief
			Refused struct {
				Status   int
				Category string
			}
			Lifetime int
		}
		s := open(t, crm.HubSpot, nil)
		s.script(t, &got, "hubspot.cjs")

		require.Equal(t, 44237313, got.Hub)
		require.Contains(t, got.Properties, s.factory.ExternalIDField)
		require.Contains(t, got.Properties, "email")
		require.NotZero(t, got.Owners)
		require.NotEmpty(t, got.Pipelines)
		require.Len(t, got.Created, 3)
		ids := make(map[string]string)
		for _, r := range got.Created {
			require.True(t, r.New)
			ids[r.Traced] = r.ID
		}
		require.Len(t, got.Updated, 3)
		for _, r := range got.Updated {
			require.False(t, r.New)
			require.Equal(t, ids[r.Traced], r.ID)
		}
		require.Len(t, got.Failed.Results, 1)
		require.Len(t, got.Failed.Errors, 1)
		require.Equal(t, 1, got.Failed.Count)
		require.Equal(t, "CONFLICT", got.Failed.Errors[0].Category)
		require.Equal(t, []string{"taken"}, got.Failed.Errors[0].Context["objectWriteTraceId"])
		require.Len(t, got.Read.Results, 1)
		require.Equal(t, "js1@example.com", got.Read.Results[0].Email)
		require.Equal(t, 2, got.Page.Size)
		require.NotEmpty(t, got.Page.After)
		require.Len(t, got.Found, 1)
		require.Equal(t, "js2@example.com", got.Found[0].Email)
		require.Equal(t, http.StatusConflict, got.Refused.Status)
		require.Equal(t, "CONFLICT", got.Refused.Category)
		require.Equal(t, 1800, got.Lifetime)
		require.Len(t, s.records(t, "contacts"), 3)
		b.report.count("HubSpot clients", abilities, 5)
	})
}

func salesforceClients(t *testing.T, b *bench) {
	t.Helper()

	t.Run("jsforce", func(t *testing.T) {
		t.Parallel()

		var got struct {
			User                     struct{ ID, OrganizationID string }
			Organization, Title      string
			Objects, Fields, Found   []string
			Created, Updated, Failed []result
			Changed                  result
			Removed                  []result
			Refused                  struct{ Code string }
			Renewed, Counted         int
			Usage                    struct{ APIUsage struct{ Used, Limit int } }
		}
		s := open(t, crm.Salesforce, nil)
		s.forceProvision(t)
		s.script(t, &got, "jsforce.cjs")

		organization, user := s.identity()
		require.Equal(t, user, got.User.ID)
		require.Equal(t, organization, got.Organization)
		require.Subset(t, got.Objects, []string{"Account", "Contact", "Lead"})
		require.Contains(t, got.Fields, forceMarker)
		sameThree(t, got.Created, got.Updated)
		_, made := effects(append(got.Created, got.Updated...))
		require.Equal(t, []bool{true, true, true, false, false, false}, made)
		succeeded, _ := effects(got.Failed)
		require.Equal(t, []bool{true, false, false}, succeeded)
		require.Equal(t, "REQUIRED_FIELD_MISSING", got.Failed[1].Errors[0].StatusCode)
		require.Equal(t, "INVALID_EMAIL_ADDRESS", got.Failed[2].Errors[0].StatusCode)
		require.True(t, got.Changed.Success)
		require.Equal(t, "Countess", got.Title)
		require.Equal(t, []string{"js1@example.com", "js2@example.com", "js3@example.com"}, got.Found)
		require.Equal(t, "INVALID_FIELD", got.Refused.Code)
		require.Equal(t, 1, got.Renewed)
		require.Equal(t, 4, got.Counted)
		require.Positive(t, got.Usage.APIUsage.Limit)
		require.True(t, s.records(t, "Contact")["js.1"]["deleted"].(bool))
		b.report.count("Salesforce clients", abilities, 5)
	})
	t.Run("go-salesforce", func(t *testing.T) {
		t.Parallel()

		var got struct {
			Fields                   []string
			Created, Updated         []result
			Failed, Changed, Removed struct{ Results []result }
			Found                    []struct{ LastName, Email string }
			Refused                  bool
		}
		s := open(t, crm.Salesforce, nil)
		s.forceProvision(t)
		s.run(t, &got, []string{"ACCESS_TOKEN=" + s.grant.Access}, built(t, "gosalesforce"))

		require.Contains(t, got.Fields, forceMarker)
		sameThree(t, got.Created, got.Updated) // this client does not tell which were creations
		succeeded, _ := effects(got.Failed.Results)
		require.Equal(t, []bool{true, false}, succeeded)
		require.Equal(t, "INVALID_EMAIL_ADDRESS", got.Failed.Results[1].Errors[0].StatusCode)
		require.Len(t, got.Found, 3)
		require.Equal(t, "go3@example.com", got.Found[2].Email)
		require.True(t, got.Refused)
		kept := s.records(t, "Contact")
		require.Equal(t, "Countess", kept["go.1"]["LastName"])
		require.True(t, kept["go.3"]["deleted"].(bool))
		b.report.count("Salesforce clients", abilities, 5)
	})
}

// sameThree holds two upserts of the same three records: all succeed, and the
// second is about the records of the first.
func sameThree(t *testing.T, first, second []result) {
	t.Helper()

	for _, results := range [][]result{first, second} {
		succeeded, _ := effects(results)
		require.Equal(t, []bool{true, true, true}, succeeded)
	}
	for i := range first {
		require.Equal(t, first[i].ID, second[i].ID)
	}
}

// built builds the program of a module below this directory.
func built(t *testing.T, module string) string {
	t.Helper()

	program := filepath.Join(t.TempDir(), module)
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	cmd.Dir = module
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, string(said))
	return program
}
