package dial

import (
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"
	"go.uber.org/zap"

	"lockstep/internal/obs"
)

// observe has the SDK measured and traced, as far as anybody is there to see it.
// What is traced has a header in histories: the ids of the trace, and nothing
// that a caller could add to them. Log lines get the ids too.
func observe(options *client.Options, seen *obs.Telemetry, log *zap.Logger) error {
	if seen == nil {
		return nil
	}
	const name = "go.temporal.io/sdk"
	if seen.Measuring {
		options.MetricsHandler = opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
			Meter:                seen.Meters.Meter(name),
			OnError:              func(err error) { log.Warn("measuring Temporal", zap.Error(err)) },
			UseMonotonicCounters: true,
		})
	}
	if !seen.Tracing {
		return nil
	}
	tracing, err := opentelemetry.NewTracingInterceptor(opentelemetry.TracerOptions{
		Tracer:                  seen.Tracers.Tracer(name),
		TextMapPropagator:       obs.Propagator(),
		DisableBaggage:          true,
		AllowInvalidParentSpans: true, // a trace is not worth a failed task
	})
	if err != nil {
		return fmt.Errorf("preparing to trace Temporal: %w", err)
	}
	options.Interceptors = append(options.Interceptors, tracing)
	return nil
}
