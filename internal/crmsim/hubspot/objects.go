package hubspot

import (
	"slices"
	"strconv"
	"strings"
)

// objects returns the kinds of record that a fresh account has.
func objects() []object { return []object{contact(), company(), deal()} }

// company follows no recording but of what is written and answered
// (wire-recordings-grouparoo.json); the rest is HubSpot's usual set, of which
// this is a part.
func company() object {
	return object{
		name: "companies", typeID: "0-2", singular: "COMPANY",
		defaults: []string{"createdate", "domain", "hs_lastmodifieddate", propID, "name"},
		searched: []string{"createdate", "domain", "hs_lastmodifieddate", propID, "name"},
		always:   []string{"createdate", "hs_lastmodifieddate", propID},
		properties: slices.Concat(
			in(
				"companyinformation",
				each(
					text, "name", "Company name", "domain", "Company Domain Name", "website", "Website URL", "address", "Street Address",
					"address2", "Street Address 2", "city", "City", "state", "State/Region", "zip", "Postal Code", "country", "Country/Region",
					"timezone", "Time Zone", "founded_year", "Year Founded", "twitterhandle", "Twitter Handle", "about_us", "About Us",
				).onForms(),
				phone("phone", "Phone Number").onForms(), area("description", "Description").onForms(),
				each(number, "numberofemployees", "Number of Employees", "annualrevenue", "Annual Revenue").onForms(),
				pick("industry", "Industry").with(industries()).onForms(),
				radio("type", "Type").with(choices("PROSPECT", "Prospect", "PARTNER", "Partner", "RESELLER", "Reseller", "VENDOR", "Vendor", "OTHER", "Other")).
					onForms(),
				radio(propLifecycle, "Lifecycle Stage").with(stages()).onForms(),
				flag("is_public", "Is Public").onForms(), number("facebookfans", "Facebook Fans"),
				each(text, "facebook_company_page", "Facebook Company Page", "linkedin_company_page", "LinkedIn Company Page", "linkedinbio", "LinkedIn Bio"),
				number("num_associated_contacts", "Number of Associated Contacts").computed(),
				number("hs_num_child_companies", "Number of child companies").computed(),
				checks(propMerged, "Merged Object IDs").readOnly().unseen(),
			),
			in("companyinformation", identity("Company ID"), created(), modified("hs_lastmodifieddate", "Last Modified Date")),
			in("sales_properties", owned("Company owner"), radio("hs_lead_status", "Lead Status").with(leadStatuses()).onForms()),
		),
	}
}

// deal follows metadata-deals-properties-sampled.json and
// metadata-deals-external-pipelines.json where they tell.
func deal() object {
	return object{
		name: "deals", typeID: "0-3", singular: "DEAL",
		defaults: []string{"amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", propID, "pipeline"},
		searched: []string{"amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", propID, "pipeline"},
		always:   []string{"createdate", "hs_lastmodifieddate", propID},
		properties: slices.Concat(
			in(
				"dealinformation",
				text("dealname", "Deal Name").onForms(), number("amount", "Amount").onForms(), moment("closedate", "Close Date").onForms(),
				radio("dealtype", "Deal Type").with(choices("newbusiness", "New Business", "existingbusiness", "Existing Business")).onForms(),
				area("description", "Deal Description").onForms(),
				pick("hs_priority", "Priority").with(choices("low", "Low", "medium", "Medium", "high", "High")).onForms(),
				pick("deal_currency_code", "Currency").with(choices("USD", "US Dollar")),
				text("hs_next_step", "Next step").onForms(), text("closed_lost_reason", "Closed Lost Reason"), text("closed_won_reason", "Closed Won Reason"),
				number("hs_deal_stage_probability", "Deal probability").computed(),
				checks(propMerged, "Merged Object IDs").readOnly().unseen(),
				identity("Deal ID"), created(), modified("hs_lastmodifieddate", "Last Modified Date"),
			),
			in(
				"deal_activity",
				pick("pipeline", "Pipeline").external(), typed(typeEnum, formRadio, "dealstage", "Deal Stage").external(),
				number("num_associated_contacts", "Number of Associated Contacts").computed(),
				moment("notes_last_updated", "Last Activity Date").readOnly(),
			),
			in("sales_properties", owned("Deal owner")),
		),
	}
}

func identity(label string) properties {
	return number(propID, label).computed().by(func(_ *table, r *record) string { return strconv.FormatInt(r.id, 10) }).echoed()
}

func created() properties {
	return moment("createdate", "Create Date").by(func(_ *table, r *record) string { return spell(r.created) }).echoed()
}

func modified(name, label string) properties {
	return moment(name, label).by(func(_ *table, r *record) string { return spell(r.modified) }).echoed()
}

func owned(label string) properties {
	return slices.Concat(
		pick(propOwner, label).external().of("OWNER"),
		moment("hubspot_owner_assigneddate", "Owner Assigned Date").readOnly(),
		pick("hubspot_team_id", "HubSpot Team").external().readOnly(),
	)
}

func stages() []option {
	return choices(
		"subscriber", "Subscriber", "lead", "Lead", "marketingqualifiedlead", "Marketing Qualified Lead",
		"salesqualifiedlead", "Sales Qualified Lead", "opportunity", "Opportunity", "customer", "Customer", "evangelist", "Evangelist", "other", "Other",
	)
}

func leadStatuses() []option {
	return choices(
		"NEW", "New", "OPEN", "Open", "IN_PROGRESS", "In Progress", "OPEN_DEAL", "Open Deal", "UNQUALIFIED", "Unqualified",
		"ATTEMPTED_TO_CONTACT", "Attempted to Contact", "CONNECTED", "Connected", "BAD_TIMING", "Bad Timing",
	)
}

// industries are some of the 150 there are.
func industries() []option {
	names := []string{
		"ACCOUNTING", "AUTOMOTIVE", "BANKING", "BIOTECHNOLOGY", "CHEMICALS", "COMPUTER_SOFTWARE", "CONSTRUCTION", "CONSUMER_GOODS", "DESIGN",
		"EDUCATION_MANAGEMENT", "ENTERTAINMENT", "FINANCIAL_SERVICES", "FOOD_PRODUCTION", "HOSPITAL_HEALTH_CARE", "HOSPITALITY", "HUMAN_RESOURCES",
		"INFORMATION_TECHNOLOGY_AND_SERVICES", "INSURANCE", "INTERNET", "LAW_PRACTICE", "LOGISTICS_AND_SUPPLY_CHAIN", "MACHINERY",
		"MANAGEMENT_CONSULTING", "MARKETING_AND_ADVERTISING", "MECHANICAL_OR_INDUSTRIAL_ENGINEERING", "OIL_ENERGY", "PHARMACEUTICALS", "REAL_ESTATE",
		"RETAIL", "TELECOMMUNICATIONS", "TRANSPORTATION_TRUCKING_RAILROAD", "UTILITIES", "WHOLESALE",
	}
	all := make([]option, len(names))
	for i, name := range names {
		words := strings.ReplaceAll(name, "_", " ")
		all[i] = option{value: name, label: words[:1] + strings.ToLower(words[1:]), order: i}
	}
	return all
}
