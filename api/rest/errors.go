package rest

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// Error says what to answer. Its code is one of refusals; or one of package
// lockstep's, or somebody else's, and then Kind says the status.
// Texts that are not empty stand instead of the registry's. They go to the
// caller, so they may name what the caller sent, but nobody's secret.
type Error struct {
	Code   lockstep.Code
	Kind   crm.Kind // decides the status of a code that is not in refusals
	Title  string
	Detail string
	Fix    string
	Err    error // the cause, for the log

	errors []RequestError
	report *LoadReport
}

// Error returns the code, for the rest is the caller's.
func (r *Error) Error() string { return "refusing: " + string(r.Code) }

// Unwrap returns the cause.
func (r *Error) Unwrap() error { return r.Err }

// The codes that are refused with in more than one place.
const (
	codeUnauthenticated = "unauthenticated"
	codeRoleForbidden   = "role_forbidden"
	codeNotFound        = "not_found"
	codeRequestInvalid  = "request_invalid"
	codeUnavailable     = "service_unavailable"
	codeInternal        = "internal_error"
	codeNotLive         = "connection_not_live"
	codeNoRecords       = "no_records"
	codeTooSlow         = "body_too_slow"
	codeKeyReused       = "idempotency_key_reused"
)

// statuses say in HTTP what kind of failure it was: the one place that does. The
// kinds of a CRM's failures have come through us, so that none is the caller's
// own 401 or 429.
var statuses = map[crm.Kind]int{
	crm.KindInternal:     http.StatusInternalServerError,
	crm.KindInvalid:      http.StatusUnprocessableEntity,
	crm.KindUnauthorized: http.StatusConflict,
	crm.KindForbidden:    http.StatusForbidden,
	crm.KindNotFound:     http.StatusNotFound,
	crm.KindConflict:     http.StatusConflict,
	crm.KindRateLimited:  http.StatusServiceUnavailable,
	crm.KindQuota:        http.StatusServiceUnavailable,
	crm.KindUnavailable:  http.StatusServiceUnavailable,
	crm.KindUnknown:      http.StatusBadGateway,
	crm.KindUnsupported:  http.StatusUnprocessableEntity,
}

// codes are what a failure of our own house is called by its kind.
var codes = map[crm.Kind]lockstep.Code{
	crm.KindInternal:     codeInternal,
	crm.KindInvalid:      codeRequestInvalid,
	crm.KindUnauthorized: codeInternal,
	crm.KindForbidden:    codeInternal,
	crm.KindNotFound:     codeNotFound,
	crm.KindConflict:     "conflict",
	crm.KindRateLimited:  codeUnavailable,
	crm.KindQuota:        codeUnavailable,
	crm.KindUnavailable:  codeUnavailable,
	crm.KindUnknown:      codeUnavailable,
	crm.KindUnsupported:  codeInternal,
}

// refusal returns what to answer to err.
func refusal(err error) *Error {
	if r, ok := errors.AsType[*Error](err); ok {
		return r
	}
	if e, ok := errors.AsType[*echo.HTTPError](err); ok {
		return &Error{Code: codeOfStatus(e.Code), Err: err}
	}
	if e, ok := errors.AsType[*crm.Error](err); ok {
		return &Error{Code: codes[e.Kind], Err: err}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &Error{Code: codeUnavailable, Err: err}
	}
	if late(err) {
		return &Error{Code: codeTooSlow, Err: err}
	}
	return &Error{Code: codeInternal, Err: err}
}

// late tells whether a body did not arrive by the server's own deadline, which is
// no context's.
func late(err error) bool {
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout() && !errors.Is(err, context.DeadlineExceeded)
}

// codeOfStatus names what Echo refuses by itself.
func codeOfStatus(status int) lockstep.Code {
	switch status {
	case http.StatusNotFound:
		return codeNotFound
	case http.StatusMethodNotAllowed:
		return "method_not_allowed"
	case http.StatusRequestEntityTooLarge:
		return "body_too_large"
	case http.StatusUnsupportedMediaType:
		return "media_type_unsupported"
	case http.StatusTooManyRequests:
		return "too_many_requests"
	}
	if status < http.StatusInternalServerError {
		return codeRequestInvalid
	}
	return codeInternal
}

// problem returns r as the caller reads it.
func (r *Error) problem(request string) Problem {
	known, ok := refusals[string(r.Code)]
	if !ok {
		known = told{status: statuses[r.Kind], Problem: lockstep.Explain(r.Code)}
	}
	if known.status == 0 {
		known.status = http.StatusInternalServerError
	}
	p := Problem{
		Type: problemType(r.Code), Title: cmp.Or(r.Title, known.Title), Status: known.status, Code: string(r.Code), Instance: "urn:uuid:" + request,
		Detail: cmp.Or(r.Detail, known.Meaning), Fix: cmp.Or(r.Fix, known.Fix), Report: r.report,
	}
	if len(r.errors) > 0 {
		p.Errors = &r.errors
	}
	return p
}

// problemType returns the URI that names a problem for ever.
func problemType(code lockstep.Code) string { return "https://lockstep.dev/problems/" + string(code) }

// answerError answers a request that failed: with a page where a person looks,
// else with a problem document.
func (s *Server) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	ctx := c.Request().Context()
	r := refusal(err)
	p := r.problem(requestID(ctx))
	if p.Status >= http.StatusInternalServerError && ctx.Err() == nil {
		if r.Err != nil {
			err = r.Err
		}
		s.Log.Error("failing", zap.String("request", requestID(ctx)), zap.String("route", route(c)), zap.Error(err))
	}
	if c.Request().Method == http.MethodHead {
		err = c.NoContent(p.Status)
	} else if isPage(c) && !browserOf(ctx).wantsJSON {
		err = c.HTML(p.Status, problemPage(p))
	} else {
		c.Response().Header().Set(echo.HeaderContentType, "application/problem+json")
		c.Response().WriteHeader(p.Status)
		err = c.Echo().JSONSerializer.Serialize(c, p, "")
	}
	if err != nil && ctx.Err() == nil {
		s.Log.Warn("answering", zap.String("request", requestID(ctx)), zap.Error(err))
	}
}

// sentence returns s with a full stop.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
