package e2e_test

import (
	"flag"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var fuzzFor = flag.Duration("fuzz", 0, "how long TestFuzz goes on; 0 for some hundred requests")

// How many requests a short TestFuzz makes, from how many sides they come, and
// how often what was ended is begun again.
const (
	shortFuzz   = 400
	fuzzStreams = 8
	mendEvery   = 3 * time.Second
)

// TestFuzz asks for every operation of the API's document, soundly and in every
// wrong way, for as long as it is told. No answer is a failure of ours, or one
// that the document does not have, or tells a workspace of another; and when it
// is over, both have what they had. The seed it prints draws the same requests
// again, though not in the same order from all sides.
//
// FEATURES: G01
func TestFuzz(t *testing.T) {
	t.Parallel()
	seed := drawnSeed()
	if *fuzzFor == 0 && *seedFlag == 0 {
		seed = 1 // whoever tests a change wants to know of that alone
	}
	t.Logf("make fuzz FOR=%s SEED=%d", *fuzzFor, seed)
	f := newFuzzer(t)
	defer f.tell(t)
	begun := time.Now()
	f.sweep(seed)
	f.storm(t, seed)
	took := time.Since(begun)
	t.Logf("%d requests in %s, %.0f a second", f.asked.Load(), took.Round(time.Second), float64(f.asked.Load())/took.Seconds())
	f.requireStanding(t)
}

// sweep asks for everything as the document wants it, for each party: first
// what there is, so that there are ids to go by. Then it asks for everything as
// somebody who may not.
func (f *fuzzer) sweep(seed uint64) {
	d := &drawer{Rand: rand.New(rand.NewPCG(seed, 0)), fuzz: f}
	l := &line{ctx: f.ctx, host: f.host}
	defer l.close()
	for _, p := range f.parties {
		for _, op := range f.ops {
			if op.method == http.MethodGet {
				f.try(l, d.sound(p, op))
			}
		}
	}
	for _, p := range f.parties {
		for _, op := range f.ops {
			f.try(l, d.sound(p, op))
			if foreign := d.sound(p, op); d.foreign(foreign) {
				f.try(l, foreign)
			}
		}
	}
	for _, op := range f.ops {
		f.intrude(l, d, op)
	}
}

// intrude asks for an operation with every key that it is not for, and with
// none.
func (f *fuzzer) intrude(l *line, d *drawer, op *operation) {
	p := f.parties[0]
	for _, role := range slices.Sorted(maps.Keys(p.keys)) {
		if r := d.sound(p, op); !op.allows(role) {
			d.key(r, p, role)
			r.spoil("a key of role "+role, true)
			f.try(l, r)
		}
	}
	if r := d.sound(p, op); !op.open {
		r.by = nil
		r.drop("Authorization")
		r.spoil("no key", true)
		f.try(l, r)
	}
}

// storm asks from several sides at once until the time is over, or enough was
// asked, while what was ended is begun again.
func (f *fuzzer) storm(t *testing.T, seed uint64) {
	t.Helper()
	var enough atomic.Bool
	var streams sync.WaitGroup
	for side := range uint64(fuzzStreams) {
		streams.Go(func() { f.stream(&drawer{Rand: rand.New(rand.NewPCG(seed, side+1)), fuzz: f}, &enough) })
	}
	done := make(chan struct{})
	go func() {
		streams.Wait()
		close(done)
	}()
	var end <-chan time.Time
	if *fuzzFor > 0 {
		end = time.After(*fuzzFor)
	}
	mend := time.NewTicker(mendEvery)
	defer mend.Stop()
	for {
		select {
		case <-mend.C:
			for _, p := range f.parties {
				p.mend(t)
			}
		case <-end:
			enough.Store(true)
		case <-f.api.Done():
			enough.Store(true)
			<-done
			return
		case <-f.world.worker.Done():
			enough.Store(true)
			<-done
			return
		case <-done:
			return
		}
	}
}

// stream asks one request after the other.
func (f *fuzzer) stream(d *drawer, enough *atomic.Bool) {
	for _, op := range f.ops {
		d.ops = append(d.ops, slices.Repeat([]*operation{op}, op.weight)...)
	}
	l := &line{ctx: f.ctx, host: f.host}
	defer l.close()
	for n := 0; !enough.Load() && (*fuzzFor > 0 || n < shortFuzz/fuzzStreams); n++ {
		f.try(l, d.request())
	}
}
