package obs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/exemplar"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.uber.org/zap"
)

// The bounds of one scrape.
const (
	scrapeTimeout = 30 * time.Second
	headerTimeout = 5 * time.Second
)

// series bounds the combinations of labels of one metric: a mistake in them costs
// a metric, not a process or the Prometheus that scrapes it.
const series = 1000

// labels are what metrics may be told apart by. None of them holds a name, an
// address or an id of anybody's: those that are not listed, such as the host that
// a caller says it calls, are dropped.
var labels = attribute.NewAllowKeysFilter(
	// Ours.
	"vendor", "operation", "status", "kind", "state", "marked_by", "outcome", "spent",
	// The HTTP server's.
	"http.request.method", "http.route", "http.response.status_code",
	// Temporal's.
	"namespace", "task_queue", "worker_type", "poller_type", "workflow_type", "activity_type", "failure_reason", "status_code",
	// The database's.
	"db.operation.name", "pgx.operation.type",
)

// seconds are the bounds of every histogram of durations: from a statement to a
// chunk of an import.
var seconds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

// view gives every instrument the labels that it may have.
func view(i sdkmetric.Instrument) (sdkmetric.Stream, bool) {
	s := sdkmetric.Stream{Name: i.Name, Description: i.Description, Unit: i.Unit, AttributeFilter: labels}
	if i.Kind == sdkmetric.InstrumentKindHistogram {
		switch i.Unit {
		case "s":
			s.Aggregation = sdkmetric.AggregationExplicitBucketHistogram{Boundaries: seconds}
		case "By":
			s.Aggregation = sdkmetric.AggregationDrop{} // sizes of bodies, which nobody has asked for
		}
	}
	return s, true
}

// measure collects metrics and serves them on address.
func (t *Telemetry) measure(ctx context.Context, address string, about *resource.Resource) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := exporter.New(
		exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(),
		exporter.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithSuffixes),
	)
	if err != nil {
		return fmt.Errorf("preparing metrics: %w", err)
	}
	provider := sdkmetric.NewMeterProvider(
		sdkmetric.WithReader(reader), sdkmetric.WithResource(about), sdkmetric.WithView(view), sdkmetric.WithCardinalityLimit(series),
		sdkmetric.WithExemplarFilter(exemplar.AlwaysOffFilter), // they keep the attributes that a view has dropped
	)
	if t.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", address); err != nil {
		return fmt.Errorf("listening on %s (LOCKSTEP_METRICS_ADDRESS): %w", address, err)
	}
	t.Meters, t.Measuring = provider, true
	server := &http.Server{
		Handler:           handler(registry),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: scrapeTimeout, WriteTimeout: scrapeTimeout, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 16 << 10,
		ErrorLog:       zap.NewStdLog(t.log),
	}
	go func() {
		if err := server.Serve(t.listener); !errors.Is(err, http.ErrServerClosed) {
			t.log.Error("serving metrics", zap.Error(err))
		}
	}()
	t.close = append(t.close, server.Shutdown, provider.Shutdown)
	t.log.Info("serving metrics", zap.String("address", t.listener.Addr().String()))
	return nil
}

// handler answers a scrape, and the probe that asks whether the process lives.
// The probe asks nothing of others: to restart a worker mends no database.
func handler(registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	return mux
}

// Address returns what metrics are served on, or "" when they are not.
func (t *Telemetry) Address() string {
	if t.listener == nil {
		return ""
	}
	return t.listener.Addr().String()
}
