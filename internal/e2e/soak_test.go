package e2e_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

var (
	soakFor  = flag.Duration("soak", 0, "how long TestSoak goes on; 0 leaves it out")
	seedFlag = flag.Uint64("seed", 0, "what TestSoak and TestFuzz draw from; 0 draws a seed")
)

// soak is a world to which things happen at random.
type soak struct {
	*world
	rng     *rand.Rand
	records int
	writes  int
}

// TestSoak lets records change, faults strike, people ask and workers die at
// random, for as long as it is told, and now and then lets everything settle
// and compares the ledger with the sandbox's own records, row by row. The seed
// it prints makes the same things happen again.
//
// FEATURES: V01, V02, V03, V04
func TestSoak(t *testing.T) {
	t.Parallel()
	if *soakFor == 0 {
		t.Skip("make soak")
	}
	seed := drawnSeed()
	t.Logf("make soak FOR=%s SEED=%d", *soakFor, seed)
	onEach(t, func(t *testing.T, v vendor) {
		s := &soak{world: begin(t, options{vendor: v, contacts: 500}), rng: rand.New(rand.NewPCG(seed, uint64(v.batch))), records: 500}
		s.imported(t)
		steps := []func(*testing.T){s.change, s.change, s.change, s.add, s.strike, s.strike, s.ask, s.ask, s.prove, s.die, s.pause}
		for end := time.Now().Add(*soakFor); time.Now().Before(end); {
			for range 20 {
				steps[s.rng.IntN(len(steps))](t)
			}
			s.settle(t)
		}
		t.Logf("%d records, %d written", s.records, s.writes)
	})
}

// drawnSeed returns the seed that was asked for, or one that nobody has seen.
func drawnSeed() uint64 {
	if *seedFlag != 0 {
		return *seedFlag
	}
	return rand.Uint64()
}

// change renames some records.
func (s *soak) change(t *testing.T) {
	from := s.rng.IntN(s.records)
	to := min(s.records, from+1+s.rng.IntN(200))
	s.load(t, changed(contacts(from, to), fmt.Sprintf("Name %d", s.rng.Uint32()))...)
	s.writes += to - from
}

// add loads new records.
func (s *soak) add(t *testing.T) {
	n := 1 + s.rng.IntN(150)
	s.load(t, contacts(s.records, s.records+n)...)
	s.records += n
	s.writes += n
}

// strike puts a fault in force, or takes all of them away.
func (s *soak) strike(t *testing.T) {
	kinds := []string{
		"cut-before", "cut-after", "503", "429", "429-after", "expire", "slow", "poison:rows=2", "whole-400:rows=1", "lock:rows=2", "token-429:rows=1",
	}
	i := s.rng.IntN(len(kinds) + 2)
	if i >= len(kinds) {
		s.lift(t)
		return
	}
	spec := kinds[i]
	if i < 7 {
		spec += fmt.Sprintf(":every=%d", 2+s.rng.IntN(6))
	}
	s.fault(t, spec)
}

// ask signals what a person may.
func (s *soak) ask(t *testing.T) {
	for range 1 + s.rng.IntN(3) {
		s.signal(t, []string{flow.SignalSyncNow, flow.SignalSyncNow, flow.SignalRetryFailed, flow.SignalResync}[s.rng.IntN(4)])
	}
}

// prove sends a test contact.
func (s *soak) prove(t *testing.T) {
	_, err := s.testContact(t.Context(), fmt.Sprintf("soak-%d", s.rng.Uint32()))
	require.NoError(t, err)
}

// die kills the worker and starts another one.
func (s *soak) die(t *testing.T) {
	if s.rng.IntN(3) > 0 { // what has died takes fifteen seconds to be missed
		return
	}
	require.NoError(t, s.worker.Kill())
	require.NoError(t, s.worker.Restart(t.Context()))
}

// pause pauses, changes something, and resumes.
func (s *soak) pause(t *testing.T) {
	s.signal(t, flow.SignalPause)
	s.eventually(t, "the connection to be paused", func() bool { return s.connection(t).Status == lockstep.StatusPaused })
	s.change(t)
	s.signal(t, flow.SignalResume)
	s.eventually(t, "the connection to be live", func() bool { return s.connection(t).Status == lockstep.StatusLive })
}

// settle takes the faults away, lets everything come to its end, and compares.
func (s *soak) settle(t *testing.T) {
	s.lift(t)
	s.eventually(t, "all runs to end", func() bool {
		open, err := s.store.OpenRuns(t.Context(), s.conn.WorkspaceID, s.conn.ID)
		require.NoError(t, err)
		return len(open) == 0
	})
	s.sync(t)
	if s.count(t, lockstep.StateFailed) > 0 {
		s.retry(t, nil)
	}
	s.requireTrue(t)
	s.requireLanded(t)
}
