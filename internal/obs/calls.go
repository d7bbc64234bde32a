package obs

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Calls measures and traces the calls to CRMs. It implements adapter.Meter.
//
// It is told of a call when that is over, and makes the span then. A transport
// that traces would note the URL, which is what must not be noted.
type Calls struct {
	took   metric.Float64Histogram
	tracer trace.Tracer
}

// Calls returns what measures the calls to CRMs.
func (t *Telemetry) Calls() (*Calls, error) {
	took, err := t.Meters.Meter(scope).Float64Histogram("lockstep.crm.call.duration", metric.WithUnit("s"),
		metric.WithDescription("Calls to CRMs, until the headers of the answer."))
	if err != nil {
		return nil, fmt.Errorf("preparing to measure calls: %w", err)
	}
	return &Calls{took: took, tracer: t.Tracers.Tracer(scope)}, nil
}

// Call is told of a call: what it was for, such as "salesforce.write", its status
// or 0 when there was no answer, and the time until the answer's headers.
func (c *Calls) Call(ctx context.Context, op string, status int, d time.Duration) {
	vendor, operation, _ := strings.Cut(op, ".")
	about := []attribute.KeyValue{attribute.String("vendor", vendor), attribute.String("operation", operation)}
	word := "none"
	if status != 0 {
		word = strconv.Itoa(status)
	}
	c.took.Record(ctx, d.Seconds(), metric.WithAttributes(append(about, attribute.String("status", word))...))

	if !trace.SpanFromContext(ctx).IsRecording() {
		return
	}
	now := time.Now()
	_, span := c.tracer.Start(ctx, op, trace.WithTimestamp(now.Add(-d)), trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(about...))
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
	}
	if status == 0 || status >= http.StatusBadRequest {
		span.SetStatus(codes.Error, "")
	}
	span.End(trace.WithTimestamp(now))
}
