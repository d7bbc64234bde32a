package stack

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// config returns a stack of a real PostgreSQL and the programs of
// programs_test.go.
func config(t *testing.T) Config {
	t.Helper()

	self, err := filepath.Abs(os.Args[0])
	require.NoError(t, err)
	bin := t.TempDir()
	for _, name := range []string{"worker", "api", "crmsim", "temporal"} {
		require.NoError(t, os.Symlink(self, filepath.Join(bin, name)))
	}
	return Config{Dir: filepath.Join(t.TempDir(), "state"), Bin: bin}
}

func up(t *testing.T, cfg Config) *Stack {
	t.Helper()

	s, err := Up(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop(context.WithoutCancel(t.Context())) })
	return s
}

// told returns what a program of programs_test.go answers.
func told(t *testing.T, url string) string {
	t.Helper()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func TestUpTellsEachWhereTheOthersAre(t *testing.T) {
	t.Parallel()

	cfg := config(t)
	cfg.Workers, cfg.Namespace = 2, "mine"
	cfg.Sandbox = SandboxConfig{Latency: 100 * time.Millisecond, Rate: "190/10s", Faults: []string{"503:every=50", "slow"}}
	var order []string
	cfg.Starting = func(name string) { order = append(order, name) }
	cfg.Migrate = func(ctx context.Context, url string) error {
		order = append(order, "migrate")
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(ctx) //nolint:errcheck // of no use any more
		_, err = conn.Exec(ctx, "CREATE TABLE migrated (n int)")
		return err
	}
	cfg.Env = func(at Addresses) []string { return []string{"LOCKSTEP_SANDBOX=" + at.Sandbox["salesforce"]} }
	s := up(t, cfg)

	require.Equal(t, []string{"postgres", "temporal", "crmsim", "migrate", "worker-1", "worker-2", "api"}, order)
	require.Equal(t, []string{"postgres", "temporal", "crmsim", "worker-1", "worker-2", "api"}, s.Names())

	at := s.Addresses()
	require.Equal(t, []string{
		"DATABASE_URL=" + at.DatabaseURL,
		"TEMPORAL_ADDRESS=" + at.Temporal,
		"TEMPORAL_NAMESPACE=mine",
		"LOCKSTEP_SANDBOX=http://127.0.0.1:9",
		"LOCKSTEP_ADDRESS=127.0.0.1:0",
	}, strings.Split(told(t, at.API), "\n"))
	require.Equal(t, "--latency\n100ms\n--rate\n190/10s\n--fault\n503:every=50\n--fault\nslow", told(t, at.SandboxAdmin))
	require.Contains(t, told(t, at.TemporalUI), filepath.Join(cfg.Dir, "temporal", "temporal.db"))
	require.Equal(t, map[string]string{"salesforce": "http://127.0.0.1:9"}, at.Sandbox)
	connect(t, at.DatabaseURL)
}

func TestAddressesStayOverRestarts(t *testing.T) {
	t.Parallel()

	s := up(t, config(t))
	for _, name := range s.Names() {
		p, err := s.Process(name)
		require.NoError(t, err)
		require.NoError(t, p.Kill())
		require.NoError(t, p.Restart(t.Context()))
	}
	at := s.Addresses()
	connect(t, at.DatabaseURL)
	for _, url := range []string{at.TemporalUI, at.SandboxAdmin, at.API} {
		require.NoError(t, answers(t.Context(), url))
	}
	_, err := s.Process("nobody")
	require.ErrorContains(t, err, `no process "nobody"`)
}

func TestTakenPortsMoveAndAreTold(t *testing.T) {
	t.Parallel()

	var taken [5]int
	for i := range taken {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the test
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		taken[i] = l.Addr().(*net.TCPAddr).Port
	}
	cfg := config(t)
	cfg.Ports = Ports{Postgres: taken[0], TemporalUI: taken[1], API: taken[2]}
	cfg.Sandbox.Ports = map[string]int{"admin": taken[3]}
	moved := make(map[string]int)
	cfg.Moved = func(name string, wanted, got int) {
		require.Contains(t, taken, wanted)
		moved[name] = got
	}
	s := up(t, cfg)
	at := s.Addresses()
	require.Len(t, moved, 4)
	for name, url := range map[string]string{
		"postgres": at.DatabaseURL, "temporal-ui": at.TemporalUI, "api": at.API, "admin": at.SandboxAdmin,
	} {
		require.Contains(t, url, loopback(moved[name]), name)
	}
}

func TestADirectoryHasOneStack(t *testing.T) {
	t.Parallel()

	cfg := config(t)
	s := up(t, cfg)
	_, err := Up(t.Context(), cfg)
	require.ErrorContains(t, err, cfg.Dir+" is in use by process ")
	require.NoError(t, s.Stop(t.Context()))

	// What the first one kept is there for the next one.
	next := up(t, cfg)
	require.Contains(t, next.Addresses().DatabaseURL, strings.SplitAfter(s.Addresses().DatabaseURL, "@")[0])
}

func TestAFailedStartLeavesNothingRunning(t *testing.T) {
	t.Parallel()

	cfg := config(t)
	var postgres string
	cfg.Migrate = func(_ context.Context, url string) error {
		postgres = url
		return errors.New("no such luck")
	}
	_, err := Up(t.Context(), cfg)
	require.EqualError(t, err, "no such luck")
	_, err = pgx.Connect(t.Context(), postgres)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)

	cfg.Migrate = nil
	up(t, cfg)
}

func TestWaitTellsWhoEnded(t *testing.T) {
	t.Parallel()

	s := up(t, config(t))
	w, err := s.Process("worker-1")
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(w.Pid(), syscall.SIGKILL))
	var exit *ExitError
	require.ErrorAs(t, s.Wait(t.Context()), &exit)
	require.Equal(t, "worker-1", exit.Name)

	require.NoError(t, w.Restart(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, s.Wait(ctx))
}
