package rest

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

func TestSameKeyMakesOneConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := func() answer {
		return b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce"}`, "Idempotency-Key", "once")
	}

	first, second := create(), create()
	require.Equal(t, read[NewConnection](first, http.StatusCreated), read[NewConnection](second, http.StatusCreated))
	require.Equal(t, first.Header().Get("Location"), second.Header().Get("Location"))
	require.Empty(t, first.Header().Get("Idempotent-Replayed"))
	require.Equal(t, "true", second.Header().Get("Idempotent-Replayed"))
	require.Len(t, read[ConnectionList](b.ask(t, http.MethodGet, "/v1/connections", ""), http.StatusOK).Items, 1)
	require.Len(t, b.supervisors.told, 1)

	for _, other := range []func() answer{
		func() answer {
			return b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce", "targets": {"contact": "Lead"}}`, "Idempotency-Key", "once")
		},
		func() answer {
			return b.ask(t, http.MethodPost, "/v1/connections?x=1", `{"vendor": "salesforce"}`, "Idempotency-Key", "once")
		},
		func() answer {
			return b.ask(t, http.MethodPost, "/v1/records", "external_id\n1\n", "Idempotency-Key", "once", "Content-Type", "text/csv")
		},
	} {
		other().problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
	}
	b.tenant = b.newTenant(t)
	require.NotEqual(t, first.Body.String(), create().Body.String(), "another workspace's keys are its own")
	require.Len(t, read[ConnectionList](b.ask(t, http.MethodGet, "/v1/connections", ""), http.StatusOK).Items, 1)
}

func TestSameKeyAtOnceIsCarriedOutOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	answers := make([]answer, 6)
	var group sync.WaitGroup
	for i := range answers {
		group.Go(func() {
			answers[i] = b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/sync", "", "Idempotency-Key", "once")
		})
	}
	group.Wait()
	for _, a := range answers {
		require.Equal(t, http.StatusAccepted, a.Code)
		require.Equal(t, answers[0].Body.String(), a.Body.String())
	}
	require.Equal(t, []string{"sync-now " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)
}

func TestFailureOfOursDecidesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	create := func() answer {
		return b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce"}`, "Idempotency-Key", "once")
	}

	b.supervisors.err = &Error{Code: "supervisor_unreachable", Err: errors.New("planted")}
	create().problem(http.StatusServiceUnavailable, "supervisor_unreachable")
	b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "hubspot"}`, "Idempotency-Key", "once").
		problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
	b.supervisors.err = nil
	made := read[NewConnection](create(), http.StatusCreated)
	all := read[ConnectionList](b.ask(t, http.MethodGet, "/v1/connections", ""), http.StatusOK).Items
	require.Len(t, all, 1, "the second attempt went on with what the first had made")
	require.Equal(t, all[0].ID, made.ID)
}

func TestRefusalIsKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusPaused)
	sync := func() answer {
		return b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/sync", "", "Idempotency-Key", "once")
	}

	first := sync()
	first.problem(http.StatusConflict, "connection_not_live")
	require.NoError(t, b.store.SetPaused(t.Context(), c.WorkspaceID, c.ID, false, lockstep.StatusLive, ""))
	require.Equal(t, first.Body.String(), sync().Body.String())
	require.Equal(t, http.StatusBadRequest, b.ask(t, http.MethodPost, "/v1/connections", `{}`, "Idempotency-Key", "bad").Code)
	require.Equal(t, http.StatusCreated, b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce"}`, "Idempotency-Key", "bad").Code,
		"what was not even looked at is not remembered")
}

func TestLoadIsRepeatedWithoutBeingKept(t *testing.T) {
	t.Parallel()
	b := setup(t)
	large := strings.Repeat("x", 1<<19)
	post := func(body string) answer {
		return b.ask(t, http.MethodPost, "/v1/records", body, "Idempotency-Key", "once", "Content-Type", "text/csv")
	}

	first := post("external_id,x\n1," + large + "\n")
	require.Equal(t, 1, read[LoadReport](first, http.StatusOK).Created)
	again := post("external_id,x\n1," + large + "\n")
	require.Equal(t, first.Body.String(), again.Body.String())
	require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
	post("external_id,x\n2,"+large+"\n").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")

	// One that is refused before its end is told by its whole body as well.
	rows := "external_id\n" + strings.Repeat("x\n", 10_001)
	more := func(tail string) answer {
		return b.ask(t, http.MethodPost, "/v1/records", rows+tail, "Idempotency-Key", "more", "Content-Type", "text/csv")
	}
	more(large).problem(http.StatusUnprocessableEntity, "too_many_rows")
	require.Equal(t, "true", more(large).Header().Get("Idempotent-Replayed"))
	more(large+"y").problem(http.StatusUnprocessableEntity, "idempotency_key_reused")
	b.ask(t, http.MethodPost, "/v1/records", "external_id,x\n"+strings.Repeat("1,"+large+"\n", 130), "Idempotency-Key", "huge", "Content-Type", "text/csv").
		problem(http.StatusRequestEntityTooLarge, "body_too_large")
}

// impatient are requests that are always held by somebody else.
type impatient struct{ Requests }

func (impatient) BeginRequest(_ context.Context, r Request, _, _ time.Duration) (Request, error) {
	r.Token[0]++
	return r, nil
}

func TestWaitingForTheFirstEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	b := setup(t, func(s *Server) { s.Requests = impatient{} })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	_, err := b.server.takeUp(ctx, Request{})
	require.ErrorIs(t, err, context.Canceled)
}

func TestNothingOfARequestIsKeptInTheClear(t *testing.T) {
	t.Parallel()
	b := setup(t)
	a := b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce"}`, "Idempotency-Key", "ada@example.com")
	link := read[NewConnection](a, http.StatusCreated).AuthorizeURL

	mine := Request{
		WorkspaceID: b.tenant.ID, Key: digest("ada@example.com"), Asked: digest("POST", "/v1/connections", "", "application/json"),
		Body: digest(`{"vendor": "salesforce"}`),
	}
	kept, err := b.server.Requests.BeginRequest(t.Context(), mine, time.Minute, time.Hour)
	require.NoError(t, err)
	require.NotEmpty(t, kept.Answer)
	require.NotContains(t, string(kept.Answer), link[strings.LastIndex(link, "/")+1:])
	kept.WorkspaceID = b.connection(t, lockstep.StatusLive).ID
	_, err = b.server.Sealer.Open(kept.Answer, kept.aad())
	require.Error(t, err, "it opens for its own workspace alone")
}
