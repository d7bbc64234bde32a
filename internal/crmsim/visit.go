package crmsim

import (
	"net/http"
	"time"
)

// Open carries out a call that needs no token, such as those to the OAuth
// endpoints: it is delayed and logged, and nothing else.
func (g *Rig) Open(w http.ResponseWriter, r *http.Request, kind CallKind, delay time.Duration, handle http.HandlerFunc) {
	v := &visit{ResponseWriter: w, Call: g.Calls.begin(r.Method, r.URL.Path)}
	v.Kind, v.Status = kind, http.StatusOK
	wait(delay)
	g.date(w)
	handle(v, r)
	if v.Status != 0 {
		v.Applied = v.Status < http.StatusBadRequest
	}
	g.Calls.end(v.Call) // before the client can know
	if v.Status == 0 {
		cut(w)
	}
}

// TokenDialect is how a vendor's token endpoint says what the rig has to say
// for it.
type TokenDialect interface {
	// Limited refuses a refresh because there have been too many.
	Limited() Answer
	// Busy refuses a refresh because another of the same token is under way.
	Busy() Answer
	// Unavailable refuses a refresh with a 503.
	Unavailable() Answer
}

// Refresh carries out one refresh of a token, unless the script is against it.
// It must be called by what Open has called, with the writer it was given.
func (g *Rig) Refresh(w http.ResponseWriter, d TokenDialect, handle func(http.ResponseWriter)) {
	v, ok := w.(*visit)
	if !ok {
		handle(w)
		return
	}
	v.Fault = g.Script.Refreshes()
	switch v.Fault {
	case FaultTokenLimited:
		v.Throttled = true
		d.Limited().write(v)
	case FaultTokenBusy:
		d.Busy().write(v)
	case FaultTokenUnavailable:
		d.Unavailable().write(v)
	case FaultTokenCut:
		v.Status = 0
	case FaultTokenCutAfter:
		lost := &lostWriter{header: make(http.Header)}
		handle(lost)
		v.Applied = lost.status < http.StatusBadRequest
		v.Status = 0
	case "", FaultCutBefore, FaultCutAfter, FaultUnavailable, FaultLimited, FaultLimitedAfter,
		FaultExpire, FaultPoison, FaultWhole, FaultBroken, FaultLock, FaultSlow:
		handle(v)
	}
}

// visit is one call without a token while it is being carried out. One whose
// status is 0 in the end is cut.
type visit struct {
	http.ResponseWriter
	Call
}

// WriteHeader remembers the status.
func (v *visit) WriteHeader(status int) {
	v.Status = status
	v.ResponseWriter.WriteHeader(status)
}

// lostWriter takes an answer that nobody gets.
type lostWriter struct {
	header http.Header
	status int
}

// Header returns headers that nobody sends.
func (w *lostWriter) Header() http.Header { return w.header }

// WriteHeader remembers the status.
func (w *lostWriter) WriteHeader(status int) { w.status = status }

// Write drops the body.
func (w *lostWriter) Write(p []byte) (int, error) { return len(p), nil }
