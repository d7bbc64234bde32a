package conformance

import (
	"net/http"
	"strconv"

	"lockstep/internal/crm"
)

// The calls of ours that recordings answer, as the documents spell them.
const (
	hubUpsert     = "POST /crm/v3/objects/{objectType}/batch/upsert"
	hubUpdate     = "POST /crm/v3/objects/{objectType}/batch/update"
	hubRead       = "POST /crm/v3/objects/{objectType}/batch/read"
	hubSearch     = "POST /crm/v3/objects/{objectType}/search"
	hubList       = "GET /crm/v3/objects/{objectType}"
	hubProperties = "GET /crm/v3/properties/{objectType}"
	hubPropose    = "POST /crm/v3/properties/{objectType}"
	hubToken      = "POST /oauth/v1/token"
	hubAccount    = "GET /account-info/v3/details"
)

const (
	hubBatches  = "amp-labs-fixtures/batch/"
	hubExchange = "wire-recordings-grouparoo.json#"

	likeCreate = "recorded of batch/create: the vendor's answer to an upsert has `new` and the property that was matched by besides, " +
		"and names the trace ids of the request"
	likeList   = "recorded of another call that answers properties of the same form: served as the list of them"
	likeSearch = "recorded of a search: the vendor says so in the same words whatever was called"

	neverSearches = "Lockstep never searches: the index lags behind what was written"
)

// hubspotExpectations says what every recorded answer of HubSpot means, and
// those that crm/hubspot.md quotes. It was written from those documents, before
// its author had read the adapter (those of the token endpoint after); where one
// of them leaves something open, so does the row.
func hubspotExpectations() []expectation {
	rows := hubspotWrites()
	rows = append(rows, hubspotBatchRefusals()...)
	rows = append(rows, hubspotReads()...)
	rows = append(rows, hubspotSchemas()...)
	return append(rows, hubspotDocumented()...)
}

func hubspotWrites() []expectation {
	markus := crm.Write{ID: "171591000198", Fields: map[string]any{"firstname": "Markus (updated)", "lastname": "Blevins (updated)"}}
	siena := crm.Write{ID: "171591000199", Fields: map[string]any{"firstname": "Siena (updated)", "lastname": "Dyer (updated)"}}
	stranger := crm.Write{ID: "unknownIdentifier888", Fields: map[string]any{"firstname": "Nobody"}}
	lily := crm.Write{ExternalID: "k1.lily", Fields: person("lilyskinner@hubspot.com", "Lily", "Skinner")}
	marley := crm.Write{ExternalID: "k1.marley", Fields: person("marleyfleming@hubspot.com", "Marley", "Fleming")}
	taken := crm.Write{ExternalID: "k1.taken", Fields: person("taken@hubspot.com", "Markus", "Blevins")}
	dyer := crm.Write{ExternalID: "k1.dyer", Fields: person("siena.dyer@hubspot.com", "Siena", "Dyer")}

	rows := []expectation{
		{
			recording: hubBatches + "update/contacts/success.json", call: hubUpdate, status: http.StatusOK,
			ask: write("contacts", crm.ByID, markus, siena), want: becomes(updated("171591000198"), updated("171591000199")),
		},
		{
			// crm/hubspot.md §3: an unknown id is told by context.ids, without trace id.
			recording: hubBatches + "update/contacts/err-partial-success.json", call: hubUpdate, status: http.StatusMultiStatus,
			ask:  write("contacts", crm.ByID, siena, stranger),
			want: becomes(updated("171591000199"), refused(is(crm.KindNotFound).says("OBJECT_NOT_FOUND"))),
		},
		{
			recording: hubBatches + "create/contacts/success.json", call: hubUpsert, status: http.StatusOK,
			changed: likeCreate, change: asUpsert(),
			ask: write("contacts", crm.ByExternalID, marley, lily), want: becomes(created("171596044870"), created("171596044869")),
		},
		{
			// The trace id 0 is the first input's.
			recording: hubBatches + "create/contacts/err-partial-success.json", call: hubUpsert, status: http.StatusMultiStatus,
			changed: likeCreate, change: asUpsert(),
			ask: write("contacts", crm.ByExternalID, taken, dyer),
			want: becomes(
				refused(is(crm.KindInvalid).because(crm.ReasonDuplicate).says("CONFLICT")),
				created("171596044870"),
			),
		},
	}
	// 30 to 33 were recorded of a custom object, whose answers have the form of
	// every other.
	for n, typ := range map[int]string{
		32: "contacts", 33: "contacts", 43: "companies", 44: "companies", 54: "contacts", 55: "contacts",
	} {
		rows = append(rows, expectation{
			recording: hubExchange + strconv.Itoa(n), call: hubUpdate,
			ask: writeAsRecorded(typ, crm.ByID), want: becomes(updated("")),
		})
	}
	for _, n := range []int{30, 31, 52, 53} {
		rows = append(rows, expectation{
			recording: hubExchange + strconv.Itoa(n), call: hubUpsert, changed: likeCreate, change: asUpsert(),
			ask: writeAsRecorded("contacts", crm.ByExternalID), want: becomes(created("")),
		})
	}
	// Recorded: the results of 41 are in another order than the inputs.
	return append(
		rows,
		expectation{
			recording: hubExchange + "41", call: hubUpsert, changed: likeCreate, change: asUpsert(),
			ask: writeAsRecorded("companies", crm.ByExternalID), want: becomes(created("7945038518"), created("7945038519")),
		},
		expectation{
			recording: hubExchange + "42", call: hubUpsert, changed: likeCreate, change: asUpsert(),
			ask: writeAsRecorded("companies", crm.ByExternalID), want: becomes(created("7945061896"), created("7945061897")),
		},
	)
}

// hubspotBatchRefusals are answers that refuse a call as a whole.
func hubspotBatchRefusals() []expectation {
	typo := func(n int) crm.Write {
		return crm.Write{
			ID: strconv.Itoa(1000 + n), ExternalID: "k1." + strconv.Itoa(n),
			Fields: map[string]any{"first000name": "Ada", "last000name": "Lovelace"},
		}
	}
	one := person("ada@example.com", "Ada", "Lovelace")
	unknown := is(crm.KindInvalid, crm.KindNotFound).because(crm.ReasonFieldUnknown).at("first000name", "last000name")
	var rows []expectation
	for call, match := range map[string]crm.Match{hubUpsert: crm.ByExternalID, hubUpdate: crm.ByID} {
		for _, from := range []string{"create", "update"} {
			file := hubBatches + from + "/contacts/err-many-invalid-properties.json"
			rows = append(
				rows,
				// crm/hubspot.md §3: the whole batch fails and the errors are not
				// attributable to a row, but to properties.
				expectation{
					recording: file, call: call, status: http.StatusBadRequest,
					ask: write("contacts", match, typo(1), typo(2)), want: splitsOrRefusesEach(unknown),
				},
				// Sent alone, a record is the culprit.
				expectation{
					recording: file, call: call, status: http.StatusBadRequest,
					ask: write("contacts", match, typo(1)), want: refusesAlone(unknown),
				},
			)
		}
	}
	return append(
		rows,
		// The batch's form of the conflict names no record (crm/hubspot.md §8).
		expectation{
			recording: hubBatches + "create/contacts/err-conflict.json", call: hubUpsert, status: http.StatusConflict,
			ask: write("contacts", crm.ByExternalID,
				crm.Write{ExternalID: "k1.1", Fields: one}, crm.Write{ExternalID: "k1.2", Fields: person("bob@example.com", "Bob", "Byte")}),
			want: refusesCall(is(crm.KindInvalid).because(crm.ReasonBatch).says("CONFLICT")),
		},
		expectation{
			recording: hubBatches + "create/contacts/err-conflict.json", call: hubUpsert, status: http.StatusConflict,
			ask:  write("contacts", crm.ByExternalID, crm.Write{ExternalID: "k1.1", Fields: one}),
			want: refusesAlone(is(crm.KindInvalid).because(crm.ReasonDuplicate).says("CONFLICT")),
		},
		// A batch names no id twice, so this would be a fault of ours; splitting
		// would help all the same.
		expectation{
			recording: hubBatches + "update/contacts/err-duplicate-ids.json", call: hubUpdate, status: http.StatusBadRequest,
			ask:  write("contacts", crm.ByID, crm.Write{ID: "123456", Fields: one}, crm.Write{ID: "123457", Fields: one}),
			want: refusesCall(is(crm.KindInvalid, crm.KindInternal)),
		},
		expectation{
			recording: "amp-labs-fixtures/search/error-invalid-object.json", call: hubList, status: http.StatusBadRequest,
			changed: likeSearch, ask: listing("butterflies"), want: refusesCall(is(crm.KindNotFound, crm.KindInvalid)),
		},
	)
}

func hubspotReads() []expectation {
	const batch = "amp-labs-fixtures/read/objects-api/contacts-batch.json"
	both := []crm.Found{{ID: "110338039632", Email: "bh@hubspot.com"}, {ID: "110323586992", Email: "emailmaria@hubspot.com"}}
	rows := []expectation{
		{
			recording: batch, call: hubRead, status: http.StatusOK,
			ask: find("contacts", crm.KeyID, "110338039632", "110323586992"), want: finds(both...),
		},
		{
			recording: batch, call: hubRead, status: http.StatusOK,
			ask: find("contacts", crm.KeyEmail, "bh@hubspot.com", "EmailMaria@HubSpot.com"), want: finds(both...),
		},
		{
			// The cursor of the next page is paging.next.after (crm/hubspot.md §4).
			recording: "amp-labs-fixtures/read/objects-api/contacts-response.json", call: hubList, status: http.StatusOK,
			ask: listing("contacts"),
			want: lists("after=394", crm.Found{ID: "1", Email: "a@example.com"}, crm.Found{ID: "51", Email: "b@example.com"},
				crm.Found{ID: "101", Email: "c@example.com"}),
		},
	}
	for n, total := range map[string]int{
		"amp-labs-fixtures/search/contacts/1-first-page.json":      57,
		"amp-labs-fixtures/search/contacts/2-second-page.json":     57,
		"amp-labs-fixtures/read-via-search/contacts-response.json": 115,
		hubExchange + "34": 0, hubExchange + "35": 0, hubExchange + "45": 2, hubExchange + "46": 1,
		hubExchange + "56": 1, hubExchange + "57": 1,
	} {
		rows = append(rows, expectation{
			recording: n, call: hubSearch, status: http.StatusOK, ask: count("contacts"), want: counts(total),
			idle: neverSearches,
		})
	}
	// crm/hubspot.md §7: the search's own limit, recorded with its headers. No
	// answer says when to come back.
	for _, n := range []int{36, 37, 38, 47, 48, 49, 58, 59, 60} {
		name := hubExchange + strconv.Itoa(n)
		rows = append(
			rows,
			expectation{
				recording: name, call: hubRead, changed: likeSearch,
				ask: find("contacts", crm.KeyEmail, "grouparoo@demo.com"), want: refusesCall(is(crm.KindRateLimited)),
			},
			expectation{
				recording: name, call: hubUpsert, changed: likeSearch,
				ask:  write("contacts", crm.ByExternalID, crm.Write{ExternalID: "k1.1", Fields: person("a@example.com", "A", "B")}),
				want: refusesCall(is(crm.KindRateLimited)),
			},
		)
	}
	return rows
}

func hubspotSchemas() []expectation {
	rows := []expectation{
		{
			recording: "amp-labs-fixtures/metadata-contacts-properties-sampled.json", call: hubProperties, status: http.StatusOK,
			ask: fields("contacts"), want: describes(
				crm.Field{Name: "address", Label: "Street Address", Type: crm.TypeText, Creatable: true, Updatable: true},
				crm.Field{Name: "mobilephone", Label: "Mobile Phone Number", Type: crm.TypePhone, Creatable: true, Updatable: true},
				crm.Field{Name: "hubspotscore", Label: "HubSpot Score", Type: crm.TypeNumber},
			),
		},
		{
			recording: "amp-labs-fixtures/metadata-contacts-properties-sampled.json", call: hubProperties, status: http.StatusOK,
			ask: fields("contacts"), want: describesByRule(hubspotField),
		},
		{
			recording: "amp-labs-fixtures/metadata-deals-properties-sampled.json", call: hubProperties, status: http.StatusOK,
			ask: fields("deals"), want: describesByRule(hubspotField),
		},
		{
			recording: "amp-labs-fixtures/custom/create/4-response-batch-create-properties.json", call: hubProperties, status: http.StatusOK,
			changed: likeList, ask: fields("contacts"), want: describesByRule(hubspotField),
		},
		{
			recording: "amp-labs-fixtures/custom/update/3-response-batch-create-properties.json", call: hubProperties, status: http.StatusOK,
			changed: likeList, ask: fields("contacts"), want: describesByRule(hubspotField),
		},
		{
			// crm/hubspot.md §1: what is missing is a scope, and the grant is fine.
			recording: "amp-labs-fixtures/metadata-err-schemas-scope.json", call: hubProperties, status: http.StatusForbidden,
			ask: fields("contacts"), want: refusesCall(is(crm.KindForbidden).because(crm.ReasonAccess)),
		},
		{
			recording: "amp-labs-fixtures/metadata-err-schemas-scope.json", call: hubPropose, status: http.StatusForbidden,
			ask: provision("contacts"), want: refusesCall(is(crm.KindForbidden).because(crm.ReasonAccess)),
		},
		{
			recording: "amp-labs-fixtures/post-auth/account-info.json", call: hubAccount, status: http.StatusOK,
			ask: identify(), want: identifies(crm.Account{ID: "12345678", Environment: crm.Production}),
		},
		{
			recording: "amp-labs-fixtures/post-auth/account-info.json", call: hubAccount, status: http.StatusOK,
			ask: check(), want: nothing(),
		},
	}
	for _, n := range []int{61, 62, 63, 64} {
		rows = append(rows, expectation{
			recording: hubExchange + strconv.Itoa(n), call: hubProperties, changed: likeList, change: propertiesOf(),
			ask: fields("contacts"), want: describesByRule(hubspotField),
		})
	}
	return rows
}

func person(email, first, last string) map[string]any {
	return map[string]any{"email": email, "firstname": first, "lastname": last}
}
