package main

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/lockstep"
	"lockstep/internal/obs"
	"lockstep/internal/store"
	"lockstep/internal/store/storetest"
)

// line is a pacer that answers with an error, or nil.
type line struct{ err error }

func (l line) Take(context.Context, int) error { return l.err }
func (line) Observe(http.Header, int)          {}

func TestWaitsAreToldByHowTheyEnd(t *testing.T) {
	t.Parallel()

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for want, tc := range map[string]struct {
		ctx context.Context //nolint:containedctx // what the call is made with
		err error
	}{
		obs.Granted:    {t.Context(), nil},
		"quota":        {t.Context(), &crm.Error{Kind: crm.KindQuota}},
		"rate_limited": {t.Context(), &crm.Error{Kind: crm.KindRateLimited}},
		"internal":     {t.Context(), errors.New("no database")},
		"cancelled":    {gone, context.Canceled},
	} {
		require.Equal(t, want, outcome(tc.ctx, tc.err))
	}
}

func TestAccountThatIsNotKnownStaysWithoutAPacer(t *testing.T) {
	t.Parallel()

	waits, err := nowhere(t).Waits()
	require.NoError(t, err)
	none := timed(func(lockstep.Connection, adapter.Factory) adapter.Pacer { return nil }, waits)
	require.Nil(t, none(lockstep.Connection{}, adapter.Factory{}), "or every call would be made on nothing")

	refused := errors.New("refused")
	some := timed(func(lockstep.Connection, adapter.Factory) adapter.Pacer { return line{refused} }, waits)
	require.ErrorIs(t, some(lockstep.Connection{}, adapter.Factory{}).Take(t.Context(), 1), refused)
}

func nowhere(t *testing.T) *obs.Telemetry {
	t.Helper()

	seen, err := obs.Start(t.Context(), obs.Config{Process: "worker"}, zap.NewNop())
	require.NoError(t, err)
	return seen
}

func TestBacklogIsNotToldWhenTheDatabaseIsAway(t *testing.T) {
	t.Parallel()

	pool := storetest.New(t)
	reader := metric.NewManualReader()
	require.NoError(t, watch(metric.NewMeterProvider(metric.WithReader(reader)), store.New(pool), zap.NewNop()))
	pool.Close()
	var told metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &told), "the other metrics are still told")
	require.Empty(t, told.ScopeMetrics)
}
