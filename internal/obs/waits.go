package obs

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Waits measures what stands in line for the allowance of a CRM account.
type Waits struct {
	took    metric.Float64Histogram
	permits metric.Int64Counter
}

// Waits returns what measures waiting for permits.
func (t *Telemetry) Waits() (*Waits, error) {
	meter := t.Meters.Meter(scope)
	took, err := meter.Float64Histogram("lockstep.pace.wait", metric.WithUnit("s"),
		metric.WithDescription("Time that callers waited for their permits, by how that ended."))
	if err != nil {
		return nil, fmt.Errorf("preparing to measure waits: %w", err)
	}
	permits, err := meter.Int64Counter("lockstep.pace.permits", metric.WithDescription("Calls that were permitted."))
	if err != nil {
		return nil, fmt.Errorf("preparing to count permits: %w", err)
	}
	return &Waits{took: took, permits: permits}, nil
}

// Waited is told of a caller who asked for permits and waited d: got them, if
// outcome is "granted"; else outcome is the kind of refusal.
func (w *Waits) Waited(ctx context.Context, vendor string, permits int, d time.Duration, outcome string) {
	of := attribute.String("vendor", vendor)
	w.took.Record(ctx, d.Seconds(), metric.WithAttributes(of, attribute.String("outcome", outcome)))
	if outcome == Granted {
		w.permits.Add(ctx, int64(permits), metric.WithAttributes(of))
	}
}

// Granted is the outcome of a wait that ended well.
const Granted = "granted"
