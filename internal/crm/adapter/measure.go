package adapter

import (
	"context"
	"net/http"
	"time"
)

// Meter counts calls. It is safe for concurrent use.
type Meter interface {
	// Call is told of every call that was sent: what it was for, its status or
	// 0 when there was no answer, and the time until the answer's headers.
	Call(ctx context.Context, op string, status int, d time.Duration)
}

type opKey struct{}

// WithOp returns a context whose calls are measured as op, such as
// "salesforce.write".
func WithOp(ctx context.Context, op string) context.Context {
	return context.WithValue(ctx, opKey{}, op)
}

// measure reports every call.
type measure struct {
	meter Meter
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (m *measure) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	op, _ := ctx.Value(opKey{}).(string)
	start := time.Now()
	resp, err := m.next.RoundTrip(req)
	status := 0
	if err == nil {
		status = resp.StatusCode
	}
	m.meter.Call(ctx, op, status, time.Since(start))
	return resp, err
}
