package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	sqliteschema "go.temporal.io/server/schema/sqlite"
)

const queue = "test"

// TestMain is the program itself when its first argument says so: the tests look
// at processes, as its users do.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "serve" {
		os.Args = append(os.Args[:1], os.Args[2:]...)
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// program is a running child.
type program struct {
	where

	cmd *exec.Cmd
}

func launch(t *testing.T, args ...string) program {
	t.Helper()

	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"serve"}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })

	p := program{cmd: cmd}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(line, &p.where))
	return p
}

func (p program) end(t *testing.T, s syscall.Signal) {
	t.Helper()

	require.NoError(t, p.cmd.Process.Signal(s))
	err := p.cmd.Wait()
	if s != syscall.SIGKILL {
		require.NoError(t, err)
	}
}

func (p program) dial(t *testing.T) client.Client {
	t.Helper()

	c, err := client.DialContext(t.Context(), client.Options{
		HostPort: p.Address,
		Logger:   log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// refused runs the program and returns what it says when it does not start.
func refused(t *testing.T, args ...string) string {
	t.Helper()

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], append([]string{"serve"}, args...)...)
	said, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 1, exit.ExitCode())
	return string(said)
}

func anyPort(more ...string) []string {
	return append([]string{"--address", "127.0.0.1:0", "--ui", "127.0.0.1:0"}, more...)
}

func TestRunsWorkflowsWithSearchAttributes(t *testing.T) {
	t.Parallel()

	c := launch(t, anyPort()...).dial(t)
	w := worker.New(c, queue, worker.Options{})
	w.RegisterWorkflowWithOptions(func(workflow.Context) (string, error) { return "done", nil },
		workflow.RegisterOptions{Name: "hello"})
	require.NoError(t, w.Start())
	defer w.Stop()

	var attributes []temporal.SearchAttributeUpdate
	for name := range searchAttributes() {
		attributes = append(attributes, temporal.NewSearchAttributeKeyKeyword(name).ValueSet("value of "+name))
	}
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		ID:                    "hello/1",
		TaskQueue:             queue,
		TypedSearchAttributes: temporal.NewSearchAttributes(attributes...),
	}, "hello")
	require.NoError(t, err)
	var got string
	require.NoError(t, run.Get(t.Context(), &got))
	require.Equal(t, "done", got)

	for name := range searchAttributes() {
		require.Eventually(t, func() bool {
			list, err := c.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
				Query: name + " = 'value of " + name + "'",
			})
			return err == nil && len(list.GetExecutions()) == 1
		}, 10*time.Second, 20*time.Millisecond)
	}
}

func TestWebUIAnswers(t *testing.T) {
	t.Parallel()

	p := launch(t, anyPort("--namespace", "other")...)
	for path, want := range map[string]string{
		"/":                           "<html",
		"/api/v1/namespaces/other":    `"name": "other"`,
		"/namespaces/other/workflows": "<html",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.UI+path, http.NoBody)
		require.NoError(t, err)
		resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, http.StatusOK, resp.StatusCode, path)
		require.Contains(t, string(body), want, path)
	}
}

func TestKeepsRunsThroughItsEnd(t *testing.T) {
	t.Parallel()

	for name, signal := range map[string]syscall.Signal{
		"asked": syscall.SIGTERM, "interrupted": syscall.SIGINT, "killed": syscall.SIGKILL,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			// The name holds what a URL gives a meaning.
			db := filepath.Join(t.TempDir(), "a b?c%41#", "temporal.db")
			p := launch(t, anyPort("--db", db)...)
			run, err := p.dial(t).ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
				ID: "waiting/1", TaskQueue: queue,
			}, "nobody runs this")
			require.NoError(t, err)
			p.end(t, signal)
			require.FileExists(t, db)

			again := launch(t, "--db", db, "--address", p.Address, "--ui", strings.TrimPrefix(p.UI, "http://"))
			require.Equal(t, p.where, again.where)
			got, err := again.dial(t).DescribeWorkflowExecution(t.Context(), "waiting/1", "")
			require.NoError(t, err)
			require.Equal(t, run.GetRunID(), got.GetWorkflowExecutionInfo().GetExecution().GetRunId())
		})
	}
}

func TestOneProcessPerFile(t *testing.T) {
	t.Parallel()

	db := filepath.Join(t.TempDir(), "temporal.db")
	p := launch(t, anyPort("--db", db)...)
	for range 3 { // as long as it lives
		require.Contains(t, refused(t, anyPort("--db", db)...), "is in use by another temporal process")
	}
	p.end(t, syscall.SIGKILL)
	launch(t, anyPort("--db", db)...)
}

func TestRefusesFilesOfOtherVersions(t *testing.T) {
	t.Parallel()

	db := filepath.Join(t.TempDir(), "temporal.db")
	launch(t, anyPort("--db", db)...).end(t, syscall.SIGTERM)

	require.NoError(t, os.WriteFile(db+".version", []byte("1.31.0\n"), 0o600))
	said := refused(t, anyPort("--db", db)...)
	require.Contains(t, said, "belongs to Temporal server 1.31.0 and this is 1.32.1")
	require.Contains(t, said, "deleting "+db)

	require.NoError(t, os.Remove(db+".version"))
	require.Contains(t, refused(t, anyPort("--db", db)...), "was not made by this program")
}

func TestStartsOverWhatWasNeverFinished(t *testing.T) {
	t.Parallel()

	db := filepath.Join(t.TempDir(), "temporal.db")
	require.NoError(t, os.WriteFile(db, []byte("half a database"), 0o600))
	require.NoError(t, os.WriteFile(db+".version", []byte(unfinished+"\n"), 0o600))
	launch(t, anyPort("--db", db)...)
}

func TestAddsSearchAttributesThatAnOlderFileLacks(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "temporal.db")
	db, err := open(path)
	require.NoError(t, err)
	ns, err := sqliteschema.NewNamespaceConfig(clusterName, "default", false, nil)
	require.NoError(t, err)
	require.NoError(t, sqliteschema.CreateNamespaces(db.sql, ns))
	require.NoError(t, db.lock.Close())

	c := launch(t, anyPort("--db", path)...).dial(t)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
		TaskQueue: queue,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword("LockstepRun").ValueSet("1")),
	}, "nobody runs this")
	require.NoError(t, err)
}

// TestWorkspacesTakeTurns fails when fairness is off, or when a queue has more
// than one partition.
func TestWorkspacesTakeTurns(t *testing.T) {
	t.Parallel()

	const big, small = 40, 4
	c := launch(t, anyPort()...).dial(t)
	decide := worker.New(c, queue, worker.Options{LocalActivityWorkerOnly: true})
	decide.RegisterWorkflowWithOptions(func(ctx workflow.Context) error {
		var all []workflow.Future
		for n := range big + small {
			key := "big"
			if n >= big {
				key = "small"
			}
			ctx := workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
				StartToCloseTimeout: time.Minute,
				Priority:            temporal.Priority{FairnessKey: key},
			})
			all = append(all, workflow.ExecuteActivity(ctx, "work", key))
		}
		for _, f := range all {
			if err := f.Get(ctx, nil); err != nil {
				return err
			}
		}
		return nil
	}, workflow.RegisterOptions{Name: "fair"})
	require.NoError(t, decide.Start())
	defer decide.Stop()
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{TaskQueue: queue}, "fair")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		got, err := c.DescribeWorkflowExecution(t.Context(), run.GetID(), "")
		return err == nil && len(got.GetPendingActivities()) == big+small
	}, 10*time.Second, 20*time.Millisecond)

	var mu sync.Mutex
	var order []string
	do := worker.New(c, queue, worker.Options{DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: 1})
	do.RegisterActivityWithOptions(func(key string) error {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, key)
		return nil
	}, activity.RegisterOptions{Name: "work"})
	require.NoError(t, do.Start())
	defer do.Stop()
	require.NoError(t, run.Get(t.Context(), nil))

	last := 0
	for n, key := range order {
		if key == "small" {
			last = n
		}
	}
	require.Less(t, last, big/2, "%v", order)
}

func TestRefusesWhatOthersCouldReach(t *testing.T) {
	t.Parallel()

	for _, args := range [][]string{
		{"--address", "0.0.0.0:0"},
		{"--address", "127.0.0.1:0", "--ui", "[::]:0"},
		{"--address", "192.0.2.1:7233"},
		{"--address", ":7233"},
		{"--address", "example.com:7233"},
	} {
		s, err := parse(args, io.Discard)
		require.NoError(t, err)
		_, err = choosePorts(s)
		require.Error(t, err, "%v", args)
	}
}

func TestNamesTheTakenPort(t *testing.T) {
	t.Parallel()

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	taken := l.Addr().String()
	require.Contains(t, refused(t, "--address", taken, "--ui", "127.0.0.1:0"), taken+" is taken by another process")
}
