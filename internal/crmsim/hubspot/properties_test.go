package hubspot_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/hubspot"
)

// described is what a property is compared by.
type described struct {
	Name, Type, FieldType, GroupName            string
	Label                                       string
	Calculated, ExternalOptions, HasUniqueValue bool
	Hidden, FormField, HubspotDefined           bool
	ReferencedObjectType                        string
	Options                                     []struct{ Label, Value string }
	ModificationMetadata                        struct{ Archivable, ReadOnlyDefinition, ReadOnlyValue bool }
	CreatedAt, UpdatedAt, CreatedUserID         any
}

func (s *sandbox) properties(path string) map[string]described {
	s.tb.Helper()
	var list struct{ Results []described }
	r := s.call(http.MethodGet, path, nil)
	require.Equal(s.tb, http.StatusOK, r.status, r.text())
	r.into(s.tb, &list)
	all := make(map[string]described)
	for _, p := range list.Results {
		all[p.Name] = p
	}
	require.Len(s.tb, all, len(list.Results), "names are unique")
	return all
}

// Every property that was recorded, in 2022 or later, is described as it was
// recorded last.
func TestPropertiesAreAsRecorded(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	got := s.properties("/crm/v3/properties/contacts")
	require.Equal(t, got, s.properties("/crm/properties/2026-03/CONTACT"))
	require.GreaterOrEqual(t, len(got), 90)

	var old exchanges
	recording(t, "wire-recordings-grouparoo.json", &old)
	want := make(map[string]described)
	for _, x := range old {
		if !strings.HasSuffix(x.Request.Path, "/schemas/CONTACT") {
			continue
		}
		var schema struct{ Properties []described }
		reply{body: x.Response.Body}.into(t, &schema)
		for _, p := range schema.Properties {
			want[p.Name] = p
		}
	}
	var later, deals struct{ Results []described }
	recording(t, "amp-labs-fixtures/metadata-contacts-properties-sampled.json", &later)
	for _, p := range later.Results {
		want[p.Name] = p
	}
	compared := 0
	for name, p := range got {
		if w, ok := want[name]; ok {
			w.CreatedAt, w.UpdatedAt = p.CreatedAt, p.UpdatedAt
			require.Equal(t, w, p, name)
			compared++
		}
	}
	require.Greater(t, compared, 140)

	recording(t, "amp-labs-fixtures/metadata-deals-properties-sampled.json", &deals)
	got = s.properties("/crm/v3/properties/0-3")
	for _, w := range deals.Results {
		p := got[w.Name]
		w.CreatedAt, w.UpdatedAt = p.CreatedAt, p.UpdatedAt
		require.Equal(t, w, p)
	}
}

func TestAPropertyIsShownWithTheRecordedMembers(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	shown := s.call(http.MethodGet, "/crm/v3/properties/contacts/address", nil).anything(t)
	want := recorded(t, "metadata-contacts-properties-sampled.json")
	require.Equal(t, keysOf(first(t, want, "results")), keysOf(shown))
	require.Equal(t, keysOf(first(t, want, "results")["modificationMetadata"]), keysOf(shown["modificationMetadata"]))

	made := s.call(http.MethodPost, "/crm/v3/properties/contacts", property("age__c"))
	require.Equal(t, http.StatusCreated, made.status)
	require.Equal(t, keysOf(recorded(t, "custom/update/5-response-update-property-age.json")), keysOf(made.anything(t)))
}

func TestAPropertyIsMadeOnce(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	s.provision()
	r := s.call(http.MethodPost, "/crm/v3/properties/contacts", property(marker))
	require.Equal(t, http.StatusConflict, r.status)
	require.Equal(t, map[string]any{
		"status": "error", "category": "OBJECT_ALREADY_EXISTS", "subCategory": "Properties.PROPERTY_WITH_NAME_EXISTS",
		"message": "A property named '" + marker + "' already exists.",
	}, r.anything(t))

	shown := s.properties("/crm/v3/properties/contacts")[marker]
	require.True(t, shown.HasUniqueValue)
	require.False(t, shown.ModificationMetadata.ReadOnlyValue || shown.ModificationMetadata.ReadOnlyDefinition || shown.HubspotDefined)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, "/crm/v3/properties/companies/"+marker, nil).status)
}

func TestDefinitionsThatCannotBeTakenAreRefused(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	for name, change := range map[string]fields{
		"no name":       {"name": ""},
		"capitals":      {"name": "Ext_Id"},
		"digit first":   {"name": "1st"},
		"no label":      {"label": nil},
		"no group":      {"groupName": nil},
		"unknown group": {"groupName": "nope"},
		"unknown type":  {"type": "magic"},
		"wrong form":    {"type": "number", "fieldType": "text"},
		"unique choice": {"type": "enumeration", "fieldType": "select"},
	} {
		p := property("fine")
		maps.Copy(p, change)
		require.Equal(t, "VALIDATION_ERROR", s.refusal(http.StatusBadRequest, http.MethodPost, "/crm/v3/properties/contacts", p).Category, name)
	}
	s.refusal(http.StatusBadRequest, http.MethodPost, "/crm/v3/properties/contacts", "{")
	s.refusal(http.StatusForbidden, http.MethodPost, "/crm/v3/properties/deals", property("fine"))
}

func TestNoMoreThanTenPropertiesAreUnique(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	for i := range 10 {
		require.Equal(t, http.StatusCreated, s.call(http.MethodPost, "/crm/v3/properties/contacts", property(fmt.Sprint("ext", i))).status)
	}
	s.refusal(http.StatusBadRequest, http.MethodPost, "/crm/v3/properties/contacts", property("ext10"))
	plain := property("plain")
	delete(plain, "hasUniqueValue")
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, "/crm/v3/properties/contacts", plain).status)
	require.Equal(t, http.StatusNoContent, s.call(http.MethodDelete, "/crm/v3/properties/contacts/ext3", nil).status)
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, "/crm/v3/properties/contacts", property("ext10")).status)
}

// Properties are made in a batch as recorded: those that exist are errors
// beside the others.
func TestABatchOfPropertiesIsAnsweredAsRecorded(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	made := s.call(http.MethodPost, "/crm/v3/properties/contacts/groups", recorded(t, "custom/create/1-payload-create-property-group.json"))
	require.Equal(t, http.StatusCreated, made.status)
	require.Equal(t, keysOf(recorded(t, "custom/create/2-response-create-property-group.json")), keysOf(made.anything(t)))
	s.refusal(http.StatusConflict, http.MethodPost, "/crm/v3/properties/contacts/groups", recorded(t, "custom/create/1-payload-create-property-group.json"))
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, "/crm/v3/properties/contacts/groups/integrationcreatedproperties", nil).status)

	path := "/crm/properties/2026-03/contacts/batch/create"
	r := s.call(http.MethodPost, path, recorded(t, "custom/create/3-payload-batch-create-properties.json"))
	require.Equal(t, http.StatusCreated, r.status, r.text())
	want := recorded(t, "custom/create/4-response-batch-create-properties.json")
	require.Equal(t, keysOf(want), keysOf(r.anything(t)))
	require.Equal(t, first(t, want, "results"), first(t, r.anything(t), "results"))

	r = s.call(http.MethodPost, path, recorded(t, "custom/update/2-payload-batch-create-properties.json"))
	require.Equal(t, http.StatusMultiStatus, r.status)
	want = recorded(t, "custom/update/3-response-batch-create-properties.json")
	require.Equal(t, keysOf(want), keysOf(r.anything(t)))
	require.Equal(t, want["errors"], r.anything(t)["errors"])
	require.Equal(t, want["numErrors"], r.anything(t)["numErrors"])
	require.Equal(t, first(t, want, "results"), first(t, r.anything(t), "results"))
}

func TestADefinitionIsChanged(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	r := s.call(http.MethodPatch, "/crm/v3/properties/contacts/"+marker, fields{"label": "Other", "hasUniqueValue": false})
	require.Equal(t, http.StatusOK, r.status)
	shown := s.properties("/crm/v3/properties/contacts")[marker]
	require.Equal(t, "Other", shown.Label)
	require.True(t, shown.HasUniqueValue, "settled when it was made")
	s.refusal(http.StatusBadRequest, http.MethodPatch, "/crm/v3/properties/contacts/email", fields{"type": "number", "fieldType": "number"})
	s.refusal(http.StatusNotFound, http.MethodPatch, "/crm/v3/properties/contacts/nope", fields{"label": "x"})
}

func TestAnArchivedPropertyIsGoneWithItsValues(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	s.upsert(contact("w.1", nil))
	require.Equal(t, http.StatusNoContent, s.call(http.MethodDelete, "/crm/v3/properties/contacts/"+marker, nil).status)
	require.NotContains(t, s.properties("/crm/v3/properties/contacts"), marker)
	require.Contains(t, s.properties("/crm/v3/properties/contacts?archived=true"), marker)
	f := s.refusal(http.StatusBadRequest, http.MethodPost, upsertPath, traced(contact("w.1", nil)))
	require.Equal(t, "PROPERTY_DOESNT_EXIST", f.Errors[0].Code)
	s.refusal(http.StatusBadRequest, http.MethodDelete, "/crm/v3/properties/contacts/email", nil)

	s.provision()
	require.True(t, s.upsert(contact("w.1", nil))["0"].New, "the old value does not come back")
}

func TestOwnersAreListedByPage(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	type page struct {
		Results []map[string]any
		Paging  *struct{ Next struct{ After, Link string } }
	}
	var ids []any
	path := "/crm/v3/owners?limit=2"
	for path != "" {
		var p page
		s.call(http.MethodGet, path, nil).into(t, &p)
		for _, o := range p.Results {
			ids = append(ids, o["id"])
			require.NotEqual(t, o["id"], fmt.Sprint(o["userId"]))
		}
		path = ""
		if p.Paging != nil {
			path = strings.TrimPrefix(p.Paging.Next.Link, s.url)
		}
	}
	require.Len(t, ids, 3)

	var gone, one page
	s.call(http.MethodGet, "/crm/owners/2026-03/?archived=true", nil).into(t, &gone)
	require.Len(t, gone.Results, 1)
	require.NotContains(t, gone.Results[0], "userId")
	s.call(http.MethodGet, "/crm/v3/owners?email=SAM@standard.crmsim.test", nil).into(t, &one)
	require.Len(t, one.Results, 1)
	require.Equal(t, "Sam", s.call(http.MethodGet, "/crm/v3/owners/"+one.Results[0]["id"].(string), nil).anything(t)["firstName"])
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, "/crm/v3/owners/1", nil).status)
	require.Equal(t, http.StatusBadRequest, s.call(http.MethodGet, "/crm/v3/owners?limit=501", nil).status)

	var spec struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	recording(t, "openapi-derived/owners.json", &spec)
	known := slices.Sorted(maps.Keys(spec.Components.Schemas["PublicOwner"].Properties))
	require.Subset(t, known, keysOf(one.Results[0]))
}

func TestPipelinesAreAsRecorded(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	require.Equal(t, recorded(t, "metadata-deals-external-pipelines.json"), s.call(http.MethodGet, "/crm/pipelines/2026-03/deals", nil).anything(t))
	require.Equal(t, recorded(t, "metadata-contacts-external-pipelines.json"), s.call(http.MethodGet, "/crm/v3/pipelines/contacts", nil).anything(t))
	require.JSONEq(t, `{"results":[]}`, s.call(http.MethodGet, "/crm/v3/pipelines/companies", nil).text())
}
