package obs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	nometric "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	notrace "go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/zap"
)

// scope names what this module measures itself.
const scope = "lockstep"

// closing is how long what was collected may take to be handed over at the end.
const closing = 5 * time.Second

// Config says what a process shows of itself.
type Config struct {
	// Process is its name: worker or api.
	Process string

	// Address is what metrics and the liveness probe are served on; empty for
	// neither.
	Address string

	// Getenv is the environment. Traces go where OTEL_EXPORTER_OTLP_ENDPOINT,
	// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_TRACES_EXPORTER says, if any of
	// them does; OpenTelemetry's exporters read the rest themselves.
	Getenv func(string) string

	// Spans is where traces go whatever the environment says: for tests.
	Spans sdktrace.SpanExporter
}

// Telemetry is where the metrics and the traces of a process go. It is safe for
// concurrent use.
type Telemetry struct {
	// Meters and Tracers are never nil. What is off takes everything and keeps
	// nothing.
	Meters  metric.MeterProvider
	Tracers trace.TracerProvider

	// Measuring and Tracing tell whether there is anybody to see it, for whom
	// there is a cheaper way to do nothing.
	Measuring bool
	Tracing   bool

	listener net.Listener
	close    []func(context.Context) error
	log      *zap.Logger
}

// Start begins to collect what cfg asks for, and to serve it. The caller closes
// it.
func Start(ctx context.Context, cfg Config, log *zap.Logger) (*Telemetry, error) {
	t := &Telemetry{Meters: nometric.NewMeterProvider(), Tracers: notrace.NewTracerProvider(), log: log}
	about, err := resource.New(ctx, resource.WithAttributes(attribute.String("service.name", "lockstep-"+cfg.Process)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("reading OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	if err := t.trace(ctx, cfg, about); err != nil {
		return nil, err
	}
	if cfg.Address != "" {
		if err := t.measure(ctx, cfg.Address, about); err != nil {
			t.Close(ctx)
			return nil, err
		}
	}
	return t, nil
}

// trace sends spans where somebody has said.
func (t *Telemetry) trace(ctx context.Context, cfg Config, about *resource.Resource) error {
	exporter := cfg.Spans
	switch {
	case exporter != nil:
	case !traced(cfg.Getenv):
		return nil
	default:
		var err error
		if exporter, err = autoexport.NewSpanExporter(ctx); err != nil {
			return fmt.Errorf("reading where traces go (OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_PROTOCOL): %w", err)
		}
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { t.log.Warn("exporting traces", zap.Error(err)) }))
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(&scrubber{exporter}), sdktrace.WithResource(about))
	t.Tracers, t.Tracing = provider, true
	t.close = append(t.close, provider.Shutdown)
	return nil
}

// traced tells whether the environment says where traces go.
func traced(getenv func(string) string) bool {
	if getenv == nil || strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if exporter := getenv("OTEL_TRACES_EXPORTER"); exporter != "" {
		return exporter != "none"
	}
	return getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// Close hands over what was collected, for a few seconds at most, and stops
// serving. What cannot be handed over is lost, and logged.
func (t *Telemetry) Close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
	defer cancel()
	var err error
	for _, end := range t.close {
		err = errors.Join(err, end(ctx))
	}
	if err != nil {
		t.log.Warn("closing telemetry", zap.Error(err))
	}
}
