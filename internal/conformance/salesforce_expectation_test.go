package conformance

import (
	"net/http"
	"strconv"

	"lockstep/internal/crm"
)

// The calls of ours that recordings answer; {v} is the API's version.
const (
	forceUpsert   = "PATCH /services/data/{v}/composite/sobjects/{object}/{field}"
	forceUpdate   = "PATCH /services/data/{v}/composite/sobjects"
	forceQuery    = "GET /services/data/{v}/query"
	forceDescribe = "GET /services/data/{v}/sobjects/{object}/describe"
	forceUserInfo = "GET /services/oauth2/userinfo"
	forceCount    = "GET /services/data/{v}/limits/recordCount"
	forceToken    = "POST /services/oauth2/token"
	forceSet      = "POST /services/data/{v}/sobjects/PermissionSet"
	forceAssign   = "POST /services/data/{v}/sobjects/PermissionSetAssignment"
)

const (
	forceExchange  = "wire-recordings-grouparoo.json#"
	forceBatches   = "amp-labs-fixtures/batch/"
	forceCassettes = "cumulusci-cassettes/"
	simpleUpsert   = forceCassettes + "TestUpsert.test_simple_upsert__rest.yaml#"
	complexUpsert  = forceCassettes + "TestUpsert.test_upsert_complex_external_id_field_rest__duplicate_error.yaml#"
	restforce      = "restforce-fixtures/"

	likeSave     = "recorded of a creation (POST): an update answers with the same SaveResult (WSDL)"
	likeRecord   = "recorded of one record: served as the one result of a collection, whose errors say statusCode where the top level says errorCode (crm/salesforce.md §3)"
	likeQuery    = "the recorded query did not select Id: filled in from the record's own url"
	neverCounted = "Lockstep counts by query: these counts are of some time ago"
	likePart     = "recorded as a part of a composite answer: served alone"
)

// salesforceExpectations says what every recorded answer of Salesforce means,
// and those that crm/salesforce.md quotes. It was written from those documents,
// before its author had read the adapter (salesforceTokens and
// salesforceCreations after); where one of them leaves something open, so does
// the row.
func salesforceExpectations() []expectation {
	rows := salesforceUpserts()
	rows = append(rows, salesforceUpdates()...)
	rows = append(rows, salesforceItems()...)
	rows = append(rows, salesforceRefusals()...)
	rows = append(rows, salesforceQueries()...)
	rows = append(rows, salesforceSchemas()...)
	rows = append(rows, salesforceTokens()...)
	rows = append(rows, salesforceCreations()...)
	return append(rows, salesforceDocumented()...)
}

func salesforceUpserts() []expectation {
	asRecorded := func(typ string) question { return writeAsRecorded(typ, crm.ByExternalID) }
	rows := []expectation{
		{recording: simpleUpsert + "9", call: forceUpsert, ask: asRecorded("Contact"), want: becomes(times(16, created(""))...)},
		{recording: simpleUpsert + "21", call: forceUpsert, ask: asRecorded("Contact"), want: becomes(
			updated("0035500001H9ka4AAB"), updated("0035500001H9ka6AAB"), updated("0035500001H9kZuAAJ"), created("0035500001H9kaAAAR"),
		)},
		{recording: complexUpsert + "9", call: forceUpsert, ask: asRecorded("Account"), want: becomes(created("0015500001QdQWaAAN"))},
		{recording: complexUpsert + "13", call: forceUpsert, ask: asRecorded("Contact"), want: becomes(times(16, created(""))...)},
	}
	// crm/salesforce.md §8: the field that holds external ids is not there, or
	// the user may not see it.
	for _, file := range []string{"upsert_error_response", "delete_error_response", "sobject_find_error_response"} {
		rows = append(rows, expectation{
			recording: restforce + "sobject/" + file + ".json", call: forceUpsert, status: http.StatusNotFound,
			ask:  write("Contact", crm.ByExternalID, crm.Write{ExternalID: "k1.1", Fields: lead()}),
			want: refusesCall(is(crm.KindNotFound).because(crm.ReasonExternalID).says("NOT_FOUND")),
		})
	}
	return rows
}

func salesforceUpdates() []expectation {
	badEmail := refused(is(crm.KindInvalid).because(crm.ReasonValueInvalid).says("INVALID_EMAIL_ADDRESS").at("email_field__c"))
	convertedLead := refused(is(crm.KindInvalid, crm.KindNotFound).because(crm.ReasonConverted).says("CANNOT_UPDATE_CONVERTED_LEAD"))
	noName := refused(is(crm.KindInvalid).because(crm.ReasonRequiredMissing).says("REQUIRED_FIELD_MISSING").at("Name"))
	update := func(n int, typ string, want ...fate) expectation {
		return expectation{
			recording: forceExchange + strconv.Itoa(n), call: forceUpdate, ask: writeAsRecorded(typ, crm.ByID), want: becomes(want...),
		}
	}
	rows := []expectation{
		update(6, "Account", updated("0014S000007NxmlQAC")),
		update(7, "Account", updated("0014S000007NxmlQAC")),
		update(8, "Account", updated("0014S000007NxmlQAC"), updated("0014S000007Nx5BQAS")),
		update(9, "Account", updated("0014S000007NxmlQAC"), badEmail),
		update(10, "Account", updated("0014S000007NxgWQAS"), badEmail),
		update(11, "Contact", updated("0034S000005YJVlQAO"), updated("0034S000005YJX5QAO")),
		update(12, "Lead", convertedLead),
		update(13, "Lead", convertedLead),
		{
			recording: forceCassettes + "TestUpdatesIntegrationTests.test_updates_task.yaml#4", call: forceUpdate,
			ask: writeAsRecorded("Account", crm.ByID), want: becomes(times(6, updated(""))...),
		},
	}
	for n, fates := range map[int][]fate{
		14: {updated("0014S000007NxmlQAC")}, 15: {updated("0014S000007Nx5BQAS")}, 16: {noName}, 21: {noName},
		17: times(3, updated("")), 18: times(2, updated("")), 19: times(3, updated("")), 20: times(2, updated("")),
	} {
		row := update(n, "Account", fates...)
		row.changed = likeSave
		rows = append(rows, row)
	}
	return append(
		rows,
		expectation{
			recording: simpleUpsert + "7", call: forceUpdate, changed: likeSave,
			ask: writeAsRecorded("Account", crm.ByID), want: becomes(updated("0015500001QdZPKAA3")),
		},
		expectation{
			recording: simpleUpsert + "29", call: forceUpdate, changed: likeSave,
			ask: writeAsRecorded("Opportunity", crm.ByID), want: becomes(updated("0065500000KQ12XAAT"), updated("0065500000KQ12YAAT")),
		},
	)
}

// salesforceItems are results of records, each with its own error.
func salesforceItems() []expectation {
	two := []crm.Write{{ID: "003ak00000jvIfpAAE", Fields: lead()}, {ID: "003ak00000jvIfqAAE", Fields: lead()}}
	missingName := refused(is(crm.KindInvalid).because(crm.ReasonRequiredMissing).says("REQUIRED_FIELD_MISSING").at("LastName"))
	// Nothing was wrong with the record, and nothing was applied: it can be sent
	// again. Our calls say allOrNone: false, so that this never comes.
	rolledBack := refused(is(crm.KindConflict, crm.KindUnavailable).says("ALL_OR_NONE_OPERATION_ROLLED_BACK"))
	noColumn := refused(is(crm.KindInvalid, crm.KindNotFound).because(crm.ReasonFieldUnknown).says("INVALID_FIELD"))
	noID := refused(is(crm.KindInvalid, crm.KindInternal).says("MISSING_ARGUMENT"))
	results := func(file, changed string, want ...fate) expectation {
		return expectation{
			recording: forceBatches + file, call: forceUpdate, status: http.StatusOK, changed: changed,
			ask: write("Contact", crm.ByID, two...), want: becomes(want...),
		}
	}
	return []expectation{
		results("update/contacts/success.json", "", updated("003ak00000jvIfpAAE"), updated("003ak00000jvIfqAAE")),
		results("update/contacts/err-each-no-ids.json", "", noID, noID),
		results("update/contacts/partial-but-allOrNone.json", "", rolledBack, noColumn),
		{
			recording: forceBatches + "create/contacts/success.json", call: forceUpdate, status: http.StatusOK, changed: likeSave,
			ask:  write("Contact", crm.ByID, crm.Write{ID: "003ak00000luKU1AAM", Fields: lead()}, crm.Write{ID: "003ak00000luKU2AAM", Fields: lead()}),
			want: becomes(updated("003ak00000luKU1AAM"), updated("003ak00000luKU2AAM")),
		},
		results("create/contacts/partial-but-allOrNone.json", likeSave, missingName, rolledBack),
		{
			// An id beside success: false is no success.
			recording: "amp-labs-fixtures/success-with-errors.json", call: forceUpdate, status: http.StatusOK,
			changed: likeRecord, change: asResult(), ask: write("Account", crm.ByID, crm.Write{ID: "001RM000003oLruYAE", Fields: lead()}),
			want: becomes(refused(is(crm.KindInvalid).because(crm.ReasonValueInvalid).says("MALFORMED_ID"))),
		},
		{
			recording: "amp-labs-fixtures/crm/delete/not-found.json", call: forceUpdate, status: http.StatusOK,
			changed: likeRecord, change: asResult(), ask: write("Contact", crm.ByID, two[0]),
			want: becomes(refused(is(crm.KindNotFound).because(crm.ReasonDeleted).says("ENTITY_IS_DELETED"))),
		},
		{
			recording: "amp-labs-fixtures/invalid-field-upsert.json", call: forceUpdate, status: http.StatusOK,
			changed: likeRecord, change: asResult(), ask: write("Contact", crm.ByID, two[0]),
			want: becomes(refused(is(crm.KindForbidden, crm.KindInvalid).because(crm.ReasonFieldReadOnly).
				says("INVALID_FIELD_FOR_INSERT_UPDATE").at("MasterRecordId"))),
		},
	}
}

// salesforceRefusals are top-level errors.
func salesforceRefusals() []expectation {
	two := []crm.Write{{ID: "003ak00000jvIfpAAE", Fields: lead()}, {ID: "003ak00000jvIfqAAE", Fields: lead()}}
	readOnly := is(crm.KindForbidden, crm.KindInvalid).because(crm.ReasonFieldReadOnly).says("INVALID_FIELD_FOR_INSERT_UPDATE").at("MasterRecordId")
	noColumn := is(crm.KindInvalid, crm.KindNotFound).because(crm.ReasonFieldUnknown).says("INVALID_FIELD")
	dead := is(crm.KindUnauthorized).because("").says("INVALID_SESSION_ID") // a 401 alone may be a race
	const (
		expired = restforce + "expired_session_response.json"
		column  = restforce + "sobject/write_error_response.json"
		fixed   = "amp-labs-fixtures/invalid-field-upsert.json"
	)
	byID := write("Contact", crm.ByID, two...)
	alone := write("Contact", crm.ByID, two[0])
	return []expectation{
		{
			recording: forceBatches + "create/contacts/err-bad-request.json", call: forceUpdate, status: http.StatusBadRequest, ask: byID,
			want: refusesCall(is(crm.KindInvalid).because(crm.ReasonBatch).says("REQUIRED_FIELD_MISSING")),
		},
		{recording: fixed, call: forceUpdate, status: http.StatusBadRequest, ask: byID, want: splitsOrRefusesEach(readOnly)},
		{recording: fixed, call: forceUpdate, status: http.StatusBadRequest, ask: alone, want: refusesAlone(readOnly)},
		{recording: column, call: forceUpdate, status: http.StatusBadRequest, ask: byID, want: splitsOrRefusesEach(noColumn)},
		{recording: column, call: forceUpdate, status: http.StatusBadRequest, ask: alone, want: refusesAlone(noColumn)},
		{recording: expired, call: forceUpdate, status: http.StatusUnauthorized, ask: byID, want: refusesCall(dead)},
		{
			recording: expired, call: forceUpsert, status: http.StatusUnauthorized, want: refusesCall(dead),
			ask: write("Contact", crm.ByExternalID, crm.Write{ExternalID: "k1.1", Fields: lead()}),
		},
		{recording: expired, call: forceQuery, status: http.StatusUnauthorized, ask: listing("Contact"), want: refusesCall(dead)},
		{recording: expired, call: forceDescribe, status: http.StatusUnauthorized, ask: fields("Contact"), want: refusesCall(dead)},
	}
}

func salesforceQueries() []expectation {
	query := func(recording string, want answer) expectation {
		return expectation{
			recording: recording, call: forceQuery, status: http.StatusOK, changed: likeQuery, change: withIDs(),
			ask: listing("Contact"), want: want,
		}
	}
	lookUp := find("Contact", crm.KeyEmail, "additivebrian@demo.com")
	noColumn := is(crm.KindInvalid, crm.KindNotFound).because(crm.ReasonFieldUnknown).says("INVALID_FIELD")
	noObject := is(crm.KindInvalid, crm.KindNotFound).says("INVALID_TYPE")
	rows := []expectation{
		query(forceCassettes+"TestUpdatesIntegrationTests.test_updates_task.yaml#2", listsAll(6)),
		query(simpleUpsert+"11", listsAll(1)),
		query(simpleUpsert+"12", listsAll(16)),
		query(simpleUpsert+"30", listsAll(17)),
		query(complexUpsert+"7", listsAll(0)),
		query(complexUpsert+"11", listsAll(0)),
		query(complexUpsert+"15", listsAll(0)),
		query(complexUpsert+"17", listsAll(1)),
		query(complexUpsert+"26", listsAll(2)),
		query(forceCassettes+"TestUpsert.test_upsert_external_id_field.yaml#24", listsAll(1)),
		query(forceCassettes+"TestUpsert.test_upsert_external_id_field.yaml#25", listsAll(16)),
		query(forceCassettes+"TestUpsert.test_upsert_external_id_field.yaml#54", listsAll(17)),
		query("amp-labs-fixtures/read-list-contacts.json", listsAll(20)),
		query("amp-labs-fixtures/read-opportunity-with-account.json", listsAll(2)),
		query("amp-labs-fixtures/read-opportunity-with-contacts.json", listsAll(1)),
		query(restforce+"sobject/query_success_response.json", listsAll(1)),
		query(restforce+"sobject/query_paginated_last_page_response.json", listsAll(1)),
		// crm/salesforce.md §4: nextRecordsUrl is followed verbatim.
		query(restforce+"sobject/query_paginated_first_page_response.json", lists("/services/data/v26.0/query/01gD", crm.Found{ID: "foo"})),
		// done, whatever else stands beside it.
		query("amp-labs-fixtures/read-list-leads.json", listsAll(8)),
		{recording: "amp-labs-fixtures/unknown-field.json", call: forceQuery, status: http.StatusBadRequest, ask: lookUp, want: refusesCall(noColumn)},
		{recording: restforce + "sobject/query_error_response.json", call: forceQuery, status: http.StatusBadRequest, ask: lookUp, want: refusesCall(noColumn)},
		{recording: "amp-labs-fixtures/unknown-object.json", call: forceQuery, status: http.StatusBadRequest, ask: listing("Contact"), want: refusesCall(noObject)},
		{recording: restforce + "sobject/query_empty_response.json", call: forceQuery, status: http.StatusOK, ask: lookUp, want: finds()},
		{
			// Which is what a check asks for.
			recording: restforce + "sobject/org_query_response.json", call: forceQuery, about: "FROM Organization", status: http.StatusOK,
			ask: check(), want: nothing(),
		},
		{
			recording: forceCassettes + "TestCountSObjects.test_count_sobjects__errors.yaml#0", call: forceQuery, status: http.StatusOK,
			changed: likePart, change: part(0), ask: count("Contact"), want: counts(17),
		},
		{
			recording: forceCassettes + "TestCountSObjects.test_count_sobjects__errors.yaml#0", call: forceQuery, status: http.StatusBadRequest,
			changed: likePart, change: part(1), ask: count("Contact"), want: refusesCall(noObject),
		},
	}
	for _, n := range []string{"22", "23", "24"} {
		rows = append(rows, expectation{recording: forceExchange + n, call: forceQuery, ask: lookUp, want: finds()})
	}
	for name, n := range map[string]int{
		forceCassettes + "TestUpdatesIntegrationTests.test_updates_task.yaml#1": 0,
		complexUpsert + "6": 1, complexUpsert + "10": 2, complexUpsert + "14": 0, complexUpsert + "25": 1,
	} {
		rows = append(rows, expectation{recording: name, call: forceCount, ask: count("Contact"), want: counts(n), idle: neverCounted})
	}
	return rows
}

func salesforceSchemas() []expectation {
	var rows []expectation
	for _, name := range []string{
		"Account", "Account_v42_org_with_custom_fields", "Case", "Contact", "Contact_v42_org_with_custom_fields", "Custom__c", "Event", "Lead",
		"Lead_v42_org_with_custom_fields", "Opportunity", "OpportunityContactRole",
	} {
		rows = append(rows, expectation{
			recording: "describe/" + name + ".json", call: forceDescribe, status: http.StatusOK,
			ask: fields("Contact"), want: describesByRule(salesforceField),
		})
	}
	for _, name := range []string{"accounts-sampled", "custom-object-with-custom-fields", "organization-sampled"} {
		rows = append(rows, expectation{
			recording: "amp-labs-fixtures/metadata/read/" + name + ".json", call: forceDescribe, status: http.StatusOK,
			changed: likePart, change: part(0), ask: fields("Contact"), want: describesByRule(salesforceField),
		})
	}
	return append(
		rows,
		expectation{
			recording: restforce + "sobject/sobject_describe_success_response.json", call: forceDescribe, status: http.StatusOK,
			ask: fields("Contact"), want: describesByRule(salesforceField),
		},
		expectation{
			recording: "describe/Lead.json", call: forceDescribe, status: http.StatusOK, ask: fields("Lead"), want: requires("LastName", "Company"),
		},
		expectation{
			recording: "describe/Contact.json", call: forceDescribe, status: http.StatusOK, ask: fields("Contact"), want: requires("LastName"),
		},
		expectation{
			recording: "describe/Opportunity.json", call: forceDescribe, status: http.StatusOK, ask: fields("Opportunity"),
			want: requires("Name", "StageName", "CloseDate"),
		},
		expectation{
			recording: restforce + "sobject/sobject_describe_error_response.json", call: forceDescribe, status: http.StatusNotFound,
			ask: fields("Nothing"), want: refusesCall(is(crm.KindNotFound).says("NOT_FOUND")),
		},
		expectation{
			recording: "describe/_record_Organization.json", call: forceQuery, status: http.StatusOK,
			changed: "a record that was retrieved: served as the one record of a query", change: asQuery(),
			ask: identify(), want: identifies(crm.Account{
				ID: "00D0xORGID00000000", Name: "CumulusCI - Dev Workspace", Environment: crm.Sandbox, Edition: "Developer Edition",
			}),
		},
		expectation{
			recording: "amp-labs-fixtures/metadata/write/user-info.json", call: forceUserInfo, status: http.StatusOK,
			ask: identifyAnew(), want: identifies(crm.Account{UserID: "005006007008"}),
		},
		// The set is there already, and is the one that is granted to.
		expectation{
			recording: "amp-labs-fixtures/metadata/write/permission-set.json", call: forceQuery, about: "FROM PermissionSet ", status: http.StatusOK,
			ask: provision("Contact"), want: uses("0PSak00000M9uBBGAZ"),
		},
		// The permission is there already: calling it again changes nothing.
		expectation{
			recording: "amp-labs-fixtures/metadata/write/err-duplicate-permission-assignment.json", call: forceAssign, applied: true, status: http.StatusBadRequest,
			ask: provision("Contact"), want: nothing(),
		},
	)
}

// salesforceCreations are the answers to the creation of one record, which is
// how a permission set comes to be.
func salesforceCreations() []expectation {
	var rows []expectation
	for _, name := range []string{
		forceExchange + "28", forceExchange + "29", forceExchange + "37", forceExchange + "38",
		forceCassettes + "TestCompositeParallelSalesforce.test_composite_parallel_salesforce.yaml#0", complexUpsert + "18",
		"amp-labs-fixtures/create-ok.json", restforce + "sobject/create_success_response.json",
	} {
		rows = append(rows, expectation{
			recording: name, call: forceSet, applied: true, status: http.StatusCreated, ask: provision("Contact"), want: nothing(),
		})
	}
	return rows
}

// salesforceTokens are the answers of the token endpoint, which package oauth
// asks.
func salesforceTokens() []expectation {
	dead := refusesCall(is(crm.KindUnauthorized).because(crm.ReasonGrant).says("invalid_grant"))
	return []expectation{
		{recording: restforce + "refresh_success_response.json", call: forceToken, status: http.StatusOK, ask: renew(), want: renews("refreshed_access_token")},
		{recording: restforce + "reauth_success_response.json", call: forceToken, status: http.StatusOK, ask: renew(), want: renews("new_access_token")},
		{
			recording: restforce + "auth_success_response.json", call: forceToken, status: http.StatusOK, ask: renew(),
			want: renews("00Dx0000000BV7z!AR8AQAxo9UfVkh8AlV0Gomt9Czx9LjHnSSpwBMmbRcgKFmxOtvxjTrKW19ye6PE3Ds1eQz3z8jr3W7_VbWmEu4Q8TVGSTHxs"),
		},
		{recording: restforce + "refresh_error_response.json", call: forceToken, status: http.StatusBadRequest, ask: renew(), want: dead},
	}
}

func lead() map[string]any { return map[string]any{"LastName": "Lovelace"} }
