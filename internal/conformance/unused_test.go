package conformance

// hubspotUnused says why recordings of HubSpot stand in no row.
func hubspotUnused() []disuse {
	const (
		legacy    = "the API before v3, which Lockstep does not call"
		marketing = "campaigns, marketing, events and lists are none of Lockstep's objects"
		links     = "Lockstep does not associate records yet"
		request   = "a request, not an answer"
		groups    = "Lockstep makes no property groups"
	)
	return []disuse{
		{path: "POST /contacts/v1", why: legacy},
		{path: "GET /contacts/v1", why: legacy},
		{path: "DELETE /contacts/v1", why: legacy},
		{path: "GET /crm-associations/v1", why: legacy},
		{path: "PUT /crm-associations/v1", why: legacy},
		{path: "GET /integrations/v1", why: legacy},
		{path: "GET /properties/v1", why: legacy},
		{path: "POST /crm/v3/objects/2-3604285/batch/archive", why: "Lockstep deletes nothing"},
		{path: "POST /crm/v3/objects/COMPANY/batch/archive", why: "Lockstep deletes nothing"},
		{path: "POST /crm/v3/objects/CONTACT/batch/archive", why: "Lockstep deletes nothing"},
		{path: "GET /crm/v3/schemas", why: "Lockstep does not list custom objects"},
		{name: "amp-labs-fixtures/batch/read/campaigns/", why: marketing},
		{name: "amp-labs-fixtures/read/campaigns/", why: marketing},
		{name: "amp-labs-fixtures/read/events/", why: marketing},
		{name: "amp-labs-fixtures/read/marketing", why: marketing},
		{name: "amp-labs-fixtures/read/meeting-links", why: marketing},
		{name: "amp-labs-fixtures/read-lists-", why: marketing},
		{name: "amp-labs-fixtures/read-via-search/campaigns", why: marketing},
		{name: "amp-labs-fixtures/contact-to-company", why: links},
		{name: "amp-labs-fixtures/err-contact-to-contact", why: links},
		{name: "amp-labs-fixtures/search/contacts/contacts-to-companies", why: links},
		{name: "amp-labs-fixtures/contacts-schema-resp", why: "Lockstep asks for properties, not for an object's schema"},
		{name: "amp-labs-fixtures/metadata-contacts-external-pipelines", why: "the port has no pipelines yet"},
		{name: "amp-labs-fixtures/metadata-deals-external-pipelines", why: "the port has no pipelines yet"},
		{name: "amp-labs-fixtures/custom/create/1-", why: request},
		{name: "amp-labs-fixtures/custom/create/3-", why: request},
		{name: "amp-labs-fixtures/custom/update/2-", why: request},
		{name: "amp-labs-fixtures/custom/update/4-", why: request},
		{name: "amp-labs-fixtures/custom/update/6-", why: request},
		{name: "amp-labs-fixtures/read/objects-api/contacts-req-", why: request},
		{name: "amp-labs-fixtures/read-via-search/contacts-payload", why: request},
		{name: "amp-labs-fixtures/custom/create/2-", why: groups},
		{name: "amp-labs-fixtures/custom/update/1-", why: groups},
		{name: "amp-labs-fixtures/custom/update/5-", why: "Lockstep changes no property"},
		{name: "amp-labs-fixtures/custom/update/7-", why: "Lockstep changes no property"},
		{name: "association-type-ids", why: "no answer, a table"},
	}
}

// salesforceUnused says why recordings of Salesforce stand in no row.
func salesforceUnused() []disuse {
	const (
		bulk    = "Lockstep does not use the Bulk API"
		soap    = "Lockstep provisions by the Tooling API, not by SOAP"
		request = "a request, not an answer"
		single  = "Lockstep upserts records in collections, never one by one"
		nowhere = "Lockstep does not call this resource"
	)
	return []disuse{
		{name: "amp-labs-fixtures/bulk/", why: bulk},
		{path: "POST /services/async", why: bulk},
		{path: "GET /services/async", why: bulk},
		{name: "amp-labs-fixtures/internal/", why: soap},
		{name: "amp-labs-fixtures/metadata/delete/", why: soap},
		{name: "amp-labs-fixtures/metadata/write/object15/", why: soap},
		{name: "amp-labs-fixtures/metadata/write/read-field-permissions", why: soap},
		{name: "amp-labs-fixtures/metadata/write/write-field-permissions", why: soap},
		{name: "amp-labs-fixtures/batch/create/contacts/payload", why: request},
		{name: "amp-labs-fixtures/batch/update/contacts/payload", why: request},
		{name: "amp-labs-fixtures/subscription/", why: "Lockstep does not subscribe to change events"},
		{path: "DELETE /services/data/v42.0/composite/sobjects", why: "Lockstep deletes nothing"},
		{path: "GET /services/data/v42.0/sobjects/", why: "Lockstep looks records up by query, never one by one"},
		{path: "POST /services/data/vxx.0/composite", why: "Lockstep sends no composite requests"},
		{name: "restforce-fixtures/sobject/upsert_created", why: single},
		{name: "restforce-fixtures/sobject/upsert_updated", why: single},
		{name: "restforce-fixtures/sobject/upsert_multiple", why: single},
		{name: "restforce-fixtures/auth_error", why: "of the password flow, which Lockstep does not use"},
		{name: "restforce-fixtures/services_data", why: nowhere},
		{name: "restforce-fixtures/sobject/describe_sobjects", why: nowhere},
		{name: "restforce-fixtures/sobject/list_", why: nowhere},
		{name: "restforce-fixtures/sobject/get_", why: nowhere},
		{name: "restforce-fixtures/sobject/recent", why: nowhere},
		{name: "restforce-fixtures/sobject/search_", why: nowhere},
		{name: "restforce-fixtures/sobject/sobject_find_success", why: nowhere},
		{name: "restforce-fixtures/sobject/sobject_select", why: nowhere},
		{name: "restforce-fixtures/sobject/query_aggregate", why: "Lockstep does not aggregate"},
		{name: "describe/Global", why: "Lockstep describes the objects it writes, and does not list them"},
	}
}
