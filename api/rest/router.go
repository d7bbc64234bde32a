package rest

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/zap"
	"golang.org/x/time/rate"
)

// The most bytes of a body.
const (
	bodyLimit = "1M"
	loadLimit = "64M"
)

// loadRoute is the route whose body is large and read as it comes.
const loadRoute = "POST /v1/records"

// router returns an Echo with everything that is the same for all routes, from
// the outside in.
func (s *Server) router(doc *document) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // nobody's X-Forwarded-For is believed
	e.HTTPErrorHandler = s.answerError
	e.Use(
		identify,
		s.accessLog(),
		s.recover(),
		secure(strings.HasPrefix(s.PublicURL, "https://")),
		answerAtOnce,
		refuseStrangers,
		limitBody(bodyLimit, func(route string) bool { return route != loadRoute }),
		limitBody(loadLimit, func(route string) bool { return route == loadRoute }),
		s.authenticate,
		s.limitRate(),
		browse,
		doc.validate,
		s.once,
		s.audit(doc),
	)
	return e
}

// route names the route of a request as the tables do, such as
// "GET /v1/runs/:run_id".
func route(c echo.Context) string { return c.Request().Method + " " + c.Path() }

type requestIDKey struct{}

// identify gives each request an id of its own, which its answer and the log
// have.
func identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id.String())
		r := c.Request()
		r.Pattern = route(c) // by which whoever measures and traces tells requests apart
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id.String())))
		return next(c)
	}
}

// requestID returns the id of the request that ctx is of.
func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// accessLog logs a line for each request: the route, never the path, the query
// or a header, where tickets, codes and keys are.
func (s *Server) accessLog() echo.MiddlewareFunc {
	return middleware.RequestLoggerWithConfig(middleware.RequestLoggerConfig{
		HandleError: true, LogStatus: true, LogLatency: true, LogResponseSize: true,
		LogValuesFunc: func(c echo.Context, v middleware.RequestLoggerValues) error {
			fields := []zap.Field{
				zap.String("request", requestID(c.Request().Context())),
				zap.String("route", route(c)),
				zap.Int("status", v.Status),
				zap.Duration("took", v.Latency),
				zap.Int64("bytes", v.ResponseSize),
			}
			for _, name := range []string{"connection_id", "run_id"} {
				if id, err := uuid.Parse(c.Param(name)); err == nil {
					fields = append(fields, zap.Stringer(strings.TrimSuffix(name, "_id"), id))
				}
			}
			if key, ok := callerOf(c.Request().Context()); ok {
				fields = append(fields, zap.Stringer("workspace", key.WorkspaceID), zap.Stringer("caller", key.ID))
			}
			if span := trace.SpanContextFromContext(c.Request().Context()); span.IsValid() { // named as Temporal's SDK does
				fields = append(fields, zap.Stringer("TraceID", span.TraceID()), zap.Stringer("SpanID", span.SpanID()))
			}
			s.Log.Info("answered", fields...)
			return nil
		},
	})
}

// recover turns a panic into an answer, and logs where it was.
func (s *Server) recover() echo.MiddlewareFunc {
	return middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(c echo.Context, err error, stack []byte) error {
			s.Log.Error("panicked", zap.String("request", requestID(c.Request().Context())), zap.String("route", route(c)), zap.ByteString("stack", stack))
			return err
		},
	})
}

// secure sets what browsers should know of every answer: what it may load, that
// nobody may frame it, that it is kept nowhere.
func secure(overTLS bool) echo.MiddlewareFunc {
	config := middleware.SecureConfig{
		ContentTypeNosniff: "nosniff", XFrameOptions: "DENY", ReferrerPolicy: "no-referrer", ContentSecurityPolicy: pagePolicy(),
	}
	if overTLS {
		config.HSTSMaxAge = int((365 * 24 * time.Hour).Seconds())
	}
	headers := middleware.SecureWithConfig(config)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return headers(func(c echo.Context) error {
			c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
			return next(c)
		})
	}
}

// refuseStrangers refuses what the document does not have, always in the same
// way: Echo would answer OPTIONS by itself, and takes the rest of an address for
// the parameter that it ends with.
func refuseStrangers(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if allowed, ok := c.Get(echo.ContextKeyHeaderAllow).(string); ok {
			c.Response().Header().Set(echo.HeaderAllow, strings.TrimPrefix(allowed, http.MethodOptions+", "))
			return echo.ErrMethodNotAllowed
		}
		for i, name := range c.ParamNames() {
			if name != "*" && strings.Contains(c.ParamValues()[i], "/") {
				c.SetPath("") // it is no route's
				return echo.ErrNotFound
			}
		}
		return next(c)
	}
}

func limitBody(limit string, applies func(route string) bool) echo.MiddlewareFunc {
	return middleware.BodyLimitWithConfig(middleware.BodyLimitConfig{
		Limit: limit, Skipper: func(c echo.Context) bool { return !applies(route(c)) },
	})
}

// limitRate bounds the calls of one key, and those without a key of one
// address, in this process.
func (s *Server) limitRate() echo.MiddlewareFunc {
	perSecond := cmp.Or(s.Rate, DefaultRate)
	return middleware.RateLimiterWithConfig(middleware.RateLimiterConfig{
		Skipper: func(c echo.Context) bool { return c.Path() == "/healthz" || c.Path() == "/readyz" },
		Store: middleware.NewRateLimiterMemoryStoreWithConfig(middleware.RateLimiterMemoryStoreConfig{
			Rate: rate.Limit(perSecond), Burst: max(1, int(2*perSecond)), ExpiresIn: 3 * time.Minute,
		}),
		IdentifierExtractor: func(c echo.Context) (string, error) {
			if key, ok := callerOf(c.Request().Context()); ok {
				return key.ID.String(), nil
			}
			return c.RealIP(), nil
		},
		DenyHandler: func(c echo.Context, _ string, _ error) error {
			c.Response().Header().Set(echo.HeaderRetryAfter, "1")
			return &Error{Code: "too_many_requests"}
		},
	})
}

// browser is what a handler of a page has to know of who is asking.
type browser struct {
	wantsJSON bool
	cookies   []*http.Cookie
}

type browserKey struct{}

// browse makes what a browser sends beside its request known to the handlers of
// pages.
func browse(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if isPage(c) {
			r := c.Request()
			b := browser{cookies: r.Cookies()}
			accept := r.Header.Get(echo.HeaderAccept)
			b.wantsJSON = strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
			c.SetRequest(r.WithContext(context.WithValue(r.Context(), browserKey{}, b)))
		}
		return next(c)
	}
}

// isPage tells whether a request is for a page that people see.
func isPage(c echo.Context) bool {
	return c.Path() == "/v1/connect/:ticket" || c.Path() == "/v1/oauth/callback"
}

func browserOf(ctx context.Context) browser {
	b, _ := ctx.Value(browserKey{}).(browser)
	return b
}

// cookie returns the value of the cookie with this name, or "".
func (b browser) cookie(name string) string {
	for _, cookie := range b.cookies {
		if cookie.Name == name {
			return cookie.Value
		}
	}
	return ""
}
