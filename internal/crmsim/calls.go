package crmsim

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// CallKind says what a call was for.
type CallKind string

// The kinds of call. Read, schema and meta differ in what is asked: records,
// the shape of records, the account itself.
const (
	CallWrite  CallKind = "write"
	CallRead   CallKind = "read"
	CallSchema CallKind = "schema"
	CallAuth   CallKind = "auth"
	CallMeta   CallKind = "meta"
)

// Call is one call as the log keeps it: never a token, a query or a body.
type Call struct {
	N         int       `json:"n"`
	At        time.Time `json:"at"` // arrival
	Millis    float64   `json:"ms"` // until answered
	Account   string    `json:"account,omitempty"`
	Method    string    `json:"method"`
	Path      string    `json:"path"`
	Kind      CallKind  `json:"kind"`
	Object    string    `json:"object,omitempty"`
	Records   int       `json:"records"` // sent or answered
	Created   int       `json:"created"`
	Updated   int       `json:"updated"`
	Failed    int       `json:"failed"`
	Status    int       `json:"status"` // 0 when the connection was cut
	Fault     FaultKind `json:"fault"`
	Throttled bool      `json:"throttled,omitempty"`
	Applied   bool      `json:"applied"` // carried out, whatever was answered

	began time.Time // by the real clock: what is made to pass meanwhile takes no time
}

// CallLog remembers every call. It is safe for concurrent use.
type CallLog struct {
	now func() time.Time

	mu    sync.Mutex
	begun int
	calls []Call
}

// NewCallLog returns an empty log by the given clock.
func NewCallLog(now func() time.Time) *CallLog {
	return &CallLog{now: now}
}

// begin numbers a call by its arrival.
func (l *CallLog) begin(method, path string) Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun++
	return Call{N: l.begun, At: l.now().UTC(), Method: method, Path: path, Kind: CallMeta, began: time.Now()}
}

// end keeps a call that has been answered.
func (l *CallLog) end(c Call) {
	c.Millis = float64(time.Since(c.began).Microseconds()) / 1000
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls = append(l.calls, c)
}

// All returns the answered calls in order of arrival.
func (l *CallLog) All() []Call {
	l.mu.Lock()
	all := slices.Clone(l.calls)
	l.mu.Unlock()
	slices.SortFunc(all, func(a, b Call) int { return cmp.Compare(a.N, b.N) })
	return all
}
