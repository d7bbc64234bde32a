package crmsim

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"strconv"
	"sync"
)

// Script is the set of faults in force at one vendor. It is safe for
// concurrent use; calls are decided one after the other, in the order they
// ask.
type Script struct {
	mu     sync.Mutex
	active []*scripted
	fired  map[FaultKind]int
}

// scripted is a fault and its memory.
type scripted struct {
	Fault
	calls  int                 // looked at
	fired  int                 // struck
	made   int                 // marks made, healed ones included
	seen   map[string]struct{} // external ids judged; each is judged once
	marked map[string]struct{}
	order  []string // marked, in order of marking
}

// NewScript returns a script of the given faults.
func NewScript(faults ...Fault) *Script {
	s := &Script{fired: make(map[FaultKind]int)}
	for _, f := range faults {
		s.Add(f)
	}
	return s
}

// Add puts one more fault in force. Faults are asked in the order of adding.
func (s *Script) Add(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = append(s.active, &scripted{
		Fault:  f,
		seen:   make(map[string]struct{}),
		marked: make(map[string]struct{}),
	})
}

// Clear removes every fault, marks included. Counts of what has fired remain.
func (s *Script) Clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active = nil
}

// Heal forgets every mark. A record that was marked is not marked again by the
// same fault; faults that strike by the number of the call go on.
func (s *Script) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.active {
		clear(f.marked)
		f.order = nil
	}
}

// FaultStatus is what one fault has done so far.
type FaultStatus struct {
	Spec   string   `json:"spec"`
	Calls  int      `json:"calls"`  // that it looked at
	Fired  int      `json:"fired"`  // that it struck
	Marked []string `json:"marked"` // external ids it refuses until healed
}

// Status returns every fault in force, in the order of adding.
func (s *Script) Status() []FaultStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]FaultStatus, 0, len(s.active))
	for _, f := range s.active {
		all = append(all, FaultStatus{
			Spec: f.String(), Calls: f.calls, Fired: f.fired, Marked: append([]string{}, f.order...),
		})
	}
	return all
}

// Fired returns how many calls each kind has struck, removed faults included.
func (s *Script) Fired() map[FaultKind]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.fired)
}

// Expires decides whether the token of one data call dies now.
func (s *Script) Expires() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.active {
		if f.Kind == FaultExpire && f.due() {
			s.strike(f)
			return true
		}
	}
	return false
}

// Refreshes decides what happens to one refresh of a token; empty is nothing.
// Every fault of tokens counts it, and the first that strikes decides.
func (s *Script) Refreshes() FaultKind {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kind FaultKind
	for _, f := range s.active {
		switch f.Kind {
		case FaultTokenLimited, FaultTokenBusy, FaultTokenUnavailable, FaultTokenCut, FaultTokenCutAfter:
			if f.due() && kind == "" {
				kind = f.Kind
				s.strike(f)
			}
		case FaultCutBefore, FaultCutAfter, FaultUnavailable, FaultLimited, FaultLimitedAfter,
			FaultExpire, FaultPoison, FaultWhole, FaultBroken, FaultLock, FaultSlow:
		}
	}
	return kind
}

// Plan is what the script has in store for one write call. The zero Plan
// leaves the call alone.
type Plan struct {
	// Request is the fault that strikes the call as a whole, or empty.
	Request FaultKind

	refused map[int]struct{}
	locked  map[int]struct{}
}

// Refused reports whether the call's record i is to be refused as invalid.
func (p Plan) Refused(i int) bool {
	_, ok := p.refused[i]
	return ok
}

// Locked reports whether the call's record i is to be refused as locked.
func (p Plan) Locked(i int) bool {
	_, ok := p.locked[i]
	return ok
}

// kind names the plan in the log of calls.
func (p Plan) kind() FaultKind {
	switch {
	case p.Request != "":
		return p.Request
	case len(p.refused) > 0:
		return FaultPoison
	case len(p.locked) > 0:
		return FaultLock
	}
	return ""
}

// Plan decides what happens to one write call that holds the records with
// these external ids, in order; an empty id is never marked. Every fault
// counts the call, the first that strikes it as a whole decides unless the call
// is refused whole, and faults on single records add up.
func (s *Script) Plan(keys []string) Plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	var p Plan
	for _, f := range s.active {
		switch f.Kind {
		case FaultExpire, FaultTokenLimited, FaultTokenBusy, FaultTokenUnavailable, FaultTokenCut, FaultTokenCutAfter:
		case FaultPoison:
			if hits := f.mark(keys); len(hits) > 0 {
				p.refused = union(p.refused, hits)
				s.strike(f)
			}
		case FaultLock:
			if f.due() {
				p.locked = union(p.locked, []int{len(keys) / 2})
				s.strike(f)
			}
		case FaultWhole, FaultBroken: // whatever else strikes: what is refused whole must not be applied by an answer that is lost
			if f.reaches(keys) && p.Request != FaultWhole && p.Request != FaultBroken {
				p.Request = f.Kind
				s.strike(f)
			}
		case FaultCutBefore, FaultCutAfter, FaultUnavailable, FaultLimited, FaultLimitedAfter, FaultSlow:
			if f.reaches(keys) && p.Request == "" {
				p.Request = f.Kind
				s.strike(f)
			}
		}
	}
	return p
}

func (s *Script) strike(f *scripted) {
	f.fired++
	s.fired[f.Kind]++
}

// reaches decides for a fault on whole calls.
func (f *scripted) reaches(keys []string) bool {
	if f.marks() {
		return len(f.mark(keys)) > 0
	}
	return f.due()
}

// due decides by the number of the call.
func (f *scripted) due() bool {
	f.calls++
	switch {
	case f.Rows > 0:
		return f.fired < f.Rows
	case f.Chance > 0:
		return chance(string(f.Kind)+strconv.Itoa(f.calls)) < f.Chance
	default:
		return f.calls%f.Every == 0
	}
}

// mark marks what is to be marked among keys and returns where marked ones
// are. Only a call that brings an id for the first time counts: a client that
// splits a refused batch, or sends one again, must not be given new marks for
// it, or it would never come to an end.
func (f *scripted) mark(keys []string) []int {
	var fresh []string
	for _, key := range keys {
		if _, known := f.seen[key]; key != "" && !known {
			f.seen[key] = struct{}{}
			fresh = append(fresh, key)
		}
	}
	if len(fresh) > 0 {
		f.calls++
		f.choose(fresh)
	}
	if len(f.marked) == 0 {
		return nil
	}
	var hits []int
	for i, key := range keys {
		if _, hit := f.marked[key]; hit {
			hits = append(hits, i)
		}
	}
	return hits
}

// choose marks among ids that were never judged before.
func (f *scripted) choose(fresh []string) {
	switch {
	case f.Chance > 0:
		for _, key := range fresh {
			if chance(key) < f.Chance {
				f.add(key)
			}
		}
	case f.Rows > 0:
		if f.made < f.Rows {
			f.add(fresh[len(fresh)/2])
		}
	case f.calls%f.Every == 0:
		f.add(fresh[len(fresh)/2])
	}
}

func (f *scripted) add(key string) {
	f.made++
	f.marked[key] = struct{}{}
	f.order = append(f.order, key)
}

// chance maps s to [0, 1), always alike.
func chance(s string) float64 {
	sum := sha256.Sum256([]byte(s))
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / math.Exp2(53)
}

func union(set map[int]struct{}, more []int) map[int]struct{} {
	if set == nil {
		set = make(map[int]struct{}, len(more))
	}
	for _, i := range more {
		set[i] = struct{}{}
	}
	return set
}
