package crmsim

import (
	"fmt"
	"strconv"
	"strings"
)

// FaultKind names one way in which an emulated vendor misbehaves on command.
type FaultKind string

// The kinds of fault. The first five and slow act on a whole write call;
// expire acts on any data call; poison and lock act on single records;
// whole-400 and whole-500 act on every call that holds a marked record; those
// that begin with token act on the refresh of a token.
const (
	FaultCutBefore    FaultKind = "cut-before" // reset the connection, nothing applied
	FaultCutAfter     FaultKind = "cut-after"  // apply, then reset the connection
	FaultUnavailable  FaultKind = "503"        // answer 503, nothing applied
	FaultLimited      FaultKind = "429"        // answer that a limit is exceeded, nothing applied
	FaultLimitedAfter FaultKind = "429-after"  // apply, then answer that a limit is exceeded
	FaultExpire       FaultKind = "expire"     // kill the presented access token
	FaultPoison       FaultKind = "poison"     // refuse marked records until healed
	FaultWhole        FaultKind = "whole-400"  // refuse any call that holds a marked record until healed
	FaultBroken       FaultKind = "whole-500"  // break down over any call that holds a marked record until healed
	FaultLock         FaultKind = "lock"       // refuse one record once, as locked by someone else
	FaultSlow         FaultKind = "slow"       // answer late

	FaultTokenLimited     FaultKind = "token-429"       // answer that there are too many refreshes
	FaultTokenBusy        FaultKind = "token-busy"      // answer that another refresh is under way
	FaultTokenUnavailable FaultKind = "token-503"       // answer 503, nothing refreshed
	FaultTokenCut         FaultKind = "token-cut"       // reset the connection, nothing refreshed
	FaultTokenCutAfter    FaultKind = "token-cut-after" // refresh, then reset the connection
)

// faultForms is what a spec may look like, for whoever mistyped one.
const faultForms = "KIND[:every=N|rows=N|p=F] with KIND one of cut-before, cut-after, 503, 429, 429-after, expire, poison, whole-400, whole-500, lock, slow, " +
	"token-429, token-busy, token-503, token-cut, token-cut-after"

// Fault is one scripted misbehaviour: a kind and when it strikes. Exactly one
// of Every, Rows and Chance is set.
type Fault struct {
	Kind FaultKind
	// Every strikes on each Nth call that the fault looks at.
	Every int
	// Rows marks so many external ids, one a call, and strikes wherever they
	// appear until healed. For expire, lock and the faults of tokens, which mark
	// nothing, it is the number of strikes.
	Rows int
	// Chance strikes with this probability, decided by hash: the same record,
	// or the same number of call, always decides alike.
	Chance float64
}

// ParseFault reads KIND[:every=N|rows=N|p=F]. A bare KIND strikes every time.
func ParseFault(spec string) (Fault, error) {
	kind, rest, qualified := strings.Cut(spec, ":")
	f := Fault{Kind: FaultKind(kind)}
	switch f.Kind {
	case FaultCutBefore, FaultCutAfter, FaultUnavailable, FaultLimited, FaultLimitedAfter,
		FaultExpire, FaultPoison, FaultWhole, FaultBroken, FaultLock, FaultSlow,
		FaultTokenLimited, FaultTokenBusy, FaultTokenUnavailable, FaultTokenCut, FaultTokenCutAfter:
	default:
		return Fault{}, fmt.Errorf("reading fault %q: no such kind; want %s", spec, faultForms)
	}
	if !qualified {
		f.Every = 1
		return f, nil
	}
	name, value, _ := strings.Cut(rest, "=")
	var ok bool
	switch name {
	case "every":
		f.Every, ok = positive(value)
	case "rows":
		f.Rows, ok = positive(value)
	case "p":
		var err error
		f.Chance, err = strconv.ParseFloat(value, 64)
		ok = err == nil && f.Chance > 0 && f.Chance <= 1
	}
	if !ok {
		return Fault{}, fmt.Errorf("reading fault %q: %q is not every=N, rows=N (N above 0) or p=F (0 < F ≤ 1); want %s", spec, rest, faultForms)
	}
	return f, nil
}

func positive(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0
}

// String returns the spec that ParseFault reads.
func (f Fault) String() string {
	switch {
	case f.Rows > 0:
		return fmt.Sprintf("%s:rows=%d", f.Kind, f.Rows)
	case f.Chance > 0:
		return fmt.Sprintf("%s:p=%v", f.Kind, f.Chance)
	default:
		return fmt.Sprintf("%s:every=%d", f.Kind, f.Every)
	}
}

// marks reports whether the fault strikes at remembered external ids rather
// than at calls by their number.
func (f Fault) marks() bool {
	switch f.Kind {
	case FaultPoison, FaultWhole, FaultBroken:
		return true
	case FaultExpire, FaultLock, FaultTokenLimited, FaultTokenBusy, FaultTokenUnavailable, FaultTokenCut, FaultTokenCutAfter:
		return false
	case FaultCutBefore, FaultCutAfter, FaultUnavailable, FaultLimited, FaultLimitedAfter, FaultSlow:
		return f.Rows > 0
	}
	return false
}
