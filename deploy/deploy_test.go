// Package deploy_test holds what is under deploy to the service that it deploys:
// every setting it names is one that something reads, and every command, query,
// workflow and signal of the runbook exists. What Docker and Kubernetes have to
// say of the same files is asked in deploy/lint, a module of its own.
package deploy_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"lockstep/internal/config"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/store/storetest"
)

// texts returns what is deployed, and said about it, by path: all of this
// directory but modules of their own and Go.
func texts(t *testing.T) map[string]string {
	t.Helper()

	out := make(map[string]string)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if _, err := os.Stat(filepath.Join(path, "go.mod")); err == nil {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) == ".go" || entry.Name() == ".env" {
			return nil
		}
		data, err := os.ReadFile(path)
		out[path] = string(data)
		return err
	})
	require.NoError(t, err)
	for _, path := range []string{"RUNBOOK.md", "docker/Dockerfile", "compose/compose.yaml", "helm/lockstep/values.yaml"} {
		require.Contains(t, out, path)
	}
	return out
}

func runbook(t *testing.T) string {
	t.Helper()

	return texts(t)["RUNBOOK.md"]
}

// settings returns the names of what the worker and the API ask their
// environment for, and what the command line does.
func settings(t *testing.T) map[string]bool {
	t.Helper()

	asked := map[string]bool{"LOCKSTEP_API": true, "LOCKSTEP_API_KEY": true} // of starter
	getenv := func(name string) string {
		asked[name] = true
		return ""
	}
	_, err := config.LoadWorker(getenv)
	require.Error(t, err)
	_, err = config.LoadAPI(getenv)
	require.Error(t, err)
	require.Contains(t, asked, "LOCKSTEP_KEYSET")
	return asked
}

// TestEverySettingIsRead fails for a misspelt setting, which would do nothing and
// tell nobody.
func TestEverySettingIsRead(t *testing.T) {
	t.Parallel()

	read := settings(t)
	name := regexp.MustCompile(`\b(?:LOCKSTEP_[A-Z][A-Z_]*[A-Z]|DATABASE_URL)\b`)
	for path, text := range texts(t) {
		for _, found := range name.FindAllString(strings.ReplaceAll(text, "POSTGRES_LOCKSTEP_", ""), -1) {
			require.True(t, read[found], "%s names %s, which nothing reads", path, found)
		}
	}
}

// TestDeploymentsKnowEverySetting fails when a setting was added that neither the
// compose file nor the chart can set.
func TestDeploymentsKnowEverySetting(t *testing.T) {
	t.Parallel()

	// Of two ways to give the keyset they take one; a queue prefix is for tests;
	// HubSpot has one place to sign in.
	left := []string{"LOCKSTEP_KEYSET_FILE", "LOCKSTEP_QUEUE_PREFIX", "LOCKSTEP_HUBSPOT_LOGIN_URL", "LOCKSTEP_API", "LOCKSTEP_API_KEY"}
	all := texts(t)
	compose := all["compose/compose.yaml"]
	var chart strings.Builder
	for path, text := range all {
		if strings.HasPrefix(path, filepath.Join("helm", "lockstep", "templates")) {
			chart.WriteString(text)
		}
	}
	for name := range settings(t) {
		if !slices.Contains(left, name) {
			require.Contains(t, compose, name+":", "the compose file cannot set it")
			require.Contains(t, chart.String(), name, "the chart cannot set it")
		}
	}
}

func TestTemporalIsPreparedForTheWorkflows(t *testing.T) {
	t.Parallel()

	made := regexp.MustCompile(`for name in (.+); do`).FindStringSubmatch(texts(t)["compose/temporal/namespace.sh"])
	require.NotNil(t, made)
	require.Equal(t, []string{flow.AttrWorkspace, flow.AttrConnection, flow.AttrVendor, flow.AttrRun, flow.AttrOutcome}, strings.Fields(made[1]))
}

// TestRunbookNamesCommandsThatExist holds what follows `starter` in a code span or
// block to the lines of use in the program's source.
func TestRunbookNamesCommandsThatExist(t *testing.T) {
	t.Parallel()

	there := make(map[string]bool)
	use := regexp.MustCompile(`(?:Use:\s+|group\()"([a-z-]+)`)
	files, err := filepath.Glob("../starter/*.go")
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range use.FindAllStringSubmatch(string(source), -1) {
			there[match[1]] = true
		}
	}
	require.Contains(t, there, "status")

	named := make(map[string]bool)
	for _, match := range regexp.MustCompile("(?:`|run --rm |=… )starter ([a-z-]+)").FindAllStringSubmatch(runbook(t), -1) {
		named[match[1]] = true
	}
	require.Contains(t, named, "status")
	require.Contains(t, named, "migrate")
	for name := range named {
		require.True(t, there[name], "there is no `starter %s`", name)
	}
}

// TestRunbookNamesWhatTemporalHas holds signals, queues, workflow types and ids to
// the contract with running workflows.
func TestRunbookNamesWhatTemporalHas(t *testing.T) {
	t.Parallel()

	text := runbook(t)
	signals := []string{flow.SignalRetryFailed, flow.SignalSyncNow, flow.SignalResync, flow.SignalPause, flow.SignalResume}
	found := regexp.MustCompile(`workflow signal .*--name ([a-z-]+)`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, found)
	for _, match := range found {
		require.Contains(t, signals, match[1])
	}
	for _, signal := range signals {
		require.Contains(t, text, "`"+signal+"`")
	}

	queues := flow.QueuesFor("")
	found = regexp.MustCompile(`--task-queue ([a-z-]+)`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, found)
	for _, match := range found {
		require.Contains(t, []string{queues.Interactive, queues.Bulk}, match[1])
	}

	connection := uuid.New()
	for _, id := range []string{flow.ConnectionID(connection), flow.ImportID(connection), flow.RetryID(connection), flow.SyncID(connection)} {
		require.Contains(t, text, "`"+strings.ReplaceAll(id, connection.String(), "$connection")+"`")
	}
	require.Contains(t, text, "--schedule-id "+flow.ReconcileID(queues)+"\n")

	for _, name := range []string{flow.ConnectionName, flow.ImportName, flow.RetryFailedName, flow.SyncName, flow.TestContactName} {
		require.Contains(t, text, "'"+name+"'", "restoring must end every kind of workflow")
	}
}

// TestRunbookNamesProblemsAsTheyAreShown holds titles in italics, and problem codes
// in signals, to the registry.
func TestRunbookNamesProblemsAsTheyAreShown(t *testing.T) {
	t.Parallel()

	text := runbook(t)
	codes := make(map[string]string)
	for _, p := range lockstep.Problems() {
		codes[string(p.Code)] = p.Title
	}
	for _, match := range regexp.MustCompile(`"problem":"([a-z_]+)"`).FindAllStringSubmatch(text, -1) {
		require.Contains(t, codes, match[1])
	}
	titles := slices.Collect(maps.Values(codes))
	for _, title := range []string{"Authorisation lost", "Daily quota spent", "Rate limited", "Run cancelled", "Internal problem"} {
		require.Contains(t, titles, title)
		require.Contains(t, text, "*"+title+"*")
	}
}

// TestRunbookQueriesOnlyRead runs each query against a migrated database, in a
// transaction that can do nothing else.
func TestRunbookQueriesOnlyRead(t *testing.T) {
	t.Parallel()

	pool := storetest.New(t)
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(runbook(t), -1)
	require.GreaterOrEqual(t, len(blocks), 8)
	for _, block := range blocks {
		query := strings.ReplaceAll(block[1], ":'connection'", "'"+uuid.NewString()+"'")
		require.Equal(t, 1, strings.Count(query, ";"), query)
		err := pgx.BeginTxFunc(t.Context(), pool, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), query)
			return err
		})
		require.NoError(t, err, query)
	}
}

func TestRunbookLinksLeadSomewhere(t *testing.T) {
	t.Parallel()

	text := runbook(t)
	anchors := make(map[string]bool)
	for _, match := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(text, -1) {
		anchors[strings.ReplaceAll(strings.ToLower(match[1]), " ", "-")] = true
	}
	links := regexp.MustCompile(`\]\(#([a-z-]+)\)`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, links)
	for _, link := range links {
		require.True(t, anchors[link[1]], "#%s leads nowhere", link[1])
	}
}
