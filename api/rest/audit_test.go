package rest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// audited returns the audit log of b's tenant, oldest first.
func audited(t *testing.T, b *bundle) []AuditEntry {
	t.Helper()
	items := read[AuditPage](b.ask(t, http.MethodGet, "/v1/audit?limit=500", ""), http.StatusOK).Items
	for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
		items[i], items[j] = items[j], items[i]
	}
	return items
}

func TestEveryChangeIsAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id,Email\n1,planted@example.com\n")
	made := read[NewConnection](b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce"}`), http.StatusCreated)
	c := b.connection(t, lockstep.StatusLive)
	a := b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/retry", `{"problem": "record_locked"}`, "Idempotency-Key", "once")
	b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/retry", `{"problem": "record_locked"}`, "Idempotency-Key", "once")
	require.Equal(t, http.StatusAccepted, a.Code, a.Body.String())
	b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/resume", "")

	log := audited(t, b)
	require.Len(t, log, 4, "what is repeated is one change")
	require.Equal(t, []string{"loadRecords", "createConnection", "retryConnection", "resumeConnection"},
		[]string{log[0].Action, log[1].Action, log[2].Action, log[3].Action})
	require.Equal(t, "contact: 1 created, 0 updated", log[0].Detail)
	require.Equal(t, "connection/"+made.ID.String(), log[1].Target)
	e := log[2]
	require.Equal(t, []string{"connection/" + c.ID.String(), "record_locked", "first", "admin", a.Header().Get("X-Request-Id")}, []string{e.Target, e.Detail, e.KeyName, e.Role, e.RequestID})
	require.Equal(t, AuditEntryActorAPIKey, e.Actor)
	require.NotNil(t, e.KeyID)
	for _, e := range log {
		require.NotContains(t, e.Detail, "planted")
	}

	// Refusals change nothing, and reading is no change.
	b.ask(t, http.MethodPost, "/v1/connections/"+uuid.NewString()+"/pause", "").problem(http.StatusNotFound, "not_found")
	b.ask(t, http.MethodPost, "/v1/connections", `{}`).problem(http.StatusBadRequest, "request_invalid")
	b.ask(t, http.MethodGet, "/v1/connections", "")
	require.Len(t, audited(t, b), 4)

	page := read[AuditPage](b.ask(t, http.MethodGet, "/v1/audit?limit=3", ""), http.StatusOK)
	rest := read[AuditPage](b.ask(t, http.MethodGet, "/v1/audit?before="+*page.Next, ""), http.StatusOK)
	require.Len(t, rest.Items, 1)
	require.Nil(t, rest.Next)
	for _, bad := range []string{"?before=x", "?before=0", "?target=", "?limit=501"} {
		b.ask(t, http.MethodGet, "/v1/audit"+bad, "").problem(http.StatusBadRequest, "request_invalid")
	}
	b.tenant = b.newTenant(t)
	require.Empty(t, audited(t, b))
}

func TestWhatASupervisorIsToldIsAuditedBeforeItIsAndSoIsItsRefusal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusReady)
	b.supervisors.err = &Error{Code: flow.RefusedChosen}
	b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/starting-point", `{"choice": "skip"}`).problem(http.StatusConflict, flow.RefusedChosen)

	log := audited(t, b)
	require.Len(t, log, 2)
	require.Equal(t, []string{"chooseStartingPoint", ""}, []string{log[0].Action, log[0].Detail})
	require.Equal(t, []string{"chooseStartingPoint", "refused: " + flow.RefusedChosen}, []string{log[1].Action, log[1].Detail})
}

func TestSettingsThatAreKeptAreNotAuditedAsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	b.supervisors.err = &Error{Code: "supervisor_unreachable"}
	b.ask(t, http.MethodPatch, "/v1/connections/"+c.ID.String(), `{"syncs": {"calls": false}}`).problem(http.StatusServiceUnavailable, "supervisor_unreachable")
	b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/pause", "").problem(http.StatusServiceUnavailable, "supervisor_unreachable")

	log := audited(t, b)
	details := make([]string, len(log))
	for i, e := range log {
		details[i] = e.Action + " " + e.Detail
	}
	require.Equal(t, []string{"updateConnection ", "pauseConnection ", "pauseConnection not answered: supervisor_unreachable"}, details)
}

func TestSigningInIsAudited(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusConnecting)
	b.signIns.begun = c
	b.ask(t, http.MethodGet, "/v1/oauth/callback?state=s&code=s3cret", "", "Authorization", "")

	log := audited(t, b)
	require.Len(t, log, 1)
	require.Equal(t, []string{"browser", "completeAuthorization", "connection/" + c.ID.String()}, []string{string(log[0].Actor), log[0].Action, log[0].Target})
	require.NotContains(t, strings.Join([]string{log[0].Detail, log[0].Target}, " "), "s3cret")
}

func TestChangeThatCannotBeNotedIsLogged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	b.server.recordAudit(t.Context(), c.WorkspaceID, AuditRow{Actor: "nobody", Action: "pauseConnection", Target: "connection/" + c.ID.String()})

	require.Equal(t, 1, b.logs.FilterMessage("noting a change").Len())
}
