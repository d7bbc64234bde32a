package deploy_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.yaml.in/yaml/v3"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
	"lockstep/internal/obs"
	"lockstep/internal/secret"
	"lockstep/internal/stack"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// rule is an alert.
type rule struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func rules(t *testing.T) []rule {
	t.Helper()

	source, err := os.ReadFile("alerts/lockstep.yaml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []rule `yaml:"rules"`
		} `yaml:"groups"`
	}
	require.NoError(t, yaml.Unmarshal(source, &file))
	var out []rule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	require.NotEmpty(t, out)
	return out
}

// queries returns what the dashboard asks, by the titles of its panels.
func queries(t *testing.T) map[string]string {
	t.Helper()

	source, err := os.ReadFile("grafana/lockstep.json")
	require.NoError(t, err)
	var board struct {
		Panels []struct {
			ID      int    `json:"id"`
			Type    string `json:"type"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	require.NoError(t, json.Unmarshal(source, &board))
	out := make(map[string]string)
	ids := make(map[int]bool)
	for _, p := range board.Panels {
		require.False(t, ids[p.ID], "two panels have the id %d", p.ID)
		ids[p.ID] = true
		require.Equal(t, p.Type == "row", len(p.Targets) == 0, p.Title)
		for _, target := range p.Targets {
			out[p.Title] += target.Expr + "\n"
		}
	}
	require.NotEmpty(t, out)
	return out
}

// asked is a metric, or the part of one, that a query names, and the labels that
// it asks of it.
var asked = regexp.MustCompile(`\b((?:lockstep|temporal|http|pgxpool|db|process|go)_[a-z0-9_]+)\b(?:\{([^}]*)\})?`)

// clauses are what names labels and not metrics.
var clauses = regexp.MustCompile(`\b(?:by|on|without|ignoring)\s*\(([^)]*)\)`)

// named returns the metrics that a query names, with the labels that it asks of
// each.
func named(t *testing.T, query string) map[string][]string {
	t.Helper()

	out := make(map[string][]string)
	label := regexp.MustCompile(`([a-z_]+)\s*(?:=~|!~|!=|=)`)
	for _, m := range asked.FindAllStringSubmatch(clauses.ReplaceAllString(query, ""), -1) {
		out[m[1]] = append(out[m[1]], "")
		for _, l := range label.FindAllStringSubmatch(m[2], -1) {
			out[m[1]] = append(out[m[1]], l[1])
		}
	}
	require.NotEmpty(t, out, "%q names no metric of ours", query)
	return out
}

// exported keeps what processes told, by metric: the labels that it was told with.
type exported map[string]map[string]bool

// read adds what one process tells now.
func (e exported) read(t *testing.T, address string) {
	t.Helper()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
	require.NoError(t, err)
	resp, err := new(http.Client).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	label := regexp.MustCompile(`([a-z_]+)="`)
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), "{")
		name, _, _ = strings.Cut(name, " ")
		if e[name] == nil {
			e[name] = map[string]bool{"": true}
		}
		for _, m := range label.FindAllStringSubmatch(rest, -1) {
			e[name][m[1]] = true
		}
	}
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(t, err)
}

// missing returns the metrics and labels of queries that nobody has told.
func (e exported) missing(t *testing.T, queries map[string]string) []string {
	t.Helper()

	var out []string
	for where, query := range queries {
		for metric, labels := range named(t, query) {
			for _, label := range labels {
				if !e[metric][label] {
					out = append(out, where+": "+metric+"{"+label+"}")
				}
			}
		}
	}
	return out
}

// TestEveryMetricThatIsAskedForIsExported starts a worker and an API, with some of
// everything in the database, and holds alerts and dashboard to what they serve.
func TestEveryMetricThatIsAskedForIsExported(t *testing.T) {
	t.Parallel()

	wanted := queries(t)
	for _, r := range rules(t) {
		wanted[r.Alert] = r.Expr
	}
	seen := make(exported)

	// Calls to a CRM need one: that they are measured so is what these two do, here
	// as in the worker.
	own, err := obs.Start(t.Context(), obs.Config{Process: "test", Address: "127.0.0.1:0"}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { own.Close(t.Context()) })
	calls, err := own.Calls()
	require.NoError(t, err)
	calls.Call(t.Context(), "salesforce.write", http.StatusOK, time.Second)
	waits, err := own.Waits()
	require.NoError(t, err)
	waits.Waited(t.Context(), "salesforce", 1, time.Second, obs.Granted)
	seen.read(t, own.Address())

	worker, api := processes(t)
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		seen.read(t, worker)
		seen.read(t, api)
		missing := seen.missing(t, wanted)
		if len(missing) == 0 {
			return
		}
		select {
		case <-ticker.C: // tasks are measured when they have been done
		case <-deadline.C:
			t.Fatalf("nobody tells %s", strings.Join(missing, "\n"))
		}
	}
}

// processes starts a worker and an API and returns where they serve metrics.
func processes(t *testing.T) (worker, api string) {
	t.Helper()

	dir, database := t.TempDir(), storetest.URL(t)
	backlog(t, database)
	program := func(name string) string {
		path, err := filepath.Abs(filepath.Join("..", "bin", name)) // as `make build` leaves it
		require.NoError(t, err)
		return path
	}
	temporal, err := stack.StartTemporal(t.Context(), stack.TemporalConfig{Bin: program("temporal"), Log: filepath.Join(dir, "temporal.log")})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, temporal.Kill()) })
	keyset, err := secret.NewKeyset()
	require.NoError(t, err)
	service := func(name string) stack.ServiceConfig {
		return stack.ServiceConfig{Name: name, Bin: program(name), Log: filepath.Join(dir, name+".log"), Env: []string{
			"DATABASE_URL=" + database, "TEMPORAL_ADDRESS=" + temporal.Address, "TEMPORAL_NAMESPACE=" + temporal.Namespace,
			"LOCKSTEP_KEYSET=" + base64.StdEncoding.EncodeToString(keyset), "LOCKSTEP_METRICS_ADDRESS=127.0.0.1:0",
		}}
	}
	w, err := stack.StartWorker(t.Context(), service("worker"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.Kill()) })
	a, err := stack.StartAPI(t.Context(), service("api"), 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Kill()) })

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL+"/healthz", nil)
	require.NoError(t, err)
	resp, err := new(http.Client).Do(req)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())

	at := func(name string) string {
		log, err := os.ReadFile(filepath.Join(dir, name+".log"))
		require.NoError(t, err)
		m := regexp.MustCompile(`"serving metrics","address":"([^"]+)"`).FindSubmatch(log)
		require.NotNil(t, m, "%s does not say where it serves metrics:\n%s", name, log)
		return string(m[1])
	}
	return at("worker"), at("api")
}

// backlog leaves a live connection with an import that a person has paused, and
// an account that is parked.
func backlog(t *testing.T, database string) {
	t.Helper()

	ctx := t.Context()
	pool := storetest.Open(t, database)
	s := store.New(pool)
	w, err := lockstep.NewWorkspace("Test")
	require.NoError(t, err)
	key, text, err := lockstep.NewAPIKey(w.ID, "first", lockstep.RoleAdmin)
	require.NoError(t, err)
	require.NoError(t, s.CreateWorkspace(ctx, w, key, text))
	id := uuid.Must(uuid.NewV7())
	require.NoError(t, s.CreateConnection(ctx, lockstep.Connection{ID: id, WorkspaceID: w.ID, Vendor: crm.Salesforce, Targets: map[crm.Object]string{}}))
	require.NoError(t, s.Authorize(ctx, w.ID, id, 1, crm.Account{ID: "00D", Environment: crm.Production}, "https://x.my.salesforce.com", []byte("sealed")))
	require.NoError(t, s.PutMapping(ctx, w.ID, id, lockstep.Mapping{Object: crm.Contact, Type: "Contact", Version: 1}))
	require.NoError(t, s.SetStatus(ctx, w.ID, id, lockstep.StatusReady, ""))
	require.NoError(t, s.ChooseStartingPoint(ctx, w.ID, id, lockstep.StartImport, nil))
	_, _, err = s.UpsertRecords(ctx, w.ID, crm.Contact, []lockstep.Record{{ID: uuid.Must(uuid.NewV7()), ExternalID: "1", Fields: map[string]any{"last_name": "Ada"}}})
	require.NoError(t, err)
	run, err := s.BeginRun(ctx, lockstep.Run{
		ID: uuid.Must(uuid.NewV7()), WorkspaceID: w.ID, ConnectionID: id, Kind: lockstep.RunImport, LinkUp: lockstep.LinkUpNone,
	}, crm.Contact, false)
	require.NoError(t, err)
	require.NoError(t, s.SetRunState(ctx, w.ID, run.ID, lockstep.RunPaused, "", nil)) // or the worker would go on with it
	require.NoError(t, s.ParkAccount(ctx, store.AccountPark{Vendor: crm.Salesforce, AccountID: "00D", Spent: true, Rest: time.Hour}))
}

func TestMisspeltMetricIsFound(t *testing.T) {
	t.Parallel()

	seen := exported{"lockstep_connections": {"": true, "vendor": true}}
	require.Empty(t, seen.missing(t, map[string]string{"good": `max by (lockstep_no) (lockstep_connections{vendor="x"}) > 0`}))
	require.Len(t, seen.missing(t, map[string]string{"metric": `lockstep_conections > 0`}), 1)
	require.Len(t, seen.missing(t, map[string]string{"label": `lockstep_connections{vender=~"x"} > 0`}), 1)
}

// TestAlertsLeadToTheRunbook holds each alert to a page that is there, and to what
// whoever is woken by it needs.
func TestAlertsLeadToTheRunbook(t *testing.T) {
	t.Parallel()

	pages := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(runbook(t), -1) {
		pages["RUNBOOK.md#"+strings.ReplaceAll(strings.ToLower(match[1]), " ", "-")] = true
	}
	names := make(map[string]bool)
	for _, r := range rules(t) {
		require.False(t, names[r.Alert], "%s is there twice", r.Alert)
		names[r.Alert] = true
		require.True(t, pages[r.Annotations["runbook"]], "%s leads to %s", r.Alert, r.Annotations["runbook"])
		require.NotEmpty(t, r.Annotations["summary"], r.Alert)
		require.NotEmpty(t, r.Annotations["description"], r.Alert)
		require.Contains(t, []string{"warning", "critical"}, r.Labels["severity"], r.Alert)
		_, err := time.ParseDuration(r.For)
		require.NoError(t, err, r.Alert)
	}
	for _, name := range []string{
		"LockstepWorkerDown", "LockstepNoSync", "LockstepPendingTooLong", "LockstepConnectionUnauthorized", "LockstepAccountParked",
		"LockstepAPIFailing", "LockstepDatabasePoolExhausted",
	} {
		require.Contains(t, names, name)
	}
}
