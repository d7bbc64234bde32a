package rest

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// target makes an address of a route that can be asked.
func target(route, connection, run string) (method, path string) {
	method, path, _ = strings.Cut(route, " ")
	return method, strings.NewReplacer(
		":connection_id/schema", connection+"/schema?type=Contact", ":connection_id", connection, ":run_id", run, ":key_id", run, ":ticket", "none", "/*", "/x",
	).Replace(path)
}

func TestEveryRouteSaysWhoMayCallIt(t *testing.T) {
	t.Parallel()
	doc, err := loadDocument()
	require.NoError(t, err)

	documented := slices.Collect(maps.Keys(doc.operations))
	for route := range access {
		if !strings.Contains(route, "/openapi.") && !strings.Contains(route, "/docs") {
			require.Contains(t, documented, route)
		}
	}
	for _, route := range documented {
		audience, ok := access[route]
		require.True(t, ok, route)
		security := doc.operations[route].Operation.Security
		open := len(audience) == 0
		require.Equal(t, open, security != nil && len(*security) == 0 || strings.HasSuffix(route, "z"), "%s: the document and the table differ", route)
	}
}

func TestRoutesWithoutAnEntryAreNotServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	doc, err := loadDocument()
	require.NoError(t, err)
	e := b.server.router(doc)
	RegisterHandlers(e, NewStrictHandler(b.server, nil))
	require.NoError(t, serveDocument(e, doc))
	require.NoError(t, covered(e.Routes(), doc))

	e.GET("/v1/secrets", nil)
	require.ErrorContains(t, covered(e.Routes(), doc), "GET /v1/secrets")
	require.ErrorContains(t, covered(nil, doc), "nothing serves GET /v1/workspace")
}

func TestRolesAreEnforced(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.server.Keys = roleKeys{workspace: b.tenant.ID}
	id := uuid.NewString()

	for route, audience := range access {
		method, path := target(route, id, id)
		for _, role := range readers {
			a := b.ask(t, method, path, "", "Authorization", "Bearer "+string(role))
			if len(audience) > 0 && !slices.Contains(audience, role) {
				p := a.problem(http.StatusForbidden, "role_forbidden")
				require.Contains(t, p.Detail, string(role))
				continue
			}
			require.NotEqual(t, http.StatusForbidden, a.Code, "%s as %s", route, role)
			require.NotEqual(t, http.StatusUnauthorized, a.Code, "%s as %s", route, role)
		}
	}

	may := func(role lockstep.Role, route string) bool { return slices.Contains(access[route], role) }
	require.True(t, may(lockstep.RoleSpectator, "GET /v1/records"))
	require.False(t, may(lockstep.RoleSpectator, "POST /v1/records"))
	require.True(t, may(lockstep.RoleStandard, "POST /v1/records"))
	require.False(t, may(lockstep.RoleStandard, "POST /v1/connections"))
	require.True(t, may(lockstep.RoleCRMOwner, "POST /v1/connections"))
	for route, audience := range access {
		if method, _, _ := strings.Cut(route, " "); method != http.MethodGet && len(audience) > 0 {
			require.NotContains(t, audience, lockstep.RoleSpectator, route)
		}
		if strings.Contains(route, "/connections") && !strings.HasPrefix(route, "GET ") {
			require.NotContains(t, audience, lockstep.RoleStandard, route)
		}
	}
}

func TestRequestsWithoutAValidKeyAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.NewString()

	for route, audience := range access {
		if len(audience) == 0 {
			continue
		}
		method, path := target(route, id, id)
		for _, header := range []string{"", "Bearer", "Bearer ", "Bearer lsk_nobodys", "Basic " + b.tenant.key, b.tenant.key} {
			a := b.ask(t, method, path, "", "Authorization", header)
			a.problem(http.StatusUnauthorized, "unauthenticated")
			require.Equal(t, `Bearer realm="lockstep"`, a.Header().Get("WWW-Authenticate"))
		}
	}
	require.Equal(t, http.StatusOK, b.ask(t, http.MethodGet, "/v1/workspace", "", "Authorization", "bearer "+b.tenant.key).Code)
}

func TestGenerousLimitIsPerKey(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) { s.Rate = 0.001 })

	require.Equal(t, http.StatusOK, b.ask(t, http.MethodGet, "/v1/workspace", "").Code)
	a := b.ask(t, http.MethodGet, "/v1/workspace", "")
	a.problem(http.StatusTooManyRequests, "too_many_requests")
	require.Equal(t, "1", a.Header().Get("Retry-After"))

	b.tenant = b.newTenant(t)
	require.Equal(t, http.StatusOK, b.ask(t, http.MethodGet, "/v1/workspace", "").Code, "another key is not affected")
	for range 5 {
		require.Equal(t, http.StatusOK, b.ask(t, http.MethodGet, "/healthz", "", "Authorization", "").Code)
	}
}

// bodies are what routes take that take nothing less.
var bodies = map[string]string{
	"PATCH /v1/connections/:connection_id":                `{"owner_id": "005A", "sync_every_seconds": 60}`,
	"POST /v1/connections/:connection_id/starting-point":  `{"choice": "skip"}`,
	"POST /v1/connections/:connection_id/retry":           `{"problem": "locked"}`,
	"POST /v1/connections/:connection_id/disconnect":      `{"confirm": true}`,
	"POST /v1/connections/:connection_id/mapping/approve": `{"version": 1}`,
	"PUT /v1/connections/:connection_id/mapping":          `{"rules": []}`,
	"PUT /v1/connections/:connection_id/guide":            `{"dismissed": true}`,
}

// TestNoRouteShowsAnotherWorkspace asks for everything of one workspace with
// the key of another.
func TestNoRouteShowsAnotherWorkspace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id,Email\nplanted-record,planted@example.com\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	require.NoError(t, b.store.RecordEvent(t.Context(), c.WorkspaceID, c.ID, "planted-event", "", ""))
	require.NoError(t, b.store.PutOwners(t.Context(), c.WorkspaceID, c.ID, []crm.Owner{{ID: "005A", Name: "planted-owner", Active: true}}))
	owner := b.tenant
	b.tenant = b.newTenant(t)

	for route, audience := range access {
		if len(audience) == 0 {
			continue
		}
		method, path := target(route, c.ID.String(), run.ID.String())
		if route == loadRoute || route == "POST /v1/connections" || route == "POST /v1/keys" || strings.HasSuffix(route, " /v1/alerts") {
			continue // these only add to the caller's own
		}
		a := b.ask(t, method, path, bodies[route])
		if strings.Contains(route, ":") {
			a.problem(http.StatusNotFound, "not_found")
		}
		for _, planted := range []string{"planted", c.Account.Name, owner.ID.String(), owner.Key} {
			require.NotContains(t, a.Body.String(), planted, route)
		}
	}
	require.Empty(t, b.supervisors.told)

	// The filters of the activity log do not reach further either, nor does a
	// cursor into another workspace's records.
	mine := b.connection(t, lockstep.StatusLive)
	page := read[EventPage](b.ask(t, http.MethodGet, "/v1/connections/"+mine.ID.String()+"/events?run="+run.ID.String(), ""), http.StatusOK)
	require.Empty(t, page.Items)
	records := read[RecordPage](b.ask(t, http.MethodGet, "/v1/records?after="+uuid.Nil.String(), ""), http.StatusOK)
	require.Empty(t, records.Items)
	load(t, b, "external_id,Email\nplanted-record,mine@example.com\n")
	b.tenant = owner
	records = read[RecordPage](b.ask(t, http.MethodGet, "/v1/records", ""), http.StatusOK)
	require.Equal(t, "planted@example.com", records.Items[0].Fields["email"], "the same external id is another record in another workspace")
}

func TestLogsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.connection(t, lockstep.StatusLive)
	for _, path := range []string{
		"/v1/oauth/callback?state=s3cret-state&code=s3cret-code", "/v1/connect/s3cret-ticket", "/v1/workspace?q=s3cret", "/s3cret", "/v1/runs/s3cret",
	} {
		b.signIns.err = &Error{Code: "oauth_refused", Kind: "invalid", Title: "t", Detail: "d", Fix: "f"}
		b.ask(t, http.MethodGet, path, "", "Cookie", "lockstep_oauth_1=s3cret-cookie")
	}

	require.Equal(t, 5, b.logs.FilterMessage("answered").Len())
	for _, entry := range b.logs.All() {
		for name, value := range entry.ContextMap() {
			require.NotContains(t, fmt.Sprint(value), "s3cret", name)
			require.NotContains(t, fmt.Sprint(value), b.tenant.key, name)
		}
	}
}

func TestPanicsAreAnsweredAndLogged(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) { s.Workspaces = nil })

	b.ask(t, http.MethodGet, "/v1/workspace", "").problem(http.StatusInternalServerError, "internal_error")
	require.Equal(t, 1, b.logs.FilterMessage("panicked").Len())
}

func TestClientsThatForgeTheirAddressAreNotBelieved(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) { s.Rate = 0.001 })

	for i, want := range []int{http.StatusGone, http.StatusTooManyRequests} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/connect/none", nil)
		req.Header.Set("X-Forwarded-For", "10.0.0."+string(rune('1'+i)))
		require.Equal(t, want, b.send(t, req).Code)
	}
}
