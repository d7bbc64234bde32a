package rest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

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

func TestApprovingAMappingIsTheSupervisorsDecision(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusReady)
	path := "/v1/connections/" + c.ID.String() + "/mapping/approve"
	require.NoError(t, b.store.PutMapping(t.Context(), c.WorkspaceID, c.ID, lockstep.Mapping{Object: crm.Contact, Type: "Lead", Version: 1}))
	b.supervisors.done = func() {
		require.NoError(t, b.store.ApproveMapping(t.Context(), c.WorkspaceID, c.ID, crm.Contact, 1))
	}

	got := read[Connection](b.ask(t, http.MethodPost, path, `{"version": 1}`, "Idempotency-Key", "once"), http.StatusOK)
	require.EqualValues(t, 1, *got.ApprovedMappingVersion)
	require.Equal(t, []string{"approve 1 once " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)

	b.supervisors.done, b.supervisors.err = nil, &Error{Code: flow.RefusedMapping}
	b.ask(t, http.MethodPost, path, `{"version": 1}`).problem(http.StatusConflict, "mapping_changed")
	for _, body := range []string{`{}`, `{"version": 0}`, `{"version": "1"}`, `{"version": null}`, `{"version": 99999999999999999999}`} {
		b.ask(t, http.MethodPost, path, body).problem(http.StatusBadRequest, "request_invalid")
	}
}

// FEATURES: S04
func TestDiscoveringTakesALogin(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for status, may := range map[lockstep.Status]bool{
		lockstep.StatusReady: true, lockstep.StatusLive: true, lockstep.StatusPaused: true, lockstep.StatusError: true, lockstep.StatusSettingUp: true,
		lockstep.StatusConnecting: false, lockstep.StatusUnauthorized: false, lockstep.StatusDisconnected: false,
	} {
		b.supervisors.told = nil
		c := b.connection(t, status)
		a := b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/discover", "", "Idempotency-Key", string(status))
		if !may {
			a.problem(http.StatusConflict, flow.RefusedNotReady)
			require.Empty(t, b.supervisors.told)
			continue
		}
		require.Equal(t, c.ID, read[Connection](a, http.StatusOK).ID)
		require.Equal(t, []string{"discover " + string(status) + " " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)
	}
}
