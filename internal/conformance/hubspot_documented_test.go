package conformance

import (
	"net/http"
	"strconv"
	"time"

	"lockstep/internal/crm"
)

// hubspotDocumented are the answers that crm/hubspot.md quotes and nobody has
// kept a recording of.
func hubspotDocumented() []expectation {
	ada := crm.Write{ID: "512", ExternalID: "k1.1", Fields: person("ada@example.com", "Ada", "Lovelace")}
	upsert := write("contacts", crm.ByExternalID, ada)
	look := find("contacts", crm.KeyEmail, "ada@example.com")
	dead := is(crm.KindUnauthorized).because("") // a 401 alone may be a race
	const (
		expired = `{"status":"error","message":"The OAuth token used to make this call expired 0 second(s) ago.","correlationId":"1",` +
			`"category":"EXPIRED_AUTHENTICATION","context":{"expire time":["2026-03-10T23:04:41.164Z"]}}`
		garbage = `{"status":"error","message":"Authentication credentials not found.","correlationId":"1","category":"INVALID_AUTHENTICATION"}`
		daily   = `{"status":"error","message":"You have reached your daily limit.","errorType":"RATE_LIMIT","correlationId":"1","policyName":"DAILY","requestId":"1"}`
		rolling = `{"status":"error","message":"You have reached your ten_secondly_rolling limit.","errorType":"RATE_LIMIT","correlationId":"1","policyName":"TEN_SECONDLY_ROLLING","requestId":"1"}`
		exists  = `{"status":"error","message":"Contact already exists. Existing ID: 512","correlationId":"1","category":"CONFLICT"}`
	)
	rows := []expectation{
		{document: "crm/hubspot.md §1", body: expired, call: hubUpsert, status: http.StatusUnauthorized, ask: upsert, want: refusesCall(dead)},
		{document: "crm/hubspot.md §1", body: expired, call: hubRead, status: http.StatusUnauthorized, ask: look, want: refusesCall(dead)},
		{document: "crm/hubspot.md §1", body: garbage, call: hubAccount, status: http.StatusUnauthorized, ask: check(), want: refusesCall(dead)},
		{document: "crm/hubspot.md §7", body: daily, call: hubUpsert, status: http.StatusTooManyRequests, ask: upsert, want: refusesCall(is(crm.KindQuota))},
		{document: "crm/hubspot.md §7", body: daily, call: hubRead, status: http.StatusTooManyRequests, ask: look, want: refusesCall(is(crm.KindQuota))},
		{document: "crm/hubspot.md §7", body: rolling, call: hubUpsert, status: http.StatusTooManyRequests, ask: upsert, want: refusesCall(is(crm.KindRateLimited))},
		{
			document: "crm/hubspot.md §3", body: exists, call: hubUpsert, status: http.StatusConflict, ask: upsert,
			want: refusesAlone(is(crm.KindInvalid).because(crm.ReasonDuplicate).says("CONFLICT")),
		},
		{
			document: "crm/hubspot.md §8, 423 lasts 2 s", body: `{}`, call: hubUpsert, status: http.StatusLocked, ask: upsert,
			want: refusesCall(is(crm.KindConflict).because(crm.ReasonLocked).after(2 * time.Second)),
		},
		{
			document: "crm/hubspot.md §7, 477 says when", body: `{}`, call: hubUpsert, status: 477, headers: http.Header{"Retry-After": {"30"}}, ask: upsert,
			want: refusesCall(is(crm.KindRateLimited, crm.KindUnavailable).after(30 * time.Second)),
		},
		{
			document: "DESIGN.md §2 rule 2, an answer cut short", body: `{"status":"COMPLETE","results":[{"id":"51`, call: hubUpsert, status: http.StatusOK, ask: upsert,
			want: refusesCall(is(crm.KindUnknown)),
		},
		{
			document: "DESIGN.md §2 rule 2, an answer that names no record", body: `{"status":"COMPLETE","results":[]}`, call: hubUpsert, status: http.StatusOK, ask: upsert,
			want: refusesAlone(is(crm.KindUnknown)),
		},
	}
	rows = append(
		rows,
		expectation{
			document: "crm/hubspot.md §1, a token", call: hubToken, status: http.StatusOK,
			body: `{"token_type":"bearer","access_token":"CPn","refresh_token":"na1-1","expires_in":1800,"hub_id":123,"scopes":["oauth"]}`,
			ask:  renew(), want: renews("CPn"),
		},
		expectation{
			document: "crm/hubspot.md §1, a dead refresh token", call: hubToken, status: http.StatusBadRequest,
			body: `{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token","error":"invalid_grant",` +
				`"error_description":"refresh token is invalid, expired or revoked"}`,
			ask: renew(), want: refusesCall(is(crm.KindUnauthorized).because(crm.ReasonGrant)),
		},
	)
	for _, kind := range []string{"DEVELOPER_TEST", "SANDBOX"} {
		rows = append(rows, expectation{
			document: "crm/hubspot.md §1, " + kind, call: hubAccount, status: http.StatusOK,
			body: `{"portalId":62515,"accountType":"` + kind + `","timeZone":"US/Eastern","companyCurrency":"USD","utcOffset":"-05:00",` +
				`"uiDomain":"app.hubspot.com","dataHostingLocation":"na1"}`,
			ask: identify(), want: identifies(crm.Account{ID: "62515", Environment: crm.Sandbox}),
		})
	}
	// §8 calls these transient. Nothing proves that a write was not applied.
	for _, status := range []int{http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout, 521} {
		name := "DESIGN.md §2 rule 2, " + strconv.Itoa(status)
		rows = append(
			rows,
			expectation{document: name, body: `<html></html>`, call: hubUpsert, status: status, ask: upsert, want: refusesCall(is(crm.KindUnknown))},
			expectation{document: name, body: `<html></html>`, call: hubRead, status: status, ask: look, want: refusesCall(is(crm.KindUnavailable))},
		)
	}
	return rows
}
