package hubspot

import (
	"strconv"

	"lockstep/internal/crm"
)

// sheet is where the outcomes of a batch are written down, each once.
type sheet struct {
	outcomes []crm.Outcome
	settled  []bool
	byKey    map[string]int // what a write was matched by → its place
}

func newSheet(match crm.Match, sent []crm.Write) *sheet {
	s := &sheet{
		outcomes: make([]crm.Outcome, len(sent)),
		settled:  make([]bool, len(sent)),
		byKey:    make(map[string]int, len(sent)),
	}
	for i, w := range sent {
		s.outcomes[i].Ref = w.Ref
		s.byKey[keyOf(match, w)] = i
	}
	return s
}

// whose returns the place of the write that is named: by its trace id, which the
// vendor need not repeat, else by what it was matched by.
func (s *sheet) whose(traceID, key string) (int, bool) {
	if i, err := strconv.Atoi(traceID); err == nil && i >= 0 && i < len(s.outcomes) {
		return i, true
	}
	i, ok := s.byKey[key]
	return i, ok
}

// culprits returns the places of the writes that an error is about, which it
// names by trace id, by what they were matched by, or both
// (amp-labs-fixtures/batch).
func (s *sheet) culprits(f fault) []int {
	var places []int
	for _, traceID := range f.about("objectWriteTraceId") {
		if i, ok := s.whose(traceID, ""); ok {
			places = append(places, i)
		}
	}
	for _, key := range f.about("ids", "id") {
		if i, ok := s.whose("", key); ok {
			places = append(places, i)
		}
	}
	return places
}

// settle writes an outcome down. It returns false when there is another one
// already; a record may be refused for several reasons, of which the first is
// kept.
func (s *sheet) settle(i int, o crm.Outcome) bool {
	if s.settled[i] {
		return o.Err != nil && s.outcomes[i].Err != nil
	}
	o.Ref = s.outcomes[i].Ref
	s.outcomes[i], s.settled[i] = o, true
	return true
}

// settleRest settles the writes that nothing was said about by name. What was
// said of nobody is about them; it is theirs when there is no choice, and when
// there is, no more is known than that. It returns false when there are more
// answers than writes.
func (s *sheet) settleRest(strays []crm.Outcome) bool {
	rest := 0
	for _, done := range s.settled {
		if !done {
			rest++
		}
	}
	if rest == 0 {
		return len(strays) == 0
	}
	o := crm.Outcome{Err: &crm.Error{Kind: crm.KindUnknown, Op: writeOp, Err: errAnswered}}
	switch {
	case rest == 1 && len(strays) == 1:
		o = strays[0]
	case sameRefusal(strays):
		e := *strays[0].Err
		e.Message = "" // whose it is, is not known
		o = crm.Outcome{Err: &e}
	}
	for i := range s.settled {
		if !s.settled[i] {
			s.settle(i, o)
		}
	}
	return true
}

// sameRefusal tells whether strays refuse, and all for the same reason, so that
// it does not matter which of them is whose.
func sameRefusal(strays []crm.Outcome) bool {
	if len(strays) == 0 || strays[0].Err == nil {
		return false
	}
	first := strays[0].Err
	for _, o := range strays[1:] {
		if o.Err == nil || o.Err.Kind != first.Kind || o.Err.Reason != first.Reason || o.Err.Code != first.Code {
			return false
		}
	}
	return true
}
