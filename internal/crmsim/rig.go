package crmsim

import (
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"
	"strings"
	"time"
)

// Settings are what a vendor's rig starts with. The zero Settings disturb
// nothing.
type Settings struct {
	Terms  Terms
	Faults []Fault
	// SlowFor is how late the fault slow answers; 2 s when zero.
	SlowFor time.Duration
	// Clock is the vendor's time; one of its own, level with the real time, when
	// nil. It does not move latency, nor what slow adds: those are waited for.
	Clock *Clock
	// Issued is how many ids each object is taken to have handed out before, so
	// that none means a record of an earlier life of the same account.
	Issued int
}

// Rig is what a vendor's data calls run through: it lets them in, counts,
// delays, disturbs and logs them. It is safe for concurrent use.
type Rig struct {
	Limits *Limits
	Script *Script
	Calls  *CallLog
	Clock  *Clock
	Issued int // see Settings

	slowFor time.Duration
}

// NewRig returns a rig with the given settings.
func NewRig(s Settings) *Rig {
	if s.Clock == nil {
		s.Clock = NewClock(time.Now)
	}
	if s.SlowFor == 0 {
		s.SlowFor = 2 * time.Second
	}
	return &Rig{
		Issued:  s.Issued,
		Limits:  NewLimits(s.Terms, s.Clock.Now),
		Script:  NewScript(s.Faults...),
		Calls:   NewCallLog(s.Clock.Now),
		Clock:   s.Clock,
		slowFor: s.SlowFor,
	}
}

// Dialect is how a vendor says what the rig has to say for it.
type Dialect interface {
	// Admit returns the account whose live token r presents, or the refusal.
	Admit(r *http.Request) (account string, refusal *Answer)
	// Expire kills the token that r presents and returns the refusal.
	Expire(r *http.Request) Answer
	// Limited refuses a call for the limit that u.Excess names.
	Limited(u Usage) Answer
	// Unavailable refuses a call with a 503.
	Unavailable() Answer
	// Invalid refuses a whole call with a 400, whichever record is at fault.
	Invalid() Answer
	// Broken answers a whole call with a 500.
	Broken() Answer
	// Stamp adds the headers that every answer to an account carries.
	Stamp(h http.Header, u Usage)
}

// Metered is a Dialect whose limits depend on the call, as where each kind of
// token has its own.
type Metered interface {
	Dialect
	// Meter says what the call is counted by that Admit has just let in.
	Meter() Meter
}

// Answer is what a vendor replies to one call.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Cut resets the connection instead of replying.
	Cut bool
}

// Exchange is one data call while it is being carried out. The vendor fills
// in the counts of Call; everything else is the rig's.
type Exchange struct {
	Call
	Request *http.Request
	Body    []byte
	Usage   Usage

	rig     *Rig
	dialect Dialect
	plan    Plan
}

// Data carries out one data call: handle is called once the call is let in and
// delayed, with the whole body read, so that what a client sent before it went
// away is applied all the same.
func (g *Rig) Data(w http.ResponseWriter, r *http.Request, d Dialect, handle func(*Exchange) Answer) {
	x := &Exchange{Call: g.Calls.begin(r.Method, r.URL.Path), Request: r, rig: g, dialect: d}
	answer := g.carryOut(x, handle)
	if answer.Cut {
		g.Calls.end(x.Call) // before the client can know
		cut(w)
		return
	}
	defer func() { g.Calls.end(x.Call) }()
	x.Status = answer.Status
	g.date(w)
	if x.Account != "" {
		d.Stamp(w.Header(), x.Usage)
	}
	answer.write(w)
}

func (g *Rig) carryOut(x *Exchange, handle func(*Exchange) Answer) Answer {
	body, err := read(x.Request)
	if err != nil {
		return Answer{Status: http.StatusBadRequest}
	}
	x.Body = body
	refusal := g.admit(x)
	wait(g.Limits.Terms().Latency)
	if refusal != nil {
		return *refusal
	}
	answer := handle(x)
	x.Fault = x.plan.kind()
	x.Applied = !answer.Cut && answer.Status < http.StatusBadRequest
	switch x.plan.Request {
	case FaultCutAfter:
		return Answer{Cut: true}
	case FaultLimitedAfter:
		x.Throttled = true
		return x.dialect.Limited(x.excess())
	case FaultSlow:
		wait(g.slowFor)
	case "", FaultCutBefore, FaultUnavailable, FaultLimited, FaultExpire, FaultPoison, FaultWhole, FaultBroken, FaultLock,
		FaultTokenLimited, FaultTokenBusy, FaultTokenUnavailable, FaultTokenCut, FaultTokenCutAfter:
	}
	return answer
}

// admit returns why the call is not let in, or nil.
func (g *Rig) admit(x *Exchange) *Answer {
	account, refusal := x.dialect.Admit(x.Request)
	if refusal != nil {
		return refusal
	}
	x.Account = account
	if g.Script.Expires() {
		x.Fault = FaultExpire
		answer := x.dialect.Expire(x.Request)
		return &answer
	}
	var meter Meter
	if d, ok := x.dialect.(Metered); ok {
		meter = d.Meter()
	}
	x.Usage = g.Limits.Take(account, meter)
	if x.Usage.Excess != ExcessNone {
		x.Throttled = true
		answer := x.dialect.Limited(x.Usage)
		return &answer
	}
	return nil
}

// Disturb asks the script about a write of the records with these external
// ids. A vendor calls it once per write call, after reading the call and
// before applying anything; when it returns an answer, nothing may be applied.
func (x *Exchange) Disturb(keys []string) (Plan, *Answer) {
	x.plan = x.rig.Script.Plan(keys)
	var answer Answer
	switch x.plan.Request {
	case FaultCutBefore:
		answer = Answer{Cut: true}
	case FaultUnavailable:
		answer = x.dialect.Unavailable()
	case FaultLimited:
		x.Throttled = true
		answer = x.dialect.Limited(x.excess())
	case FaultWhole:
		answer = x.dialect.Invalid()
	case FaultBroken:
		answer = x.dialect.Broken()
	case "", FaultCutAfter, FaultLimitedAfter, FaultSlow, FaultExpire, FaultPoison, FaultLock,
		FaultTokenLimited, FaultTokenBusy, FaultTokenUnavailable, FaultTokenCut, FaultTokenCutAfter:
		return x.plan, nil
	}
	return x.plan, &answer
}

// excess is the usage that a scripted limit answer claims.
func (x *Exchange) excess() Usage {
	u := x.Usage
	u.Excess = ExcessRate
	return u
}

// date has the answer tell the vendor's time instead of the server's.
func (g *Rig) date(w http.ResponseWriter) {
	w.Header().Set("Date", g.Clock.Now().UTC().Format(http.TimeFormat))
}

func (a Answer) write(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.Header)
	w.WriteHeader(a.Status)
	// The client may have gone away, which is its right and none of ours.
	_, _ = w.Write(a.Body)
}

// read returns the whole body, unpacked if it came packed. It makes room by the
// announced length, which spares the large calls their growing pains.
func read(r *http.Request) ([]byte, error) {
	body := io.Reader(r.Body)
	if strings.EqualFold(r.Header.Get("Content-Encoding"), "gzip") {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = unpacked
	}
	buf := make([]byte, 0, max(r.ContentLength, 0)+512)
	for {
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
	}
}

// cut resets the connection: the client sees neither an answer nor an end.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		// Without lingering, closing sends a reset.
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// wait lets d pass. It does not stop when the client goes away: a real server
// would not notice either before it has done the work.
func wait(d time.Duration) {
	if d <= 0 {
		return
	}
	<-time.After(d)
}
