package obs

import (
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// Requests measures and traces what next answers. Requests are told apart by
// http.Request.Pattern, which next sets to the route; one without is told apart
// by its method alone.
func (t *Telemetry) Requests(next http.Handler) http.Handler {
	if !t.Measuring && !t.Tracing {
		return next
	}
	return otelhttp.NewHandler(next, "api",
		otelhttp.WithMeterProvider(t.Meters), otelhttp.WithTracerProvider(t.Tracers), otelhttp.WithPropagators(Propagator()),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
			if r.Pattern != "" {
				return r.Pattern
			}
			return r.Method
		}),
	)
}
