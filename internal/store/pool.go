package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Open opens a pool of connections whose state and whose statements are measured
// and traced, by the names of the queries: their text and their parameters are
// not. The caller closes it.
func Open(ctx context.Context, url string, meters metric.MeterProvider, tracers trace.TracerProvider) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the connection string: %w", err)
	}
	cfg.ConnConfig.Tracer = otelpgx.NewTracer(
		otelpgx.WithMeterProvider(meters), otelpgx.WithTracerProvider(tracers),
		otelpgx.WithSpanNameFunc(queryName),
		otelpgx.WithMetricOperationName(func(_ context.Context, statement string) string { return queryName(statement) }),
		otelpgx.WithDisableSQLStatementInAttributes(), otelpgx.WithDisableConnectionDetailsInAttributes(),
		otelpgx.WithDisableAcquireTracer(), // the pool's own figures tell
	)
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("opening the pool: %w", err)
	}
	if err := otelpgx.RecordStats(pool, otelpgx.WithStatsMeterProvider(meters)); err != nil {
		pool.Close()
		return nil, fmt.Errorf("measuring the pool: %w", err)
	}
	return pool, nil
}

// queryName returns the name that a statement has in queries/. Those that no query
// made, such as BEGIN, are one.
func queryName(statement string) string {
	const mark = "-- name: "
	if rest, ok := strings.CutPrefix(statement, mark); ok {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	return "other"
}
