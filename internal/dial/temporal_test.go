package dial_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/dial"
	"lockstep/internal/obs"
)

// server is as much of a Temporal server as dialling needs: it answers
// GetSystemInfo with nothing, or with a status.
type server struct {
	address string

	mu      sync.Mutex
	codes   []int // the next answers; then 0, which is fine
	headers []http.Header
}

func newServer(t *testing.T, codes ...int) *server {
	t.Helper()

	s := &server{codes: codes}
	httpServer := httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	httpServer.Config.Protocols = new(http.Protocols)
	httpServer.Config.Protocols.SetUnencryptedHTTP2(true)
	httpServer.Start()
	t.Cleanup(httpServer.Close)
	s.address = strings.TrimPrefix(httpServer.URL, "http://")
	return s
}

func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := 0
	if len(s.codes) > 0 {
		code, s.codes = s.codes[0], s.codes[1:]
	}
	s.headers = append(s.headers, r.Header)
	if code == silent {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status, Grpc-Message")
	w.WriteHeader(http.StatusOK)
	if code == 0 {
		_, _ = w.Write(make([]byte, 5)) // an empty message
	}
	w.Header().Set("Grpc-Status", strconv.Itoa(code))
	w.Header().Set("Grpc-Message", "the server's words")
}

func (s *server) calls() []http.Header {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.headers
}

// gRPC's status codes, and one for no answer at all.
const (
	silent           = -1
	permissionDenied = 7
	unavailable      = 14
	unauthenticated  = 16
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

func TestDialReachesTheServer(t *testing.T) {
	t.Parallel()

	s := newServer(t)
	var out bytes.Buffer
	c, err := dial.Temporal(t.Context(), config.Temporal{Address: s.address}, obs.Logger(&out, zap.InfoLevel).Named("worker"))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.Len(t, s.calls(), 1)

	host, err := os.Hostname()
	require.NoError(t, err)
	require.Regexp(t, `"identity":"worker@[0-9a-f]{8}"`, out.String())
	require.Contains(t, out.String(), `"address":"`+s.address+`","namespace":"default"`)
	require.NotContains(t, out.String(), host)
}

func TestDialWaitsForAServerThatIsStarting(t *testing.T) {
	t.Parallel()

	s := newServer(t, unavailable, unavailable)
	var out bytes.Buffer
	c, err := dial.Temporal(t.Context(), config.Temporal{Address: s.address}, obs.Logger(&out, zap.InfoLevel))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.Equal(t, 1, strings.Count(out.String(), "waiting for Temporal"))
}

func TestDialDoesNotWaitForAServerThatRefuses(t *testing.T) {
	t.Parallel()

	for _, code := range []int{permissionDenied, unauthenticated} {
		s := newServer(t, code, code, code)
		_, err := dial.Temporal(t.Context(), config.Temporal{Address: s.address}, zap.NewNop())
		require.ErrorContains(t, err, "TEMPORAL_ADDRESS")
		require.ErrorContains(t, err, "the server's words")
		require.Len(t, s.calls(), 1)
	}
}

func TestDialSaysWhereItLooked(t *testing.T) {
	t.Parallel()

	const nobody = "127.0.0.1:1"
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := dial.Temporal(ctx, config.Temporal{Address: nobody}, zap.NewNop())
	require.ErrorContains(t, err, "reaching Temporal at 127.0.0.1:1 (TEMPORAL_ADDRESS)")
	require.ErrorContains(t, err, "connection refused", "the cause, and not that time ran out")
}

func TestDialSaysWhatTheServerSaidLast(t *testing.T) {
	t.Parallel()

	s := newServer(t, unavailable, silent)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := dial.Temporal(ctx, config.Temporal{Address: s.address}, zap.NewNop())
	require.ErrorContains(t, err, "the server's words", "and not that time ran out")
	require.Len(t, s.calls(), 2)
}

func TestDialReadsTemporalsOwnEnvironment(t *testing.T) {
	t.Parallel()

	s := newServer(t)
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte("[profile.here]\naddress = \""+s.address+"\"\nnamespace = \"crm\"\n"), 0o600))
	getenv := environment(map[string]string{
		"TEMPORAL_CONFIG_FILE": file,
		"TEMPORAL_PROFILE":     "here",
		"TEMPORAL_API_KEY":     "planted-key",
		"TEMPORAL_TLS":         "false",
	})
	var out bytes.Buffer
	c, err := dial.Temporal(t.Context(), config.Temporal{Getenv: getenv}, obs.Logger(&out, zap.DebugLevel))
	require.NoError(t, err)
	t.Cleanup(c.Close)
	require.Equal(t, "Bearer planted-key", s.calls()[0].Get("Authorization"))
	require.Contains(t, out.String(), `"namespace":"crm"`)
	require.NotContains(t, out.String(), "planted-key")
}

func TestDialNamesWhatIsWrongWithTheEnvironment(t *testing.T) {
	t.Parallel()

	getenv := environment(map[string]string{"TEMPORAL_CONFIG_FILE": os.DevNull, "TEMPORAL_TLS_SERVER_CA_CERT_PATH": "/nowhere"})
	_, err := dial.Temporal(t.Context(), config.Temporal{Getenv: getenv}, zap.NewNop())
	require.ErrorContains(t, err, "reading Temporal's environment configuration")
	require.ErrorContains(t, err, "/nowhere")
}
