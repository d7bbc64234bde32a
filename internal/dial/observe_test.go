package dial_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/dial"
	"lockstep/internal/obs"
)

func TestCallsToTemporalAreMeasuredAndTraced(t *testing.T) {
	t.Parallel()

	s := newServer(t)
	var out bytes.Buffer
	log := obs.Logger(&out, zap.WarnLevel)
	spans := tracetest.NewInMemoryExporter()
	seen, err := obs.Start(t.Context(), obs.Config{Process: "api", Address: "127.0.0.1:0", Spans: kept{spans}}, log)
	require.NoError(t, err)
	c, err := dial.Observed(t.Context(), config.Temporal{Address: s.address}, log, seen)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	_, err = c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "test-contact/c-1/planted", TaskQueue: "q"}, "Import", "planted")
	require.NoError(t, err)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+seen.Address()+"/metrics", nil)
	require.NoError(t, err)
	resp, err := new(http.Client).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Regexp(t, `temporal_request_total\{.*operation="StartWorkflowExecution".*\} 1`, string(body))
	require.NotContains(t, string(body), "planted")

	seen.Close(t.Context())
	got := spans.GetSpans()
	require.Len(t, got, 1)
	require.Equal(t, "StartWorkflow:Import", got[0].Name)
	for _, a := range got[0].Attributes {
		require.NotContains(t, a.Value.String(), "planted")
	}
	require.Empty(t, out.String())
}

// kept keeps spans when the process ends.
type kept struct{ *tracetest.InMemoryExporter }

// Shutdown implements trace.SpanExporter.
func (kept) Shutdown(context.Context) error { return nil }
