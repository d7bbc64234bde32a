package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"lockstep/internal/lockstep"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// TestStatementsAreSeenByName plants a value in a parameter and in a statement of
// no query.
func TestStatementsAreSeenByName(t *testing.T) {
	t.Parallel()

	spans := tracetest.NewSpanRecorder()
	tracers := trace.NewTracerProvider(trace.WithSpanProcessor(spans))
	reader := metric.NewManualReader()
	pool, err := store.Open(t.Context(), storetest.URL(t), metric.NewMeterProvider(metric.WithReader(reader)), tracers)
	require.NoError(t, err)
	t.Cleanup(pool.Close)

	ctx, parent := tracers.Tracer("test").Start(t.Context(), "parent")
	w, err := lockstep.NewWorkspace("planted")
	require.NoError(t, err)
	key, secret, err := lockstep.NewAPIKey(w.ID, "planted", lockstep.RoleAdmin)
	require.NoError(t, err)
	s := store.New(pool)
	require.NoError(t, s.CreateWorkspace(ctx, w, key, secret))
	_, err = s.Connection(ctx, w.ID, w.ID)
	require.Error(t, err)
	_, err = pool.Exec(ctx, "SELECT 'planted'")
	require.NoError(t, err)
	parent.End()

	var out string
	for _, span := range spans.Ended() {
		out += fmt.Sprintln(span.Name(), span.Attributes())
	}
	var measured metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.WithoutCancel(t.Context()), &measured))
	out += fmt.Sprintf("%+v", measured)
	require.NotContains(t, out, "planted")
	require.Contains(t, out, "InsertWorkspace")
	require.Contains(t, out, "other")
	require.Contains(t, out, "pgxpool.max_connections")
}

func TestMistakeInAConnectionStringShowsNoPassword(t *testing.T) {
	t.Parallel()

	_, err := store.Open(t.Context(), "postgres://u:planted@h:port/d", metric.NewMeterProvider(), trace.NewTracerProvider())
	require.Error(t, err)
	require.NotContains(t, err.Error(), "planted")
}
