package rest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

func TestEveryErrorIsAProblemDocument(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	id := uuid.NewString()

	tests := []struct {
		method, target, body, kind string
		status                     int
		code                       string
	}{
		{"GET", "/", "", "", 404, "not_found"},
		{"GET", "/v1", "", "", 404, "not_found"},
		{"GET", "/v1/unicorns", "", "", 404, "not_found"},
		{"GET", "/docs/unicorn.js", "", "", 404, "not_found"},
		{"GET", "/v1/runs/" + id, "", "", 404, "not_found"},
		{"GET", "/v1/connections/" + id, "", "", 404, "not_found"},
		{"DELETE", "/v1/workspace", "", "", 405, "method_not_allowed"},
		{"PUT", "/v1/records", "", "", 405, "method_not_allowed"},
		{"GET", "/v1/runs/1", "", "", 400, "request_invalid"},
		{"POST", "/v1/connections", "", "application/json", 400, "request_invalid"},
		{"POST", "/v1/connections", "{", "application/json", 400, "request_invalid"},
		{"POST", "/v1/connections", "[]", "application/json", 400, "request_invalid"},
		{"POST", "/v1/connections", `{}`, "application/json", 400, "request_invalid"},
		{"POST", "/v1/connections", `{"vendor": 1}`, "application/json", 400, "request_invalid"},
		{"POST", "/v1/connections", `{"vendor": "salesforce", "unicorn": 1}`, "application/json", 400, "request_invalid"},
		{"POST", "/v1/connections", `vendor=salesforce`, "application/x-www-form-urlencoded", 415, "media_type_unsupported"},
		{"POST", "/v1/connections", `{"vendor": "salesforce"}`, "", 415, "media_type_unsupported"},
		{"GET", "/v1/connections/" + id + "/runs?limit=501", "", "", 400, "request_invalid"},
		{"GET", "/v1/connections/" + id + "/runs?limit=many", "", "", 400, "request_invalid"},
		{"GET", "/v1/connections/" + id + "/mapping?object=unicorn", "", "", 400, "request_invalid"},
		{"GET", "/v1/connections/" + c.ID.String() + "/events?outcome=%00", "", "", 400, "request_invalid"},
		{"GET", "/v1/connections/" + c.ID.String() + "/events?problem=%ff", "", "", 400, "request_invalid"},
	}
	for _, test := range tests {
		b.ask(t, test.method, test.target, test.body, "Content-Type", test.kind).problem(test.status, test.code)
	}
	b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce"}`, "Idempotency-Key", strings.Repeat("k", 256)).problem(400, "request_invalid")
}

func TestInvalidRequestsSayWhere(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.NewString()

	where := func(a answer) (out []string) {
		p := a.problem(http.StatusBadRequest, "request_invalid")
		require.NotNil(t, p.Errors)
		for _, e := range *p.Errors {
			require.NotEmpty(t, e.Message)
			require.NotContains(t, e.Message, "at '")
			out = append(out, e.Where)
		}
		slices.Sort(out)
		return out
	}
	require.Equal(t, []string{"body.vendor"}, where(b.ask(t, http.MethodPost, "/v1/connections", `{}`)))
	require.Equal(t, []string{"body.targets.contact", "body.vendor"}, where(b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "", "targets": {"contact": 7}}`)))
	require.Equal(t, []string{"body"}, where(b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "planted`)))
	require.Equal(t, []string{"query.limit", "query.run"}, where(b.ask(t, http.MethodGet, "/v1/connections/"+id+"/events?limit=0&run=planted", "")))
	require.Equal(t, []string{"path.run_id"}, where(b.ask(t, http.MethodGet, "/v1/runs/planted", "")))
}

func TestEveryKindHasAStatusAndACode(t *testing.T) {
	t.Parallel()
	for _, kind := range crm.Kinds() {
		require.GreaterOrEqual(t, statuses[kind], 400, kind)
		require.NotEqual(t, http.StatusUnauthorized, statuses[kind], kind)
		require.Contains(t, refusals, string(codes[kind]), kind)
		p := refusal(&crm.Error{Kind: kind, Op: "store.x", Message: "planted", Err: errors.New("planted")}).problem("id")
		require.NotContains(t, p.Detail+p.Fix+p.Title, "planted")
	}
	require.Equal(t, 404, refusal(&crm.Error{Kind: crm.KindNotFound}).problem("").Status)
	require.Equal(t, 409, refusal(&crm.Error{Kind: crm.KindConflict}).problem("").Status)
	require.Equal(t, 503, refusal(&crm.Error{Kind: crm.KindUnavailable}).problem("").Status)
	require.Equal(t, 503, refusal(context.DeadlineExceeded).problem("").Status)
	require.Equal(t, 500, refusal(errors.New("planted")).problem("").Status)
	require.Equal(t, 500, (&Error{Code: "made_up"}).problem("").Status)
}

func TestEveryProblemIsExplained(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) {
		s.Problems = []lockstep.Problem{{Code: "oauth_denied", Title: "t", Meaning: "m", Fix: "f", Retry: lockstep.RetryFixed}}
	})

	list := read[ProblemList](b.ask(t, http.MethodGet, "/v1/problems", ""), http.StatusOK)
	require.True(t, slices.IsSortedFunc(list.Items, func(a, b Explanation) int { return strings.Compare(a.Code, b.Code) }))
	codes := make(map[string]bool)
	for _, e := range list.Items {
		require.False(t, codes[e.Code], e.Code)
		codes[e.Code] = true
		require.NotEmpty(t, e.Title, e.Code)
		require.NotEmpty(t, e.Meaning, e.Code)
		require.NotEmpty(t, e.Fix, e.Code)
		require.True(t, e.Retry.Valid(), e.Code)
	}
	for _, code := range []string{"oauth_denied", "unauthenticated", "no_external_id", string(lockstep.CodeWrongAccount), string(crm.ReasonValueInvalid)} {
		require.True(t, codes[code], code)
	}
}

func TestDocumentAndItsPageAreServed(t *testing.T) {
	t.Parallel()
	b := setup(t)

	a := b.ask(t, http.MethodGet, "/openapi.yaml", "", "Authorization", "")
	require.Equal(t, http.StatusOK, a.Code)
	require.Equal(t, string(openapi), a.Body.String())
	a = b.ask(t, http.MethodGet, "/openapi.json", "", "Authorization", "")
	require.Equal(t, "3.1.0", read[map[string]any](a, http.StatusOK)["openapi"])
	a = b.ask(t, http.MethodGet, "/docs", "", "Authorization", "")
	require.Equal(t, http.StatusOK, a.Code)
	require.Contains(t, a.Body.String(), "/openapi.json")
	a = b.ask(t, http.MethodGet, "/docs/swagger-ui.css", "", "Authorization", "")
	require.Equal(t, http.StatusOK, a.Code)
}

func TestHealthIsTheProcessAndReadinessWhatItNeeds(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) {
		s.Probes["temporal"] = func(context.Context) error { return errors.New("gone") }
	})

	require.Equal(t, Health{Status: HealthStatusOK, Checks: map[string]bool{}}, read[Health](b.ask(t, http.MethodGet, "/healthz", "", "Authorization", ""), http.StatusOK))
	require.Equal(t, Health{Status: HealthStatusUnavailable, Checks: map[string]bool{"postgresql": true, "temporal": false}},
		read[Health](b.ask(t, http.MethodGet, "/readyz", "", "Authorization", ""), http.StatusServiceUnavailable))
	delete(b.server.Probes, "temporal")
	require.Equal(t, Health{Status: HealthStatusOK, Checks: map[string]bool{"postgresql": true}},
		read[Health](b.ask(t, http.MethodGet, "/readyz", ""), http.StatusOK))
}
