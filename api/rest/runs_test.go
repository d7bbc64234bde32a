package rest

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

func TestRunShowsHowFarItIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n3\n4\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	lease := lockstep.Lease{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, RunID: run.ID, Epoch: c.Epoch, Token: uuid.New()}
	claimed, err := b.store.Claim(t.Context(), lease, uuid.Nil, 10, time.Minute)
	require.NoError(t, err)
	require.Len(t, claimed, 4)
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{
		{RecordID: claimed[0].RecordID, Revision: 1, Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q1"},
		{RecordID: claimed[1].RecordID, Revision: 1, Outcome: lockstep.OutcomeFailed, Problem: lockstep.Code(crm.ReasonValueInvalid), Detail: "no such thing"},
	})
	require.NoError(t, err)

	got := read[Run](b.ask(t, http.MethodGet, "/v1/runs/"+run.ID.String(), ""), http.StatusOK)
	require.Equal(t, Counts{Total: 4, Done: 2, Landed: 1, Created: 1, Failed: 1}, got.Counts)
	require.InDelta(t, 50, got.Progress.Percent, 0)
	require.Equal(t, RunStateRunning, got.State)
	require.NotNil(t, got.FirstClaimAt)
	require.Equal(t, "http://ui.example/namespaces/default/workflows/import%2F"+c.ID.String(), *got.TemporalURL)
	list := read[RunList](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/runs?limit=1", ""), http.StatusOK)
	require.Equal(t, run.ID, list.Items[0].ID)

	events := read[EventPage](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/events?outcome=failed&run="+run.ID.String(), ""), http.StatusOK)
	require.Len(t, events.Items, 1)
	e := events.Items[0]
	require.Equal(t, "2", e.ExternalID)
	require.Equal(t, "no such thing", e.Detail)
	require.Equal(t, explanation(lockstep.Explain(lockstep.Code(crm.ReasonValueInvalid))), *e.Problem)
	events = read[EventPage](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/events?problem=locked", ""), http.StatusOK)
	require.Empty(t, events.Items)
}

func TestCancellingTellsTheRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	path := "/v1/runs/" + run.ID.String() + "/cancel"

	got := read[Run](b.ask(t, http.MethodPost, path, ""), http.StatusAccepted)
	require.Equal(t, RunStateCancelled, got.State)
	require.Equal(t, cancelReason, got.Reason)
	require.Nil(t, got.FinishedAt, "its workflow ends it")
	require.Equal(t, []string{"look " + flow.ImportID(c.ID)}, b.supervisors.told)

	b.supervisors.gone = true
	got = read[Run](b.ask(t, http.MethodPost, path, ""), http.StatusAccepted)
	require.NotNil(t, got.FinishedAt, "there is no workflow to do it")
	require.EqualValues(t, 1, got.Counts.Skipped)
	require.Equal(t, got, read[Run](b.ask(t, http.MethodPost, path, ""), http.StatusAccepted), "again changes nothing")
}

func TestRunThatHasEndedIsNotCancelled(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	_, err := b.store.FinishRun(t.Context(), run, lockstep.RunCompleted, "")
	require.NoError(t, err)

	b.ask(t, http.MethodPost, "/v1/runs/"+run.ID.String()+"/cancel", "").problem(http.StatusConflict, "run_ended")
	require.Empty(t, b.supervisors.told)
}

func TestEventsArePagedNewestFirst(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	for _, what := range []string{"a", "b", "c", "d", "e"} {
		require.NoError(t, b.store.RecordEvent(t.Context(), c.WorkspaceID, c.ID, what, "", ""))
	}
	path := "/v1/connections/" + c.ID.String() + "/events?limit=2"

	var outcomes []string
	next := ""
	for range 3 {
		page := read[EventPage](b.ask(t, http.MethodGet, path+next, ""), http.StatusOK)
		for _, e := range page.Items {
			outcomes = append(outcomes, e.Outcome)
		}
		if next = ""; page.Next != nil {
			next = "&before=" + *page.Next
		}
	}
	require.Equal(t, []string{"e", "d", "c", "b", "a"}, outcomes)
	require.Empty(t, next)
	for _, bad := range []string{"x", "-1", "0", "99999999999999999999", "9999999999999999999"} {
		b.ask(t, http.MethodGet, path+"&before="+bad, "").problem(http.StatusBadRequest, "request_invalid")
	}
}

func TestMappingComesWithWhatIsWrong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusReady)
	path := "/v1/connections/" + c.ID.String()
	b.ask(t, http.MethodGet, path+"/mapping", "").problem(http.StatusNotFound, "not_found")
	b.ask(t, http.MethodGet, path+"/schema?type=Lead", "").problem(http.StatusNotFound, "not_found")
	fields := []crm.Field{
		{Name: "FirstName", Label: "First Name", Type: crm.TypeText, Length: 40, Creatable: true, Updatable: true},
		{Name: "Company", Label: "Company", Type: crm.TypeText, Required: true, Creatable: true, Updatable: true},
		{Name: "LeadSource", Label: "Source", Type: crm.TypePicklist, Options: []crm.Option{{Value: "Web", Label: "Web", Active: true}}, Creatable: true, Updatable: true},
	}
	require.NoError(t, b.store.PutSchema(t.Context(), c.WorkspaceID, c.ID, "Lead", fields))
	require.NoError(t, b.store.PutMapping(t.Context(), c.WorkspaceID, c.ID, lockstep.Mapping{
		Object: crm.Contact, Type: "Lead", Version: 1, Rules: []lockstep.Rule{{Field: "first_name", Target: "FirstName"}, {Target: "LeadSource", Fixed: "Web"}},
	}))

	m := read[Mapping](b.ask(t, http.MethodGet, path+"/mapping?object=contact", ""), http.StatusOK)
	require.Equal(t, []MappingRule{{Field: "first_name", Target: "FirstName"}, {Target: "LeadSource", Fixed: "Web"}}, m.Rules)
	require.Len(t, m.Issues, 1)
	require.Equal(t, "field_required", m.Issues[0].Code)
	schema := read[Schema](b.ask(t, http.MethodGet, path+"/schema?type=Lead", ""), http.StatusOK)
	require.Equal(t, SchemaField{Name: "FirstName", Label: "First Name", Type: "text", Length: 40, Options: []Option{}, Creatable: true, Updatable: true}, schema.Fields[0])
	require.Equal(t, []Option{{Value: "Web", Label: "Web", Active: true}}, schema.Fields[2].Options)
	b.ask(t, http.MethodGet, path+"/schema", "").problem(http.StatusBadRequest, "request_invalid")
}
