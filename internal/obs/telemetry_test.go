package obs_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"

	"lockstep/internal/obs"
)

// kept are the spans that were handed over, after the process has ended too.
type kept struct{ *tracetest.InMemoryExporter }

// Shutdown implements sdktrace.SpanExporter; the exporter of tests would forget.
func (kept) Shutdown(context.Context) error { return nil }

// started returns telemetry that is served on a port of its own, and the spans
// that it hands over, which are there once it is closed.
func started(t *testing.T) (*obs.Telemetry, kept) {
	t.Helper()

	spans := kept{tracetest.NewInMemoryExporter()}
	seen, err := obs.Start(t.Context(), obs.Config{Process: "worker", Address: "127.0.0.1:0", Spans: spans}, zap.NewNop())
	require.NoError(t, err)
	t.Cleanup(func() { seen.Close(context.WithoutCancel(t.Context())) })
	return seen, spans
}

// ask returns the status and the body of an answer.
func ask(t *testing.T, method, url string) (int, string) {
	t.Helper()

	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	require.NoError(t, err)
	resp, err := new(http.Client).Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

// scrape returns what Prometheus is told.
func scrape(t *testing.T, seen *obs.Telemetry) string {
	t.Helper()

	status, body := ask(t, http.MethodGet, "http://"+seen.Address()+"/metrics")
	require.Equal(t, http.StatusOK, status)
	return body
}

// all returns everything that spans say, as text.
func all(t *testing.T, spans kept) string {
	t.Helper()

	var out strings.Builder
	for _, s := range spans.GetSpans() {
		out.WriteString(s.Name + " " + s.Status.Code.String() + s.Status.Description + " " + s.SpanContext.TraceState().String())
		attributes := s.Attributes
		for _, e := range s.Events {
			out.WriteString(" " + e.Name)
			attributes = append(attributes, e.Attributes...)
		}
		for _, l := range s.Links {
			attributes = append(attributes, l.Attributes...)
		}
		for _, a := range attributes {
			out.WriteString(" " + string(a.Key) + "=" + a.Value.String())
		}
		out.WriteString("\n")
	}
	return out.String()
}

func TestNothingIsServedUnlessAsked(t *testing.T) {
	t.Parallel()

	seen, err := obs.Start(t.Context(), obs.Config{Process: "api", Getenv: func(string) string { return "" }}, zap.NewNop())
	require.NoError(t, err)
	defer seen.Close(t.Context())
	require.False(t, seen.Measuring)
	require.False(t, seen.Tracing)
	require.Empty(t, seen.Address())
	calls, err := seen.Calls()
	require.NoError(t, err)
	calls.Call(t.Context(), "salesforce.write", 200, time.Second)
	waits, err := seen.Waits()
	require.NoError(t, err)
	waits.Waited(t.Context(), "salesforce", 1, time.Second, obs.Granted)

	next := http.NewServeMux()
	require.Same(t, next, seen.Requests(next))
}

func TestTracesGoWhereTheEnvironmentSays(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"nowhere by itself": {nil, false},
		"an endpoint":       {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, true},
		"one of traces":     {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:1"}, true},
		"an exporter":       {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, true},
		"none":              {map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false},
		"disabled":          {map[string]string{"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			seen, err := obs.Start(t.Context(), obs.Config{Process: "api", Getenv: func(name string) string { return tc.env[name] }}, zap.NewNop())
			require.NoError(t, err)
			defer seen.Close(t.Context())
			require.Equal(t, tc.want, seen.Tracing)
		})
	}
}

func TestTakenAddressIsNamed(t *testing.T) {
	t.Parallel()

	seen, _ := started(t)
	_, err := obs.Start(t.Context(), obs.Config{Process: "api", Address: seen.Address()}, zap.NewNop())
	require.ErrorContains(t, err, seen.Address()+" (LOCKSTEP_METRICS_ADDRESS)")
}

func TestProbeTellsThatTheProcessLives(t *testing.T) {
	t.Parallel()

	seen, _ := started(t)
	status, body := ask(t, http.MethodGet, "http://"+seen.Address()+"/healthz")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "ok\n", body)
	for path, want := range map[string]int{"/": http.StatusNotFound, "/debug/pprof/": http.StatusNotFound} {
		status, _ = ask(t, http.MethodGet, "http://"+seen.Address()+path)
		require.Equal(t, want, status, path)
	}
	status, _ = ask(t, http.MethodPost, "http://"+seen.Address()+"/metrics")
	require.Equal(t, http.StatusMethodNotAllowed, status)
}

func TestCallsAreMeasuredByVendorOperationAndStatus(t *testing.T) {
	t.Parallel()

	seen, _ := started(t)
	calls, err := seen.Calls()
	require.NoError(t, err)
	calls.Call(t.Context(), "salesforce.write", 200, 20*time.Millisecond)
	calls.Call(t.Context(), "salesforce.write", 200, 20*time.Millisecond)
	calls.Call(t.Context(), "hubspot.find", 0, time.Second)
	out := scrape(t, seen)
	require.Contains(t, out, `lockstep_crm_call_duration_seconds_count{operation="write",status="200",vendor="salesforce"} 2`)
	require.Contains(t, out, `lockstep_crm_call_duration_seconds_bucket{operation="write",status="200",vendor="salesforce",le="0.025"} 2`)
	require.Contains(t, out, `lockstep_crm_call_duration_seconds_count{operation="find",status="none",vendor="hubspot"} 1`)
}

func TestWaitsAreMeasuredByHowTheyEnded(t *testing.T) {
	t.Parallel()

	seen, _ := started(t)
	waits, err := seen.Waits()
	require.NoError(t, err)
	waits.Waited(t.Context(), "hubspot", 3, time.Millisecond, obs.Granted)
	waits.Waited(t.Context(), "hubspot", 5, 0, "quota")
	out := scrape(t, seen)
	require.Contains(t, out, `lockstep_pace_permits_total{vendor="hubspot"} 3`)
	require.Contains(t, out, `lockstep_pace_wait_seconds_count{outcome="quota",vendor="hubspot"} 1`)
}

// served returns what answers requests of one route, and is told of each.
func served(seen *obs.Telemetry, told func(context.Context)) http.Handler {
	return seen.Requests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = "GET /v1/records/:external_id"
		told(r.Context())
		w.WriteHeader(http.StatusTeapot)
	}))
}

func TestRequestsAreToldApartByRoute(t *testing.T) {
	t.Parallel()

	seen, spans := started(t)
	handler := served(seen, func(context.Context) {})
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/records/1", nil))
	require.Contains(t, scrape(t, seen),
		`http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="418",http_route="/v1/records/:external_id"} 1`)
	seen.Close(t.Context())
	require.Contains(t, all(t, spans), "GET /v1/records/:external_id ")
}

func TestTraceGoesOnFromTheCallerToTheCall(t *testing.T) {
	t.Parallel()

	seen, spans := started(t)
	calls, err := seen.Calls()
	require.NoError(t, err)
	handler := served(seen, func(ctx context.Context) { calls.Call(ctx, "salesforce.write", 503, time.Second) })
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/records/1", nil)
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	handler.ServeHTTP(httptest.NewRecorder(), req)
	seen.Close(t.Context())

	got := spans.GetSpans()
	require.Len(t, got, 2)
	call, request := got[0], got[1]
	require.Equal(t, "salesforce.write", call.Name)
	require.Equal(t, codes.Error, call.Status.Code)
	require.Equal(t, request.SpanContext.SpanID(), call.Parent.SpanID())
	require.Equal(t, "0af7651916cd43dd8448eb211c80319c", call.SpanContext.TraceID().String())
	require.InDelta(t, time.Second, call.EndTime.Sub(call.StartTime), float64(time.Millisecond))
}

// TestNoSecretOrAddressIsShown plants a value wherever a caller, a vendor or a
// library could put one.
func TestNoSecretOrAddressIsShown(t *testing.T) {
	t.Parallel()

	const secret = "ada-planted@example.com"
	seen, spans := started(t)
	tracer := seen.Tracers.Tracer("a library")
	failures, err := seen.Meters.Meter("a library").Int64Counter("failures")
	require.NoError(t, err)
	handler := served(seen, func(ctx context.Context) {
		ctx, span := tracer.Start(ctx, "inner", trace.WithAttributes(
			attribute.String("url.full", "https://x/query?q="+secret), attribute.String("db.query.text", secret),
			attribute.String("vendor", "salesforce"), attribute.String("temporalWorkflowID", "test-contact/c-1/"+secret),
		), trace.WithLinks(trace.Link{SpanContext: trace.SpanContextFromContext(ctx), Attributes: []attribute.KeyValue{attribute.String("who", secret)}}))
		span.RecordError(errors.New("no such row: " + secret))
		span.SetStatus(codes.Error, secret)
		span.End()
		failures.Add(ctx, 1, metric.WithAttributes(attribute.String("url.full", secret), attribute.String("vendor", "hubspot")))
	})
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/records/"+secret+"?email="+secret, nil)
	req.Host = secret
	req.RemoteAddr = "192.0.2.77:1"
	req.Header.Set("User-Agent", secret)
	req.Header.Set("X-Forwarded-For", "192.0.2.77")
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	req.Header.Set("Tracestate", "ada=planted")
	req.Header.Set("Baggage", "ada=planted")
	handler.ServeHTTP(httptest.NewRecorder(), req)

	out := scrape(t, seen)
	seen.Close(t.Context())
	out += all(t, spans)
	require.NotContains(t, out, "planted")
	require.NotContains(t, out, "192.0.2.77")
	require.Contains(t, out, `failures_total{vendor="hubspot"} 1`)
	require.Contains(t, out, "inner Error")
	require.Contains(t, out, "exception.type=*errors.errorString")
	require.Contains(t, out, "vendor=salesforce temporalWorkflowID=test-contact/c-1")
}

func TestPropagatorCarriesIdsAlone(t *testing.T) {
	t.Parallel()

	carrier := map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=planted"}
	ctx := obs.Propagator().Extract(t.Context(), texts(carrier))
	require.Equal(t, "b7ad6b7169203331", trace.SpanContextFromContext(ctx).SpanID().String())
	out := texts{}
	obs.Propagator().Inject(ctx, out)
	require.Equal(t, texts{"traceparent": carrier["traceparent"]}, out)
}

// texts is a carrier.
type texts map[string]string

// Get implements propagation.TextMapCarrier.
func (c texts) Get(key string) string { return c[key] }

// Set implements propagation.TextMapCarrier.
func (c texts) Set(key, value string) { c[key] = value }

// Keys implements propagation.TextMapCarrier.
func (c texts) Keys() []string { return nil }

func TestManyLabelsCostAMetricAndNotTheProcess(t *testing.T) {
	t.Parallel()

	seen, _ := started(t)
	calls, err := seen.Calls()
	require.NoError(t, err)
	for i := range 3000 {
		calls.Call(t.Context(), "salesforce.op"+time.Duration(i).String(), 200, 0)
	}
	require.LessOrEqual(t, strings.Count(scrape(t, seen), "lockstep_crm_call_duration_seconds_count{"), 1000)
}
