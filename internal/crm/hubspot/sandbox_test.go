package hubspot_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/oauth2"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/crm/crmtest"
	"lockstep/internal/crm/hubspot"
)

// The sandbox is a process, not a package: it may not share this adapter's
// mistakes, nor its memory.
var binary struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	_ = os.RemoveAll(binary.dir)
	os.Exit(code)
}

// build returns the path of the sandbox's program, built once for all tests.
func build(t *testing.T) string {
	t.Helper()

	binary.once.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "crmsim"); binary.err != nil { //nolint:usetesting // outlives the first test that needs it
			return
		}
		out, err := exec.Command("go", "build", "-o", binary.dir, "lockstep/internal/crmsim/cmd/crmsim").CombinedOutput() //nolint:noctx // shared by all tests, so no test's context
		if err != nil {
			binary.err = fmt.Errorf("building the sandbox: %w: %s", err, out)
		}
	})
	require.NoError(t, binary.err)
	return filepath.Join(binary.dir, "crmsim")
}

// sandbox is a running HubSpot sandbox, and the application registered with it.
type sandbox struct {
	Admin   string `json:"admin"`
	HubSpot string `json:"hubspot"`
}

const (
	clientID     = "lockstep-sandbox"
	clientSecret = "lockstep-sandbox-secret"
)

func start(t *testing.T, flags ...string) sandbox {
	t.Helper()

	program := build(t)
	cmd := exec.CommandContext(t.Context(), program, append([]string{"--admin", "127.0.0.1:0", "--hubspot", "127.0.0.1:0"}, flags...)...)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Wait() }) // killed by the test's context
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	require.NoError(t, err)
	var s sandbox
	require.NoError(t, json.Unmarshal(line, &s))
	return s
}

// admin calls the sandbox's administration.
func (s sandbox) admin(t *testing.T, method, path string, in, out any) {
	t.Helper()

	body, err := json.Marshal(in)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), method, s.Admin+"/_sim/hubspot/"+path, bytes.NewReader(body))
	require.NoError(t, err)
	resp, err := (&http.Client{}).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	require.Equal(t, 2, resp.StatusCode/100, path)
	if out != nil {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(out))
	}
}

// app is the application that is registered with the sandbox.
func (s sandbox) app() *oauth2.Config {
	endpoint := hubspot.Factory().OAuth.Endpoint
	return &oauth2.Config{
		ClientID:     clientID,
		ClientSecret: clientSecret,
		Endpoint: oauth2.Endpoint{
			AuthURL:   s.HubSpot + path(endpoint.AuthURL),
			TokenURL:  s.HubSpot + path(endpoint.TokenURL),
			AuthStyle: endpoint.AuthStyle,
		},
		RedirectURL: "http://127.0.0.1:9/callback",
		Scopes:      hubspot.Factory().OAuth.Scopes,
	}
}

func path(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		panic(err)
	}
	return u.Path
}

var hidden = regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`)

// authorize goes through the consent page as a browser would.
func (s sandbox) authorize(t *testing.T) *oauth2.Token {
	t.Helper()

	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.app().AuthCodeURL("state"), http.NoBody)
	require.NoError(t, err)
	resp, err := browser.Do(req)
	require.NoError(t, err)
	page, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	form := url.Values{"approve": {"1"}}
	for _, m := range hidden.FindAllSubmatch(page, -1) {
		form.Set(string(m[1]), string(m[2]))
	}
	req, err = http.NewRequestWithContext(t.Context(), http.MethodPost, s.app().Endpoint.AuthURL, bytes.NewReader([]byte(form.Encode())))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err = browser.Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	back, err := resp.Location()
	require.NoError(t, err)

	token, err := s.app().Exchange(t.Context(), back.Query().Get("code"))
	require.NoError(t, err)
	return token
}

// grant refreshes a token when it is refused.
type grant struct {
	app *oauth2.Config
	mu  sync.Mutex
	now *oauth2.Token
}

func (g *grant) Token(ctx context.Context, stale string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()

	if stale != "" && stale == g.now.AccessToken {
		newer, err := g.app.TokenSource(ctx, &oauth2.Token{RefreshToken: g.now.RefreshToken}).Token()
		if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.ErrorCode == "invalid_grant" {
			return "", &crm.Error{Kind: crm.KindUnauthorized, Op: "test.refresh"}
		}
		if err != nil {
			return "", err
		}
		g.now = newer
	}
	return g.now.AccessToken, nil
}

// connector connects to the sandbox.
func (s sandbox) connector(t *testing.T) (c crm.Connector, refreshToken string) {
	t.Helper()

	token := s.authorize(t)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	c, err := hubspot.Factory().Open(adapter.Deps{
		BaseURL:  s.HubSpot,
		LoginURL: s.HubSpot,
		Client:   adapter.Registration{ID: clientID, Secret: clientSecret},
		HTTP:     adapter.Client(transport, adapter.Chain{Tokens: &grant{app: s.app(), now: token}}),
	})
	require.NoError(t, err)
	return c, token.RefreshToken
}

func (s sandbox) seed(t *testing.T, object string, fields map[string]any) string {
	t.Helper()

	var made struct{ IDs []string }
	s.admin(t, http.MethodPost, "records", []any{map[string]any{"object": object, "fields": fields}}, &made)
	require.Len(t, made.IDs, 1)
	return made.IDs[0]
}

// record returns the fields of a record, as the sandbox itself has them.
func (s sandbox) record(t *testing.T, id string) map[string]any {
	t.Helper()
	_, fields := s.find(t, func(found string, _ map[string]any) bool { return found == id })
	return fields
}

// survivor returns the record that one has been merged into.
func (s sandbox) survivor(t *testing.T, of string) string {
	t.Helper()
	id, _ := s.find(t, func(_ string, fields map[string]any) bool {
		merged, _ := fields["hs_merged_object_ids"].(string)
		return slices.Contains(strings.Split(merged, ";"), of)
	})
	return id
}

// find returns the first of the sandbox's records that is wanted.
func (s sandbox) find(t *testing.T, wanted func(id string, fields map[string]any) bool) (string, map[string]any) {
	t.Helper()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Admin+"/_sim/hubspot/records", http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{}).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	for dec := json.NewDecoder(resp.Body); ; {
		var r struct {
			ID     string
			Fields map[string]any
		}
		require.NoError(t, dec.Decode(&r), "no such record")
		if wanted(r.ID, r.Fields) {
			return r.ID, r.Fields
		}
	}
}

const contacts = "contacts"

func harness(t *testing.T) crmtest.Harness {
	t.Helper()

	s := start(t)
	c, refreshToken := s.connector(t)
	return crmtest.Harness{
		Connector: c,
		Limits:    hubspot.Factory().Limits,
		Type:      contacts,
		Person: func(email string) map[string]any {
			return map[string]any{"lastname": "Lovelace", "email": email}
		},
		Title:        "jobtitle",
		Email:        "email",
		Refused:      map[string]any{"email": "badone"},
		RefreshToken: refreshToken,
		Seed:         func(t *testing.T, fields map[string]any) string { return s.seed(t, contacts, fields) },
		Record:       s.record,
		Delete: func(t *testing.T, id string) {
			s.admin(t, http.MethodDelete, "records/"+id, nil, nil)
		},
		Merge: func(t *testing.T, winner, loser string) string {
			s.admin(t, http.MethodPost, "merge", map[string]string{"winner": winner, "loser": loser}, nil)
			return s.survivor(t, winner) // a record of its own (crm/hubspot.md §4)
		},
		UniqueEmail:    true, // §3
		Anonymous:      true,
		AccessOutlives: true, // §1
		Revoke:         func(t *testing.T) { s.admin(t, http.MethodPost, "revoke", nil, nil) },
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()

	crmtest.Run(t, harness)
}

func TestFaultsOfAWrite(t *testing.T) {
	t.Parallel()

	for spec, want := range map[string]struct {
		call   crm.Kind // empty when the call succeeds
		record crm.Kind // of some record, when it does
	}{
		"cut-before": {call: crm.KindUnknown},
		"cut-after":  {call: crm.KindUnknown},
		"503":        {call: crm.KindUnknown},
		"429":        {call: crm.KindRateLimited},
		"429-after":  {call: crm.KindRateLimited},
		"whole-400":  {call: crm.KindInvalid},
		"lock":       {call: crm.KindConflict}, // 423 is of the call (crm/hubspot.md §8)
		"poison":     {record: crm.KindInvalid},
	} {
		t.Run(spec, func(t *testing.T) {
			t.Parallel()

			s := start(t)
			c, _ := s.connector(t)
			require.NoError(t, c.(crm.Schema).Provision(t.Context(), contacts))
			s.admin(t, http.MethodPost, "faults", map[string]string{"spec": spec + ":every=1"}, nil)

			outcomes, err := c.(crm.Writer).Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByExternalID, Writes: []crm.Write{
				{Ref: "a", ExternalID: "k.a", Fields: map[string]any{"lastname": "Byron"}},
				{Ref: "b", ExternalID: "k.b", Fields: map[string]any{"lastname": "Hopper"}},
			}})
			require.Equal(t, want.call, crm.KindOf(err))
			var refused []crm.Kind
			for _, o := range outcomes {
				if o.Err != nil {
					refused = append(refused, o.Err.Kind)
				}
			}
			require.Equal(t, want.record != "", len(refused) > 0)
			for _, kind := range refused {
				require.Equal(t, want.record, kind)
			}
		})
	}
}

func TestExpiredTokenIsReplacedOnTheWay(t *testing.T) {
	t.Parallel()

	s := start(t)
	c, _ := s.connector(t)
	require.NoError(t, c.(crm.Schema).Provision(t.Context(), contacts))
	s.admin(t, http.MethodPost, "faults", map[string]string{"spec": "expire:every=2"}, nil)
	for i := range 6 {
		outcomes, err := c.(crm.Writer).Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByExternalID, Writes: []crm.Write{
			{Ref: "a", ExternalID: fmt.Sprintf("k.%d", i), Fields: map[string]any{"lastname": "Byron"}},
		}})
		require.NoError(t, err)
		require.Equal(t, crm.Created, outcomes[0].Effect)
	}
	var stats struct{ Statuses map[string]int }
	s.admin(t, http.MethodGet, "stats", nil, &stats)
	require.Positive(t, stats.Statuses["401"])
}

func TestSpentDayIsAQuota(t *testing.T) {
	t.Parallel()

	c, _ := start(t, "--daily", "3").connector(t)
	var err error
	for range 4 {
		err = c.Check(t.Context())
	}
	require.Equal(t, crm.KindQuota, crm.KindOf(err))
}
