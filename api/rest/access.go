package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// Keys knows whose an API key is.
type Keys interface {
	// Authenticate returns the key with this secret, or an Error of
	// KindNotFound.
	Authenticate(ctx context.Context, secret string) (lockstep.APIKey, error)
}

// The audiences of routes. Nobody's are those that need no key.
var (
	nobody   = []lockstep.Role{}
	admins   = []lockstep.Role{lockstep.RoleAdmin}
	managers = []lockstep.Role{lockstep.RoleAdmin, lockstep.RoleRevOps, lockstep.RoleOperator, lockstep.RoleCRMOwner}
	loaders  = slices.Concat(managers, []lockstep.Role{lockstep.RoleStandard})
	readers  = slices.Concat(loaders, []lockstep.Role{lockstep.RoleSpectator})
)

// access says who may call what. A route that is not here is not served.
var access = map[string][]lockstep.Role{
	"GET /healthz":      nobody,
	"GET /readyz":       nobody,
	"GET /openapi.yaml": nobody,
	"GET /openapi.json": nobody,
	"GET /docs":         nobody,
	"GET /docs/*":       nobody,

	"GET /v1/connect/:ticket": nobody, // the ticket is the key
	"GET /v1/oauth/callback":  nobody, // the state is, and the browser's cookie

	"GET /v1/workspace": readers,
	"GET /v1/problems":  readers,

	"GET /v1/keys":            admins,
	"POST /v1/keys":           admins,
	"DELETE /v1/keys/:key_id": admins,
	"GET /v1/alerts":          admins,
	"PUT /v1/alerts":          admins,
	"DELETE /v1/alerts":       admins,
	"GET /v1/audit":           admins,

	"GET /v1/connections":                                 readers,
	"POST /v1/connections":                                managers,
	"GET /v1/connections/:connection_id":                  readers,
	"PATCH /v1/connections/:connection_id":                managers,
	"POST /v1/connections/:connection_id/authorize":       managers,
	"POST /v1/connections/:connection_id/starting-point":  managers,
	"POST /v1/connections/:connection_id/pause":           managers,
	"POST /v1/connections/:connection_id/resume":          managers,
	"POST /v1/connections/:connection_id/resync":          managers,
	"POST /v1/connections/:connection_id/retry":           managers,
	"POST /v1/connections/:connection_id/sync":            managers,
	"POST /v1/connections/:connection_id/test-contact":    managers,
	"POST /v1/connections/:connection_id/discover":        managers,
	"POST /v1/connections/:connection_id/disconnect":      managers,
	"PUT /v1/connections/:connection_id/guide":            managers,
	"GET /v1/connections/:connection_id/owners":           readers,
	"GET /v1/connections/:connection_id/runs":             readers,
	"GET /v1/connections/:connection_id/health":           readers,
	"GET /v1/connections/:connection_id/failed":           readers,
	"GET /v1/connections/:connection_id/events":           readers,
	"GET /v1/connections/:connection_id/mapping":          readers,
	"PUT /v1/connections/:connection_id/mapping":          managers,
	"POST /v1/connections/:connection_id/mapping/approve": managers,
	"POST /v1/connections/:connection_id/mapping/reset":   managers,
	"GET /v1/connections/:connection_id/schema":           readers,

	"GET /v1/runs/:run_id":          readers,
	"GET /v1/runs/:run_id/progress": readers,
	"POST /v1/runs/:run_id/cancel":  managers,

	"GET /v1/records":  readers,
	"POST /v1/records": loaders,
}

// covered makes sure that every route that is served is in the table, and
// every operation of the document is served.
func covered(routes []*echo.Route, doc *document) error {
	served := make(map[string]bool, len(routes))
	var faults []error
	for _, r := range routes {
		name := r.Method + " " + r.Path
		served[name] = true
		if _, ok := access[name]; !ok {
			faults = append(faults, fmt.Errorf("nobody is said to call %s", name))
		}
	}
	for name := range doc.operations {
		if !served[name] {
			faults = append(faults, fmt.Errorf("nothing serves %s", name))
		}
	}
	return errors.Join(faults...)
}

type callerKey struct{}

// authenticate lets a request pass whose key may call its route, and makes the
// key known to the handlers.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		audience, ok := access[route(c)]
		if !ok || len(audience) == 0 { // no such route, which is told without asking who asks; or open
			return next(c)
		}
		key, err := s.keyOf(c.Request())
		if err != nil {
			if refusal, ok := errors.AsType[*Error](err); ok && refusal.Code == codeUnauthenticated {
				c.Response().Header().Set(echo.HeaderWWWAuthenticate, `Bearer realm="lockstep"`)
			}
			return err
		}
		r := c.Request()
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), callerKey{}, key)))
		if !slices.Contains(audience, key.Role) {
			return &Error{Code: codeRoleForbidden, Detail: fmt.Sprintf("The key's role is %s.", key.Role)}
		}
		return next(c)
	}
}

// keyOf returns the key that r presents.
func (s *Server) keyOf(r *http.Request) (lockstep.APIKey, error) {
	scheme, secret, _ := strings.Cut(r.Header.Get(echo.HeaderAuthorization), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return lockstep.APIKey{}, &Error{Code: codeUnauthenticated, Detail: "The request presents no API key."}
	}
	key, err := s.Keys.Authenticate(r.Context(), strings.TrimSpace(secret))
	if crm.KindOf(err) == crm.KindNotFound {
		return lockstep.APIKey{}, &Error{Code: codeUnauthenticated, Detail: "The API key that the request presents was revoked, or never issued."}
	}
	return key, err
}

// callerOf returns the key that a request was made with.
func callerOf(ctx context.Context) (lockstep.APIKey, bool) {
	key, ok := ctx.Value(callerKey{}).(lockstep.APIKey)
	return key, ok
}
