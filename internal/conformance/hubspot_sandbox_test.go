package conformance

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

const (
	hubContacts   = "/crm/objects/2026-03/contacts"
	hubCompanies  = "/crm/objects/2026-03/companies"
	hubAllOptions = "results[].properties"
)

// hubspotSandbox holds the sandbox's answers against the recorded ones.
func hubspotSandbox(t *testing.T, b *bench) {
	t.Helper()

	rows := hubspotBatchShapes()
	rows = append(rows, hubspotReadShapes()...)
	rows = append(rows, hubspotSchemaShapes()...)
	holdShapes(t, b, crm.HubSpot, rows)
}

func inputs(all ...object) object { return object{"inputs": all} }

func contactInput(email, trace string) object {
	in := object{"properties": object{"email": email, "firstname": "Lily", "lastname": "Skinner"}}
	if trace != "" {
		in["objectWriteTraceId"] = trace
	}
	return in
}

// hubspotContacts creates contacts and returns their ids.
func (s *stage) hubspotContacts(t *testing.T, n int) []string {
	t.Helper()

	ids := make([]string, n)
	for i := range ids {
		c := s.call(t, http.MethodPost, hubContacts+"/batch/create", inputs(contactInput("p"+strconv.Itoa(i)+"@hubspot.com", "")))
		require.Equal(t, http.StatusCreated, c.status, string(c.answer))
		ids[i] = idAt(t, c.answer, 0)
	}
	return ids
}

func hubspotBatchShapes() []resemblance {
	taken := func(t *testing.T, s *stage, all ...object) call {
		t.Helper()

		s.hubspotContacts(t, 1)
		return s.call(t, http.MethodPost, hubContacts+"/batch/create", inputs(all...))
	}
	typo := object{"first000name": "Siena", "last000name": "Dyer"}
	change := object{"firstname": "Siena (updated)", "lastname": "Dyer (updated)"}
	update := func(t *testing.T, s *stage, properties object, other string) call {
		t.Helper()

		id := s.hubspotContacts(t, 1)[0]
		if other == "" {
			other = id
		}
		return s.call(t, http.MethodPost, hubContacts+"/batch/update",
			inputs(object{"id": id, "properties": properties}, object{"id": other, "properties": properties}))
	}
	return []resemblance{
		{
			recording: hubBatches + "create/contacts/success.json", status: http.StatusCreated, open: []string{hubAllOptions},
			call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodPost, hubContacts+"/batch/create", inputs(contactInput("a@hubspot.com", ""), contactInput("b@hubspot.com", "")))
			},
		},
		{
			recording: hubBatches + "create/contacts/err-partial-success.json", status: http.StatusMultiStatus, open: []string{hubAllOptions},
			call: func(t *testing.T, s *stage) call {
				return taken(t, s, contactInput("p0@hubspot.com", "0"), contactInput("siena.dyer@hubspot.com", "1"))
			},
		},
		{
			recording: hubBatches + "create/contacts/err-conflict.json", status: http.StatusConflict,
			call: func(t *testing.T, s *stage) call {
				return taken(t, s, contactInput("p0@hubspot.com", ""), contactInput("siena.dyer@hubspot.com", ""))
			},
		},
		{
			recording: hubBatches + "create/contacts/err-many-invalid-properties.json", status: http.StatusBadRequest,
			call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodPost, hubContacts+"/batch/create", inputs(object{"properties": typo}, object{"properties": typo}))
			},
		},
		{
			recording: hubBatches + "update/contacts/success.json", status: http.StatusOK, open: []string{hubAllOptions},
			call: func(t *testing.T, s *stage) call {
				ids := s.hubspotContacts(t, 2)
				return s.call(t, http.MethodPost, hubContacts+"/batch/update",
					inputs(object{"id": ids[0], "properties": change}, object{"id": ids[1], "properties": change}))
			},
		},
		{
			recording: hubBatches + "update/contacts/err-partial-success.json", status: http.StatusMultiStatus, open: []string{hubAllOptions},
			call: func(t *testing.T, s *stage) call { return update(t, s, change, "unknownIdentifier888") },
		},
		{
			recording: hubBatches + "update/contacts/err-duplicate-ids.json", status: http.StatusBadRequest,
			call: func(t *testing.T, s *stage) call { return update(t, s, change, "") },
		},
		{
			recording: hubBatches + "update/contacts/err-many-invalid-properties.json", status: http.StatusBadRequest,
			call: func(t *testing.T, s *stage) call {
				ids := s.hubspotContacts(t, 2)
				return s.call(t, http.MethodPost, hubContacts+"/batch/update",
					inputs(object{"id": ids[0], "properties": typo}, object{"id": ids[1], "properties": typo}))
			},
		},
		{
			// A result has had a url since 2025 (batch/create/contacts/success.json).
			recording: hubExchange + "41", open: []string{hubAllOptions}, newer: []string{"results[].url"},
			header: []string{"X-Hubspot-Ratelimit-Max", "X-Hubspot-Ratelimit-Remaining", "X-Hubspot-Ratelimit-Interval-Milliseconds"},
			call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodPost, hubCompanies+"/batch/create", inputs(
					object{"properties": object{"name": "bossa", "domain": "bossa.grouparoo.com"}},
					object{"properties": object{"name": "samba", "domain": "samba.grouparoo.com"}},
				))
			},
		},
		{
			recording: hubExchange + "50", call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodPost, hubContacts+"/batch/archive", inputs(object{"id": s.hubspotContacts(t, 1)[0]}))
			},
		},
	}
}

func hubspotReadShapes() []resemblance {
	find := func(t *testing.T, s *stage, email string, body object) call {
		t.Helper()

		s.hubspotContacts(t, 3)
		body["filterGroups"] = []object{{"filters": []object{{"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": email}}}}
		return s.call(t, http.MethodPost, hubContacts+"/search", body)
	}
	return []resemblance{
		{
			recording: "amp-labs-fixtures/read/objects-api/contacts-batch.json", status: http.StatusOK, open: []string{hubAllOptions},
			call: func(t *testing.T, s *stage) call {
				ids := s.hubspotContacts(t, 2)
				return s.call(t, http.MethodPost, hubContacts+"/batch/read", object{
					"inputs": []object{{"id": ids[0]}, {"id": ids[1]}}, "properties": []string{"email"}, "propertiesWithHistory": []string{},
				})
			},
		},
		{
			// Recorded in 2024, before a record had a url.
			recording: "amp-labs-fixtures/read/objects-api/contacts-response.json", status: http.StatusOK,
			open: []string{hubAllOptions}, newer: []string{"results[].url"},
			call: func(t *testing.T, s *stage) call {
				s.hubspotContacts(t, 3)
				return s.call(t, http.MethodGet, hubContacts+"?limit=2&properties=email", nil)
			},
		},
		{
			recording: "amp-labs-fixtures/search/contacts/1-first-page.json", status: http.StatusOK, open: []string{hubAllOptions},
			call: func(t *testing.T, s *stage) call { return find(t, s, "*@hubspot.com", object{"limit": 1}) },
		},
		{
			recording: "amp-labs-fixtures/search/contacts/2-second-page.json", status: http.StatusOK, open: []string{hubAllOptions},
			call: func(t *testing.T, s *stage) call { return find(t, s, "*@hubspot.com", object{"limit": 100}) },
		},
		{
			recording: hubExchange + "34", call: func(t *testing.T, s *stage) call { return find(t, s, "nobody@hubspot.com", object{}) },
		},
		{
			recording: "amp-labs-fixtures/search/error-invalid-object.json", status: http.StatusBadRequest,
			call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodPost, "/crm/objects/2026-03/butterflies/search", object{})
			},
		},
		{
			recording: hubExchange + "58", header: []string{"X-Hubspot-Correlation-Id"}, call: func(t *testing.T, s *stage) call {
				var c call
				for range 100 { // 5 in a second are let through
					if c = s.call(t, http.MethodPost, hubContacts+"/search", object{}); c.status == http.StatusTooManyRequests {
						break
					}
				}
				return c
			},
		},
	}
}

func hubspotSchemaShapes() []resemblance {
	const properties = "/crm/properties/2026-03/contacts"
	group := object{"name": "integrationcreatedproperties", "label": "Integration Created Properties"}
	age := object{
		"name": "age__c", "label": "Age", "groupName": "integrationcreatedproperties", "type": "number", "fieldType": "number",
		"description": "How many years you lived.", "formField": true,
	}
	interests := object{
		"name": "interests__c", "label": "Interests", "groupName": "integrationcreatedproperties", "type": "enumeration", "fieldType": "select",
		"description": "Topics.", "formField": true,
		"options": []object{{"label": "art", "value": "art", "description": "art", "displayOrder": 1, "hidden": false}},
	}
	grouped := func(t *testing.T, s *stage) {
		t.Helper()

		c := s.call(t, http.MethodPost, properties+"/groups", group)
		require.Equal(t, http.StatusCreated, c.status, string(c.answer))
	}
	return []resemblance{
		{
			recording: "amp-labs-fixtures/post-auth/account-info.json", status: http.StatusOK,
			call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodGet, "/account-info/2026-03/details", nil)
			},
		},
		{
			recording: "amp-labs-fixtures/metadata-contacts-properties-sampled.json", status: http.StatusOK,
			call: func(t *testing.T, s *stage) call { return s.call(t, http.MethodGet, properties, nil) },
		},
		{
			recording: "amp-labs-fixtures/custom/create/2-response-create-property-group.json", status: http.StatusCreated,
			call: func(t *testing.T, s *stage) call { return s.call(t, http.MethodPost, properties+"/groups", group) },
		},
		{
			recording: "amp-labs-fixtures/custom/update/1-read-property-group.json", status: http.StatusOK,
			call: func(t *testing.T, s *stage) call {
				grouped(t, s)
				return s.call(t, http.MethodGet, properties+"/groups/integrationcreatedproperties", nil)
			},
		},
		{
			recording: "amp-labs-fixtures/custom/create/4-response-batch-create-properties.json", status: http.StatusCreated,
			call: func(t *testing.T, s *stage) call {
				grouped(t, s)
				return s.call(t, http.MethodPost, properties+"/batch/create", inputs(age, interests))
			},
		},
		{
			recording: "amp-labs-fixtures/custom/update/5-response-update-property-age.json", status: http.StatusOK,
			call: func(t *testing.T, s *stage) call {
				grouped(t, s)
				s.call(t, http.MethodPost, properties, age)
				return s.call(t, http.MethodPatch, properties+"/age__c", object{"description": "How old are you?"})
			},
		},
		{
			recording: "amp-labs-fixtures/metadata-err-schemas-scope.json", status: http.StatusForbidden,
			call: func(t *testing.T, s *stage) call {
				s.grant = s.exchange(t, s.codeFor(t, "crm.objects.companies.read"))
				return s.call(t, http.MethodGet, hubContacts, nil)
			},
		},
		{
			recording: "amp-labs-fixtures/metadata-deals-external-pipelines.json", status: http.StatusOK,
			call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodGet, "/crm/pipelines/2026-03/deals", nil)
			},
		},
	}
}
