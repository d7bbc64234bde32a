package rest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
)

// Request is something that was asked with a key, so that it can be asked again
// and is done once.
type Request struct {
	WorkspaceID uuid.UUID
	Key         []byte    // hash of the caller's key
	Asked       []byte    // hash of what was asked, but for the body
	Body        []byte    // hash of the body; nil while that is not known
	Token       uuid.UUID // of who is at it
	MadeID      uuid.UUID // for what the request makes, whichever attempt makes it
	Answer      []byte    // sealed; nil while there is none
}

// Requests remembers what was asked with a key, for every process.
type Requests interface {
	// BeginRequest takes r up for as long as hold, and remembers it for as long as
	// keep. It returns the request as it is remembered: with r's token when it was
	// taken up, else as whoever came before has left it.
	BeginRequest(ctx context.Context, r Request, hold, keep time.Duration) (Request, error)

	// HoldRequest goes on holding what r's token took up.
	HoldRequest(ctx context.Context, r Request, hold time.Duration) error

	// EndRequest lets go of what r's token took up, and keeps r's body and answer.
	// Without an answer, whoever comes next takes it up again.
	EndRequest(ctx context.Context, r Request) error
}

// Sealer seals what must not lie about in the clear. What was sealed opens only
// together with the same aad.
type Sealer interface {
	Seal(plain, aad []byte) ([]byte, error)
	Open(sealed, aad []byte) ([]byte, error)
}

// How long a request is remembered, how long it is held by somebody who has
// died, how long a second one waits for the first, and how often it looks. A
// second one waits longer than the dead hold, so that whoever repeats a request
// that a process died with gets its answer.
const (
	requestKept     = 24 * time.Hour
	requestHeld     = 10 * time.Second
	requestPatience = 20 * time.Second
	requestLook     = 100 * time.Millisecond
)

// once makes sure that of all requests with the same key one is carried out, and
// that the others are answered the same. Whatever was decided is kept, refusals
// too; a failure of ours decides nothing, and the same request may be made again.
func (s *Server) once(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		key := r.Header.Get("Idempotency-Key")
		caller, known := callerOf(r.Context())
		if key == "" || !known || r.Method == http.MethodGet || r.Method == http.MethodHead {
			return next(c)
		}
		made, err := uuid.NewV7()
		if err != nil {
			return fmt.Errorf("making an id: %w", err)
		}
		mine := Request{
			WorkspaceID: caller.WorkspaceID, Key: digest(key), Token: uuid.New(), MadeID: made,
			Asked: digest(r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get(echo.HeaderContentType)),
		}
		if route(c) != loadRoute { // which is read as it comes
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return invalid(err)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			mine.Body = digest(string(body))
		}
		held, err := s.takeUp(r.Context(), mine)
		switch {
		case err != nil:
			return err
		case held.Token != mine.Token:
			return s.repeat(c, held)
		}
		return s.carryOut(c, next, held)
	}
}

// digest returns the hash of parts, which no other parts have.
func digest(parts ...string) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte(strconv.Itoa(len(p)) + ":" + p))
	}
	return h.Sum(nil)
}

// takeUp returns mine when nobody has asked it before, or nobody was left to
// answer it; else what was asked before and has its answer, which is waited for.
func (s *Server) takeUp(ctx context.Context, mine Request) (Request, error) {
	deadline := time.Now().Add(requestPatience)
	for {
		got, err := s.Requests.BeginRequest(ctx, mine, requestHeld, requestKept)
		if err != nil || got.Token == mine.Token {
			return got, err
		}
		if !bytes.Equal(got.Asked, mine.Asked) || got.Body != nil && mine.Body != nil && !bytes.Equal(got.Body, mine.Body) {
			return Request{}, &Error{Code: codeKeyReused}
		}
		if got.Answer != nil {
			return got, nil
		}
		if time.Now().After(deadline) {
			return Request{}, &Error{Code: "idempotency_in_progress"}
		}
		timer := time.NewTimer(requestLook)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return Request{}, ctx.Err()
		}
	}
}

// keptAnswer is an answer as it is kept.
type keptAnswer struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body"`
}

// keptHeaders are those of an answer that are part of it.
var keptHeaders = []string{echo.HeaderContentType, echo.HeaderLocation, headerETag}

// repeat answers as it was answered before.
func (s *Server) repeat(c echo.Context, held Request) error {
	if route(c) == loadRoute {
		h := sha256.New()
		if _, err := io.Copy(h, c.Request().Body); err != nil {
			return invalid(err)
		}
		if !bytes.Equal(h.Sum(nil), held.Body) {
			return &Error{Code: codeKeyReused}
		}
	}
	plain, err := s.Sealer.Open(held.Answer, held.aad())
	if err != nil {
		return err
	}
	var a keptAnswer
	if err := json.Unmarshal(plain, &a); err != nil {
		return fmt.Errorf("reading a kept answer: %w", err)
	}
	for name, value := range a.Headers {
		c.Response().Header().Set(name, value)
	}
	c.Response().Header().Set("Idempotent-Replayed", "true")
	c.Response().WriteHeader(a.Status)
	_, err = c.Response().Write(a.Body)
	return err
}

// aad says what the answer to r belongs to.
func (r Request) aad() []byte {
	return []byte("answer|" + r.WorkspaceID.String() + "|" + hex.EncodeToString(r.Key))
}

type madeIDKey struct{}

// newID returns the id of what a request makes. A request that is made again
// under the same key, because nobody knows what became of it, has the same.
func newID(ctx context.Context) (uuid.UUID, error) {
	if id, ok := ctx.Value(madeIDKey{}).(uuid.UUID); ok {
		return id, nil
	}
	id, err := uuid.NewV7()
	if err != nil {
		return id, fmt.Errorf("making an id: %w", err)
	}
	return id, nil
}

// carryOut does what was asked and keeps the answer, which the caller has by
// then.
func (s *Server) carryOut(c echo.Context, next echo.HandlerFunc, held Request) error {
	r := c.Request()
	ctx := context.WithoutCancel(r.Context()) // the caller may go; what was done stays done
	holding, stop := context.WithCancel(ctx)
	released := make(chan struct{})
	go func(r Request) { // held gets its answer while this goes on
		defer close(released)
		s.hold(holding, r)
	}(held)
	copied := &copying{ResponseWriter: c.Response().Writer}
	var read *reading
	if route(c) == loadRoute {
		read = &reading{body: r.Body, hash: sha256.New()}
		r.Body = io.NopCloser(read)
	}
	c.SetRequest(r.WithContext(context.WithValue(r.Context(), madeIDKey{}, held.MadeID)))
	c.Response().Writer = copied
	defer func() { // also when the handler panics
		c.Response().Writer = copied.ResponseWriter
		stop()
		<-released
		if err := s.Requests.EndRequest(ctx, held); err != nil {
			s.Log.Error("keeping an answer", zap.String("request", requestID(ctx)), zap.String("route", route(c)), zap.Error(err))
		}
	}()
	if err := next(c); err != nil {
		c.Error(err)
	}
	status := c.Response().Status
	decided := status < http.StatusInternalServerError
	if decided && read != nil {
		_, err := io.Copy(io.Discard, read) // whatever the handler has left
		if decided = err == nil; decided {  // the hash of a part would be that of another body
			held.Body = read.hash.Sum(nil)
		}
	}
	if !decided {
		return nil
	}
	answer, err := s.seal(held, status, copied)
	if err != nil {
		s.Log.Error("keeping an answer", zap.String("request", requestID(ctx)), zap.String("route", route(c)), zap.Error(err))
		return nil
	}
	held.Answer = answer
	return nil
}

// hold keeps others from taking r up for as long as ctx lasts.
func (s *Server) hold(ctx context.Context, r Request) {
	ticker := time.NewTicker(requestHeld / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if err := s.Requests.HoldRequest(ctx, r, requestHeld); err != nil && ctx.Err() == nil {
				s.Log.Warn("holding a request", zap.Error(err))
			}
		case <-ctx.Done():
			return
		}
	}
}

// seal returns an answer as it is kept.
func (s *Server) seal(held Request, status int, copied *copying) ([]byte, error) {
	a := keptAnswer{Status: status, Headers: make(map[string]string), Body: copied.body.Bytes()}
	for _, name := range keptHeaders {
		if value := copied.Header().Get(name); value != "" {
			a.Headers[name] = value
		}
	}
	plain, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("writing an answer: %w", err)
	}
	return s.Sealer.Seal(plain, held.aad())
}

// copying is a ResponseWriter that keeps a copy of the body.
type copying struct {
	http.ResponseWriter

	body bytes.Buffer
}

// Write implements http.ResponseWriter. The copy is whole also when the caller
// has gone.
func (w *copying) Write(p []byte) (int, error) {
	w.body.Write(p)
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through.
func (w *copying) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// reading is a body that is hashed while it is read.
type reading struct {
	body io.Reader
	hash hash.Hash
}

// Read implements io.Reader.
func (r *reading) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.hash.Write(p[:n])
	return n, err
}
