package rest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// mapped returns a live connection whose contacts are mapped, and the address of
// that.
func mapped(t *testing.T, b *bundle) (c lockstep.Connection, path string) {
	t.Helper()
	c = b.connection(t, lockstep.StatusLive)
	fields := []crm.Field{
		{Name: "FirstName", Label: "First Name", Type: crm.TypeText, Length: 10, Creatable: true, Updatable: true},
		{Name: "LastName", Label: "Last Name", Type: crm.TypeText, Required: true, Creatable: true, Updatable: true},
		{Name: "Email", Label: "Email", Type: crm.TypeEmail, Creatable: true, Updatable: true},
		{Name: "Name", Label: "Full Name", Type: crm.TypeText},
		{Name: "Lockstep_External_Id__c", Label: "Lockstep External Id", Type: crm.TypeText, Creatable: true, Updatable: true, Unique: true},
		{Name: "LeadSource", Label: "Lead Source", Type: crm.TypePicklist, Restricted: true, Options: []crm.Option{{Value: "Web", Active: true}, {Value: "Fax"}}, Creatable: true, Updatable: true},
		{Name: "Tags", Label: "Tags", Type: crm.TypeMultiselect, Restricted: true, Options: []crm.Option{{Value: "a", Active: true}, {Value: "b", Active: true}}, Creatable: true, Updatable: true},
	}
	require.NoError(t, b.store.PutSchema(t.Context(), c.WorkspaceID, c.ID, "Lead", fields))
	require.NoError(t, b.store.PutMapping(t.Context(), c.WorkspaceID, c.ID, lockstep.DefaultMapping(crm.Contact, "Lead", fields)))
	return c, "/v1/connections/" + c.ID.String() + "/mapping"
}

// land imports the records there are into c, and all of them arrive.
func (b *bundle) land(t *testing.T, c lockstep.Connection) {
	t.Helper()
	b.settle(t, c, func(_ int, row lockstep.Claimed) lockstep.Settlement {
		return lockstep.Settlement{RecordID: row.RecordID, Revision: row.Revision, Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q" + row.ExternalID}
	})
}

// FEATURES: C04, C05, C06
func TestMappingIsSavedOverTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id,Email\n1,a@x.io\n2,b@x.io\n")
	c, path := mapped(t, b)
	b.land(t, c)
	a := b.ask(t, http.MethodGet, path, "")
	before := read[Mapping](a, http.StatusOK)
	require.Equal(t, `"1"`, a.Header().Get("ETag"))
	require.Empty(t, before.Issues)
	body := `{"rules": [{"field": "company", "target": "lastname"}, {"field": "Score", "target": "FirstName"}, {"fixed": "Web", "target": "LeadSource"}, {"fixed": "b;a", "target": "Tags"}]}`

	b.ask(t, http.MethodPut, path, body).problem(http.StatusPreconditionRequired, "mapping_version_missing")
	for _, tag := range []string{`"2"`, `"0"`, `1`, `W/"1"`, "x"} {
		b.ask(t, http.MethodPut, path, body, "If-Match", tag).problem(http.StatusPreconditionFailed, "mapping_version_old")
	}
	a = b.ask(t, http.MethodPut, path, body, "If-Match", `"0", "1"`)
	saved := read[SavedMapping](a, http.StatusOK)
	require.Equal(t, `"2"`, a.Header().Get("ETag"))
	require.EqualValues(t, 2, saved.Version)
	require.EqualValues(t, 2, saved.Records, "what is in the CRM is sent again")
	require.Equal(t, MappingRule{Field: "company", Target: "LastName"}, saved.Rules[0], "as the CRM spells it")
	require.Equal(t, MappingRule{Fixed: "Web", Target: "LeadSource"}, saved.Rules[2])
	require.Equal(t, saved.Rules, read[Mapping](b.ask(t, http.MethodGet, path, ""), http.StatusOK).Rules)
	b.ask(t, http.MethodPut, path, body, "If-Match", `"1"`).problem(http.StatusPreconditionFailed, "mapping_version_old")

	same := read[SavedMapping](b.ask(t, http.MethodPut, path, body, "If-Match", "*"), http.StatusOK)
	require.EqualValues(t, 2, same.Version, "the same rules are no other version")
	require.Zero(t, same.Records)
	b.ask(t, http.MethodPost, path+"/reset", "", "If-Match", `"1"`).problem(http.StatusPreconditionFailed, "mapping_version_old")
	reset := read[SavedMapping](b.ask(t, http.MethodPost, path+"/reset", ""), http.StatusOK)
	require.EqualValues(t, 3, reset.Version)
	require.Equal(t, before.Rules, reset.Rules)

	log := read[AuditPage](b.ask(t, http.MethodGet, "/v1/audit?target=connection/"+c.ID.String(), ""), http.StatusOK).Items
	require.Len(t, log, 2)
	require.Equal(t, []string{"resetMapping", "saveMapping"}, []string{log[0].Action, log[1].Action})
	require.Equal(t, "contact, version 2, 4 rules", log[1].Detail)
}

// FEATURES: C09
func TestMappingThatCannotWorkIsRefusedRuleByRule(t *testing.T) {
	t.Parallel()
	b := setup(t)
	_, path := mapped(t, b)
	put := func(rules string) answer {
		return b.ask(t, http.MethodPut, path, `{"rules": [`+rules+`]}`, "If-Match", `"1"`)
	}

	b.ask(t, http.MethodPut, path, `{"rules": []}`, "If-Match", `"1"`).problem(http.StatusUnprocessableEntity, "mapping_invalid")
	for rule, want := range map[string]string{
		`{"field": "x", "target": "Nope"}`:                                    "no field Nope",
		`{"field": "name", "target": "Name"}`:                                 "cannot be written",
		`{"field": "a", "target": "Email"}`:                                   "filled by two rules",
		`{"field": "a", "target": "lockstep_external_id__c"}`:                 "keeps its ids",
		`{"fixed": "Fax", "target": "LeadSource"}`:                            "none of those",
		`{"fixed": "a;c", "target": "Tags"}`:                                  "none of those",
		`{"fixed": "` + strings.Repeat("é", 11) + `", "target": "FirstName"}`: "longer than the 10",
	} {
		p := put(`{"field": "email", "target": "Email"}, `+rule).problem(http.StatusUnprocessableEntity, "mapping_invalid")
		require.Len(t, *p.Errors, 1, rule)
		require.Equal(t, "body.rules.1.target", (*p.Errors)[0].Where)
		require.Contains(t, (*p.Errors)[0].Message, want)
	}
	for _, rules := range []string{
		`{"target": "Email"}`, `{"target": "Email", "field": "a", "fixed": "b"}`, `{"field": "a"}`, `{"target": "Email", "fixed": ""}`,
		`{"target": "Email", "field": null}`, `{"target": "Email", "field": "a", "transform": "x"}`, `7`, `{"target": "Email", "fixed": "` + strings.Repeat("x", 32_001) + `"}`,
	} {
		put(rules).problem(http.StatusBadRequest, "request_invalid")
	}
	require.EqualValues(t, 1, read[Mapping](b.ask(t, http.MethodGet, path, ""), http.StatusOK).Version)

	// A required field may have a default in the CRM, so that it is only told of.
	saved := read[SavedMapping](put(`{"field": "email", "target": "Email"}`), http.StatusOK)
	require.Equal(t, []MappingIssue{{Target: "LastName", Code: "field_required", Message: "Last Name must be filled, or the CRM refuses new records."}}, saved.Issues)
}

// FEATURES: C09
func TestFieldThatTheCRMHasMadeReadOnlyIsReported(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c, path := mapped(t, b)
	require.Empty(t, read[Mapping](b.ask(t, http.MethodGet, path, ""), http.StatusOK).Issues)

	require.NoError(t, b.store.PutSchema(t.Context(), c.WorkspaceID, c.ID, "Lead", []crm.Field{
		{Name: "FirstName", Label: "First Name", Type: crm.TypeText},
		{Name: "LastName", Label: "Last Name", Type: crm.TypeText, Required: true, Creatable: true, Updatable: true},
	}))
	told := make(map[string]string)
	for _, issue := range read[Mapping](b.ask(t, http.MethodGet, path, ""), http.StatusOK).Issues {
		told[issue.Target+" "+issue.Code] = issue.Message
	}
	require.Equal(t, "First Name cannot be written, so the CRM would drop it.", told["FirstName field_read_only"])
	require.Equal(t, "The CRM has no field Email that this login can see.", told["Email field_unknown"])
	schema := read[Schema](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/schema?type=Lead", ""), http.StatusOK)
	require.False(t, schema.Fields[0].Creatable || schema.Fields[0].Updatable, "it is flagged before it is chosen")
}

func TestMappingThatIsNotThereYetCannotBeSaved(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusSettingUp)
	path := "/v1/connections/" + c.ID.String() + "/mapping"

	b.ask(t, http.MethodPut, path, `{"rules": []}`, "If-Match", "*").problem(http.StatusNotFound, "not_found")
	b.ask(t, http.MethodPost, path+"/reset", "").problem(http.StatusNotFound, "not_found")
}
