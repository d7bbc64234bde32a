package conformance

import (
	"fmt"
	"net/http"

	"lockstep/internal/crm"
)

// salesforceDocumented are the answers that crm/salesforce.md quotes and nobody
// has kept a recording of.
func salesforceDocumented() []expectation {
	one := crm.Write{ID: "003ak00000jvIfpAAE", ExternalID: "k1.1", Fields: lead()}
	update := write("Contact", crm.ByID, crm.Write{ID: one.ID, Fields: one.Fields})
	upsert := write("Contact", crm.ByExternalID, crm.Write{ExternalID: one.ExternalID, Fields: one.Fields})
	look := find("Contact", crm.KeyEmail, "ada@example.com")
	const limited = `[{"message":%q,"errorCode":"REQUEST_LIMIT_EXCEEDED"}]`
	daily := fmt.Sprintf(limited, "TotalRequests Limit exceeded.")
	busy := fmt.Sprintf(limited, "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
	const marker = "Lockstep_External_Id__c"
	rows := []expectation{
		{document: "crm/salesforce.md §7, the day's", body: daily, call: forceUpsert, status: http.StatusForbidden, ask: upsert, want: refusesCall(is(crm.KindQuota))},
		{document: "crm/salesforce.md §7, the day's", body: daily, call: forceQuery, status: http.StatusForbidden, ask: look, want: refusesCall(is(crm.KindQuota))},
		{document: "crm/salesforce.md §7, too many at once", body: busy, call: forceUpsert, status: http.StatusForbidden, ask: upsert, want: refusesCall(is(crm.KindRateLimited))},
		{document: "crm/salesforce.md §7, too many at once", body: busy, call: forceQuery, status: http.StatusForbidden, ask: look, want: refusesCall(is(crm.KindRateLimited))},
		{
			document: "crm/salesforce.md §8, API_DISABLED_FOR_ORG", body: `[{"message":"The REST API is not enabled for this Organization.","errorCode":"API_DISABLED_FOR_ORG"}]`,
			call: forceUpsert, status: http.StatusForbidden, ask: upsert, want: refusesCall(is(crm.KindForbidden).because(crm.ReasonAccess)),
		},
		{
			document: "crm/salesforce.md §2, a field the user may not see", call: forceQuery, status: http.StatusBadRequest,
			body: `[{"message":"No such column '` + marker + `' on entity 'Contact'.","errorCode":"INVALID_FIELD"}]`,
			ask:  find("Contact", crm.KeyExternalID, "k1.1"), want: refusesCall(is(crm.KindNotFound, crm.KindInvalid).because(crm.ReasonExternalID)),
		},
		{
			document: "crm/salesforce.md §4, a dead cursor", call: forceQuery, status: http.StatusBadRequest,
			body: `[{"message":"invalid query locator","errorCode":"INVALID_QUERY_LOCATOR"}]`,
			ask:  listing("Contact"), want: refusesCall(is(crm.KindNotFound, crm.KindInvalid).says("INVALID_QUERY_LOCATOR")),
		},
		{
			document: "crm/salesforce.md §8, QUERY_TIMEOUT", body: `[{"message":"Your query request was running for too long.","errorCode":"QUERY_TIMEOUT"}]`,
			call: forceQuery, status: http.StatusBadRequest, ask: look, want: refusesCall(is(crm.KindUnavailable)),
		},
		{
			document: "DESIGN.md §2 rule 2, an answer cut short", body: `[{"id":"003ak00000jvIfpAAE","succ`, call: forceUpsert, status: http.StatusOK, ask: upsert,
			want: refusesCall(is(crm.KindUnknown)),
		},
		{
			document: "DESIGN.md §2 rule 2, an answer without results", body: `[]`, call: forceUpsert, status: http.StatusOK, ask: upsert,
			want: refusesAlone(is(crm.KindUnknown)),
		},
	}
	for _, it := range []struct {
		code, message string
		fields        []string
		want          ruling
	}{
		{
			"DUPLICATE_VALUE", "duplicate value found: " + marker + " duplicates value on record with id: 003ak00000jvIfq", nil,
			is(crm.KindInvalid).because(crm.ReasonDuplicate),
		},
		{"DUPLICATES_DETECTED", "Use one of these records?", nil, is(crm.KindInvalid).because(crm.ReasonDuplicate)},
		{
			"UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record or 1 records: 001ak00000OQTieAAH", nil,
			is(crm.KindConflict).because(crm.ReasonLocked),
		},
		{"FIELD_CUSTOM_VALIDATION_EXCEPTION", "No.", []string{"Phone"}, is(crm.KindInvalid).because(crm.ReasonValidationRule).at("Phone")},
		{
			"STRING_TOO_LONG", "First Name: data value too large: x (max length=40)",
			[]string{"FirstName"},
			is(crm.KindInvalid).because(crm.ReasonValueTooLong).at("FirstName"),
		},
		{
			"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value for restricted picklist field: x",
			[]string{"LeadSource"},
			is(crm.KindInvalid).because(crm.ReasonOptionUnknown).at("LeadSource"),
		},
		{"INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", nil, is(crm.KindForbidden).because(crm.ReasonAccess)},
		{
			"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient access rights on cross-reference id", nil,
			is(crm.KindForbidden).because(crm.ReasonAccess),
		},
		{"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "T: execution of BeforeInsert", nil, is(crm.KindInvalid).because(crm.ReasonAutomation)},
		{
			"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "T: execution of AfterInsert caused by: UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record", nil,
			is(crm.KindConflict).because(crm.ReasonLocked),
		},
	} {
		rows = append(rows, expectation{
			document: "crm/salesforce.md §8, " + it.code, call: forceUpdate, status: http.StatusOK, body: failedResult(it.code, it.message, it.fields...),
			ask: update, want: becomes(refused(it.want.says(it.code))),
		})
	}
	for status, code := range map[int]string{http.StatusInternalServerError: "UNKNOWN_EXCEPTION", http.StatusServiceUnavailable: "SERVER_UNAVAILABLE"} {
		body := `[{"message":"An unexpected error occurred.","errorCode":"` + code + `"}]`
		rows = append(
			rows,
			expectation{document: "DESIGN.md §2 rule 2, " + code, body: body, call: forceUpsert, status: status, ask: upsert, want: refusesCall(is(crm.KindUnknown))},
			expectation{document: "crm/salesforce.md §8, " + code, body: body, call: forceQuery, status: status, ask: look, want: refusesCall(is(crm.KindUnavailable))},
		)
	}
	return rows
}
