package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/lockstep"
	"lockstep/internal/obs"
	"lockstep/internal/store"
)

const (
	// lookEvery is how old figures may be that a scrape is answered with. Every
	// worker asks the database for the same ones.
	lookEvery = 15 * time.Second

	// lookTime bounds the asking.
	lookTime = 5 * time.Second
)

// backlog shows what is still to be done. The figures are the whole service's,
// whichever worker is asked: who adds them up takes the greatest.
type backlog struct {
	store *store.Store
	log   *zap.Logger

	rows, oldest, runs, connections, unsynced, parked metric.Observable

	mu   sync.Mutex
	at   time.Time
	last store.Depth
}

// watch has the backlog looked at with every scrape.
func watch(meters metric.MeterProvider, s *store.Store, log *zap.Logger) error {
	b := &backlog{store: s, log: log}
	meter := meters.Meter("lockstep")
	all := make([]metric.Observable, 0, 6)
	for _, g := range []struct {
		at              *metric.Observable
		name, unit, why string
	}{
		{&b.rows, "lockstep.ledger.rows", "", "Ledger rows that have not arrived, by state."},
		{&b.oldest, "lockstep.ledger.oldest_pending", "s", "Age of the oldest pending row of live connections, by what marked it."},
		{&b.runs, "lockstep.runs.open", "", "Runs that have not ended, by kind and state."},
		{&b.connections, "lockstep.connections", "", "Connections, by status."},
		{&b.unsynced, "lockstep.sync.age", "s", "Time since the live connection was looked at that has been waiting longest."},
		{&b.parked, "lockstep.pace.parked_accounts", "", "CRM accounts that are left alone because the CRM said so."},
	} {
		gauge, err := meter.Float64ObservableGauge(g.name, metric.WithUnit(g.unit), metric.WithDescription(g.why))
		if err != nil {
			return fmt.Errorf("preparing %s: %w", g.name, err)
		}
		*g.at = gauge
		all = append(all, gauge)
	}
	if _, err := meter.RegisterCallback(b.observe, all...); err != nil {
		return fmt.Errorf("watching the backlog: %w", err)
	}
	return nil
}

// observe tells the figures. When the database does not answer there are none,
// which is what an alert about absence is for.
func (b *backlog) observe(ctx context.Context, o metric.Observer) error {
	depth, err := b.look(ctx)
	if err != nil {
		b.log.Warn("looking at the backlog", zap.Error(err))
		return nil
	}
	tell := func(of metric.Observable, value float64, about ...attribute.KeyValue) {
		if gauge, ok := of.(metric.Float64Observable); ok {
			o.ObserveFloat64(gauge, value, metric.WithAttributes(about...))
		}
	}
	text := attribute.String
	for _, d := range depth.Ledger {
		tell(b.rows, float64(d.Rows), text("vendor", d.Vendor), text("state", d.State))
	}
	for _, d := range depth.Oldest {
		tell(b.oldest, d.Age.Seconds(), text("vendor", d.Vendor), text("marked_by", d.MarkedBy))
	}
	for _, d := range depth.Runs {
		tell(b.runs, float64(d.Runs), text("vendor", d.Vendor), text("kind", d.Kind), text("state", d.State))
	}
	for _, d := range depth.Connections {
		tell(b.connections, float64(d.Connections), text("vendor", d.Vendor), text("status", string(d.Status)))
		if d.Status == lockstep.StatusLive {
			tell(b.unsynced, d.Unsynced.Seconds(), text("vendor", d.Vendor))
		}
	}
	for _, d := range depth.Parked {
		tell(b.parked, float64(d.Accounts), text("vendor", d.Vendor), attribute.Bool("spent", d.Spent))
	}
	return nil
}

// look returns figures that are not too old.
func (b *backlog) look(ctx context.Context) (store.Depth, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.at.IsZero() && time.Since(b.at) < lookEvery {
		return b.last, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	depth, err := b.store.Depth(ctx)
	if err != nil {
		return store.Depth{}, err
	}
	b.at, b.last = time.Now(), depth
	return depth, nil
}

// timed has the waiting for permits measured.
func timed(pacer func(lockstep.Connection, adapter.Factory) adapter.Pacer, waits *obs.Waits) func(lockstep.Connection, adapter.Factory) adapter.Pacer {
	return func(c lockstep.Connection, f adapter.Factory) adapter.Pacer {
		p := pacer(c, f)
		if p == nil {
			return nil
		}
		return &timedPacer{Pacer: p, vendor: string(c.Vendor), waits: waits}
	}
}

type timedPacer struct {
	adapter.Pacer

	vendor string
	waits  *obs.Waits
}

// Take implements adapter.Pacer.
func (p *timedPacer) Take(ctx context.Context, permits int) error {
	began := time.Now()
	err := p.Pacer.Take(ctx, permits)
	p.waits.Waited(ctx, p.vendor, permits, time.Since(began), outcome(ctx, err))
	return err
}

// outcome tells how a wait ended.
func outcome(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return obs.Granted
	case ctx.Err() != nil:
		return "cancelled"
	default:
		return string(crm.KindOf(err))
	}
}
