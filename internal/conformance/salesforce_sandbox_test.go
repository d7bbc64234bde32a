package conformance

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

const (
	forceData    = "/services/data/v63.0"
	forceRecords = forceData + "/composite/sobjects"
	noRecord     = "001000000000001AAA"
)

// salesforceSandbox holds the sandbox's answers against the recorded ones.
func salesforceSandbox(t *testing.T, b *bench) {
	t.Helper()

	rows := forceWriteShapes()
	rows = append(rows, forceReadShapes()...)
	rows = append(rows, forceErrorShapes()...)
	rows = append(rows, forceSchemaShapes()...)
	holdShapes(t, b, crm.Salesforce, append(rows, forceTokenShapes()...))
}

// account is a record of a collection.
func account(more object) object {
	record := object{"attributes": object{"type": "Account"}, "Name": "Jones"}
	maps.Copy(record, more)
	return record
}

func collection(records ...object) object { return object{"allOrNone": false, "records": records} }

// forceCreate creates a record and returns its id.
func (s *stage) forceCreate(t *testing.T, typ string, record object) string {
	t.Helper()

	c := s.call(t, http.MethodPost, forceData+"/sobjects/"+typ, record)
	require.Equal(t, http.StatusCreated, c.status, string(c.answer))
	var made struct{ ID string }
	require.NoError(t, json.Unmarshal(c.answer, &made))
	return made.ID
}

func (s *stage) query(t *testing.T, soql string) call {
	t.Helper()

	return s.call(t, http.MethodGet, forceData+"/query?q="+url.QueryEscape(soql), nil)
}

// forceProvision makes the field of external ids on contacts, by the adapter.
func (s *stage) forceProvision(t *testing.T) {
	t.Helper()

	schema, err := crm.As[crm.Schema](s.conn)
	require.NoError(t, err)
	require.NoError(t, schema.Provision(t.Context(), "Contact"))
}

func forceWriteShapes() []resemblance {
	usage := []string{"Sforce-Limit-Info"}
	upsert := func(t *testing.T, s *stage) call {
		t.Helper()

		return s.call(t, http.MethodPatch, forceRecords+"/Contact/"+forceMarker, collection(
			object{"attributes": object{"type": "Contact"}, "LastName": "Bluth", forceMarker: "k1.1"},
			object{"attributes": object{"type": "Contact"}, "LastName": "Sitwell", forceMarker: "k1.2"},
		))
	}
	return []resemblance{
		{recording: forceExchange + "14", header: usage, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceRecords, collection(account(nil)))
		}},
		{recording: forceExchange + "6", header: usage, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPatch, forceRecords, collection(account(object{"id": s.forceCreate(t, "Account", object{"Name": "Smith"})})))
		}},
		{recording: forceExchange + "0", header: usage, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodDelete, forceRecords+"?allOrNone=true&ids="+s.forceCreate(t, "Account", object{"Name": "Smith"}), nil)
		}},
		{recording: forceExchange + "9", header: usage, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPatch, forceRecords, collection(
				account(object{"id": s.forceCreate(t, "Account", object{"Name": "Smith"})}),
				object{"attributes": object{"type": "Contact"}, "id": s.forceCreate(t, "Contact", object{"LastName": "Smith"}), "Email": "badone"},
			))
		}},
		{recording: forceExchange + "16", header: usage, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceRecords, collection(account(object{"Name": nil})))
		}},
		{recording: forceExchange + "12", header: usage, call: func(t *testing.T, s *stage) call {
			id := s.forceCreate(t, "Lead", object{"LastName": "Smith", "Company": "SmithCorp"})
			s.order(t, http.MethodPost, "/convert", object{"lead": id})
			return s.call(t, http.MethodPatch, forceRecords, collection(object{"attributes": object{"type": "Lead"}, "id": id, "LastName": "NoEdit"}))
		}},
		{recording: simpleUpsert + "9", call: func(t *testing.T, s *stage) call {
			s.forceProvision(t)
			return upsert(t, s)
		}},
		{recording: simpleUpsert + "21", call: func(t *testing.T, s *stage) call {
			s.forceProvision(t)
			upsert(t, s)
			return upsert(t, s)
		}},
		{recording: forceExchange + "28", header: append(usage, "Location"), call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceData+"/sobjects/Account", object{"Name": "(test) High Value4"})
		}},
		{recording: forceBatches + "create/contacts/partial-but-allOrNone.json", status: http.StatusOK, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceRecords, object{"allOrNone": true, "records": []object{
				{"attributes": object{"type": "Contact"}, "FirstName": "Siena"}, {"attributes": object{"type": "Contact"}, "LastName": "Blevins"},
			}})
		}},
		{recording: forceBatches + "update/contacts/err-each-no-ids.json", status: http.StatusOK, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPatch, forceRecords, collection(account(nil), account(nil)))
		}},
	}
}

func forceReadShapes() []resemblance {
	return []resemblance{
		{recording: forceExchange + "22", header: []string{"Sforce-Limit-Info"}, call: func(t *testing.T, s *stage) call {
			return s.query(t, "SELECT Id FROM Account WHERE AccountNumber = 'additivebrian@demo.com'")
		}},
		{recording: forceCassettes + "TestUpdatesIntegrationTests.test_updates_task.yaml#2", call: func(t *testing.T, s *stage) call {
			s.forceCreate(t, "Account", object{"Name": "Account 4"})
			return s.query(t, "SELECT Id,Name FROM Account")
		}},
		{
			recording: restforce + "sobject/query_paginated_first_page_response.json", status: http.StatusOK, open: []string{"records[]"},
			call: func(t *testing.T, s *stage) call {
				s.seed(t, "Account", object{"Name": "One of many"}, 2001)
				return s.query(t, "SELECT Id FROM Account")
			},
		},
		{recording: forceExchange + "25", open: []string{""}, header: []string{"Sforce-Limit-Info"}, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodGet, forceData+"/sobjects/Account/"+s.forceCreate(t, "Account", object{"Name": "Smith"}), nil)
		}},
		{recording: forceExchange + "30", open: []string{""}, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodGet, forceData+"/sobjects/Contact/"+s.forceCreate(t, "Contact", object{"LastName": "Smith"}), nil)
		}},
		{recording: forceExchange + "34", open: []string{""}, call: func(t *testing.T, s *stage) call {
			id := s.forceCreate(t, "Lead", object{"LastName": "Smith", "Company": "SmithCorp"})
			return s.call(t, http.MethodGet, forceData+"/sobjects/Lead/"+id, nil)
		}},
		{recording: forceCassettes + "TestUpdatesIntegrationTests.test_updates_task.yaml#1", call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodGet, forceData+"/limits/recordCount?sObjects=Account", nil)
		}},
		{recording: forceCassettes + "TestCountSObjects.test_count_sobjects__errors.yaml#0", call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceData+"/composite", object{"compositeRequest": []object{
				{"referenceId": "refAccount", "method": "GET", "url": forceData + "/query/?q=select+count()+from+Account"},
				{"referenceId": "refXYZZY", "method": "GET", "url": forceData + "/query/?q=select+count()+from+XYZZY"},
			}})
		}},
		{recording: forceCassettes + "TestCompositeParallelSalesforce.test_errors.yaml#0", call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceData+"/composite", object{"compositeRequest": []object{
				{"referenceId": "CCI__RefId__0__", "method": "GET", "url": forceData + "/sobjects/Foo"},
			}})
		}},
	}
}

func forceErrorShapes() []resemblance {
	return []resemblance{
		{recording: forceExchange + "27", header: []string{"Sforce-Limit-Info"}, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodGet, forceData+"/sobjects/Account/"+noRecord, nil)
		}},
		{recording: forceBatches + "create/contacts/err-bad-request.json", status: http.StatusBadRequest, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceRecords, object{"allOrNone": false, "records": []object{}})
		}},
		{recording: "amp-labs-fixtures/crm/delete/not-found.json", status: http.StatusNotFound, call: func(t *testing.T, s *stage) call {
			path := forceData + "/sobjects/Account/" + s.forceCreate(t, "Account", object{"Name": "Smith"})
			require.Equal(t, http.StatusNoContent, s.call(t, http.MethodDelete, path, nil).status)
			return s.call(t, http.MethodDelete, path, nil)
		}},
		{recording: "amp-labs-fixtures/unknown-field.json", status: http.StatusBadRequest, call: func(t *testing.T, s *stage) call {
			return s.query(t, "SELECT AccountNumer FROM Account")
		}},
		{recording: "amp-labs-fixtures/unknown-object.json", status: http.StatusBadRequest, call: func(t *testing.T, s *stage) call {
			return s.query(t, "SELECT Id,Name,BillingCity,IsDeleted FROM Accout")
		}},
		{recording: "amp-labs-fixtures/invalid-field-upsert.json", status: http.StatusBadRequest, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPost, forceData+"/sobjects/Account", object{"Name": "Smith", "MasterRecordId": noRecord})
		}},
		{recording: restforce + "sobject/upsert_error_response.json", status: http.StatusNotFound, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodPatch, forceRecords+"/Contact/"+forceMarker,
				collection(object{"attributes": object{"type": "Contact"}, "LastName": "Bluth", forceMarker: "k1.1"}))
		}},
		{recording: restforce + "expired_session_response.json", status: http.StatusUnauthorized, call: func(t *testing.T, s *stage) call {
			s.order(t, http.MethodPost, "/expire", nil)
			return s.query(t, "SELECT Id FROM Account")
		}},
		{
			recording: "amp-labs-fixtures/metadata/write/err-duplicate-permission-assignment.json", status: http.StatusBadRequest,
			call: func(t *testing.T, s *stage) call {
				set := s.forceCreate(t, "PermissionSet", object{"Name": "IntegrationCustomFieldVisibility", "Label": "Integration"})
				_, user := s.identity()
				s.forceCreate(t, "PermissionSetAssignment", object{"PermissionSetId": set, "AssigneeId": user})
				return s.call(t, http.MethodPost, forceData+"/sobjects/PermissionSetAssignment", object{"PermissionSetId": set, "AssigneeId": user})
			},
		},
	}
}

func forceSchemaShapes() []resemblance {
	rows := []resemblance{
		{recording: "describe/Global.json", status: http.StatusOK, open: []string{"sobjects[].urls"}, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodGet, forceData+"/sobjects/", nil)
		}},
		{recording: restforce + "sobject/sobject_describe_error_response.json", status: http.StatusNotFound, call: func(t *testing.T, s *stage) call {
			return s.call(t, http.MethodGet, forceData+"/sobjects/Nothing/describe", nil)
		}},
		{recording: "describe/_record_Organization.json", status: http.StatusOK, open: []string{""}, call: func(t *testing.T, s *stage) call {
			organization, _ := s.identity()
			return s.call(t, http.MethodGet, forceData+"/sobjects/Organization/"+organization, nil)
		}},
		{recording: "amp-labs-fixtures/metadata/write/permission-set.json", status: http.StatusOK, call: func(t *testing.T, s *stage) call {
			s.forceCreate(t, "PermissionSet", object{"Name": "IntegrationCustomFieldVisibility", "Label": "Integration"})
			return s.query(t, "SELECT Id, Name FROM PermissionSet WHERE Name = 'IntegrationCustomFieldVisibility'")
		}},
	}
	for typ, newer := range map[string][]string{
		"Contact": nil, "Lead": nil,
		// That of accounts is from an older version than those of the others.
		"Account": {"associateEntityType", "associateParentEntity", "sobjectDescribeOption"},
	} {
		rows = append(rows, resemblance{
			// The recordings differ in whether the urls have defaultValues.
			recording: "describe/" + typ + ".json", status: http.StatusOK, newer: newer, open: []string{"urls"},
			call: func(t *testing.T, s *stage) call {
				return s.call(t, http.MethodGet, forceData+"/sobjects/"+typ+"/describe", nil)
			},
		})
	}
	return rows
}

func forceTokenShapes() []resemblance {
	return []resemblance{
		{
			// Kept from a time when there was no scope and no token_type, and of a
			// flow that has no refresh token (crm/salesforce.md §1).
			recording: restforce + "auth_success_response.json", status: http.StatusOK, newer: []string{"refresh_token", "scope", "token_type"},
			call: func(t *testing.T, s *stage) call {
				return s.token(t, url.Values{"grant_type": {"authorization_code"}, "code": {s.code(t)}, "redirect_uri": {callback}})
			},
		},
		{
			recording: restforce + "refresh_success_response.json", status: http.StatusOK, newer: []string{"refresh_token", "scope", "token_type"},
			call: func(t *testing.T, s *stage) call {
				return s.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {s.grant.Refresh}})
			},
		},
		{
			recording: restforce + "refresh_error_response.json", status: http.StatusBadRequest,
			call: func(t *testing.T, s *stage) call {
				return s.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"5Aep861" + strings.Repeat("x", 70)}})
			},
		},
		{
			recording: restforce + "services_data_success_response.json", status: http.StatusOK,
			call: func(t *testing.T, s *stage) call { return s.call(t, http.MethodGet, "/services/data/", nil) },
		},
		{
			recording: "amp-labs-fixtures/metadata/write/user-info.json", status: http.StatusOK, abridged: true, open: []string{"urls", "address"},
			call: func(t *testing.T, s *stage) call { return s.call(t, http.MethodGet, "/services/oauth2/userinfo", nil) },
		},
	}
}
