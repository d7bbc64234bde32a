package obs

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// spoken are the attributes that spans may carry. Paths, queries, addresses and
// statements are not among them: a path may end in an external id that is an
// e-mail address, and a query is SOQL.
var spoken = attribute.NewAllowKeysFilter(
	"http.request.method", "http.route", "http.response.status_code",
	"db.system.name", "db.operation.name", "pgx.operation.type", "pgx.sql_state", "pgx.rows_affected",
	workflowID, "temporalRunID", "temporalActivityID",
	"vendor", "operation", "workspace", "connection", "run", "request",
	"exception.type", "error.type",
)

// scrubber passes spans on without what they must not carry.
type scrubber struct{ sdktrace.SpanExporter }

// ExportSpans implements sdktrace.SpanExporter.
func (s *scrubber) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	clean := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		clean[i] = scrubbed{span}
	}
	return s.SpanExporter.ExportSpans(ctx, clean)
}

// scrubbed is a span without what it must not carry. The text of an error may
// quote a row or an answer, so only its type is left.
type scrubbed struct{ sdktrace.ReadOnlySpan }

// Attributes implements sdktrace.ReadOnlySpan.
func (s scrubbed) Attributes() []attribute.KeyValue { return allowed(s.ReadOnlySpan.Attributes()) }

// Events implements sdktrace.ReadOnlySpan.
func (s scrubbed) Events() []sdktrace.Event {
	var events []sdktrace.Event
	for _, e := range s.ReadOnlySpan.Events() {
		e.Attributes = allowed(e.Attributes)
		events = append(events, e)
	}
	return events
}

// Links implements sdktrace.ReadOnlySpan.
func (s scrubbed) Links() []sdktrace.Link {
	var links []sdktrace.Link
	for _, l := range s.ReadOnlySpan.Links() {
		l.Attributes = allowed(l.Attributes)
		links = append(links, l)
	}
	return links
}

// Status implements sdktrace.ReadOnlySpan.
func (s scrubbed) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

func allowed(attributes []attribute.KeyValue) []attribute.KeyValue {
	var out []attribute.KeyValue
	for _, a := range attributes {
		if a.Key == workflowID {
			a = attribute.String(workflowID, ours(a.Value.AsString()))
		}
		if spoken(a) {
			out = append(out, a)
		}
	}
	return out
}

// workflowID is how Temporal's tracing names what a span is of.
const workflowID = "temporalWorkflowID"

// ours returns a workflow's id without what callers add to it: what follows the
// connection is the Idempotency-Key of a request.
func ours(id string) string {
	parts := strings.SplitN(id, "/", 3)
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// Propagator carries a trace from one process to the next by its ids alone: what
// callers add, in tracestate or baggage, would end in histories.
func Propagator() propagation.TextMapPropagator { return parent{} }

// parent is the W3C's trace context without tracestate.
type parent struct{ propagation.TraceContext }

// Inject implements propagation.TextMapPropagator.
func (p parent) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	p.TraceContext.Inject(stateless(ctx), carrier)
}

// Extract implements propagation.TextMapPropagator.
func (p parent) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	return stateless(p.TraceContext.Extract(ctx, carrier))
}

// Fields implements propagation.TextMapPropagator.
func (parent) Fields() []string { return []string{"traceparent"} }

// stateless returns ctx with a trace of which only the ids are known, if it has
// one that knows more.
func stateless(ctx context.Context) context.Context {
	span := trace.SpanContextFromContext(ctx)
	if !span.IsValid() || span.TraceState().Len() == 0 {
		return ctx
	}
	return trace.ContextWithRemoteSpanContext(ctx, span.WithTraceState(trace.TraceState{}))
}
