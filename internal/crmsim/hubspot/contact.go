package hubspot

import (
	"slices"
	"strconv"
	"strings"
)

// contact follows the schema of CONTACT in wire-recordings-grouparoo.json and,
// where it is newer, metadata-contacts-properties-sampled.json, property by
// property; of 273 the ones that a connector may meet.
func contact() object {
	return object{
		name: "contacts", typeID: "0-1", singular: "CONTACT",
		// read/objects-api/contacts-batch.json; search/contacts/1-first-page.json
		defaults: []string{"createdate", propEmail, "firstname", propID, "lastmodifieddate", "lastname"},
		searched: []string{"company", "createdate", propEmail, "firstname", propID, "lastmodifieddate", "lastname", "phone", "website"},
		always:   []string{"createdate", propID, "lastmodifieddate"},
		properties: slices.Concat(
			in("contactinformation", person(), contactIdentity(), contactLife(), contactMachinery()),
			in("sales_properties", contactSales()), in("contact_activity", contactActivity()), in("emailinformation", contactEmail()),
			in("analyticsinformation", contactAnalytics()), in("conversioninformation", contactConversion()), in("deal_information", contactDeals()),
		),
	}
}

func person() properties {
	return slices.Concat(
		each(
			text, "firstname", "First Name", "lastname", "Last Name", propEmail, "Email", "phone", "Phone Number", "fax", "Fax Number",
			"address", "Street Address", "city", "City", "zip", "Postal Code", "jobtitle", "Job Title", "company", "Company Name",
			"website", "Website URL", "twitterhandle", "Twitter Username",
		).onForms(),
		each(
			text, "salutation", "Salutation", "state", "State/Region", "country", "Country/Region", "industry", "Industry",
			"annualrevenue", "Annual Revenue",
		).onForms().pliable(),
		pick("numemployees", "Number of Employees").with(choices("1-5", "1-5", "5-25", "5-25", "25-50", "25-50", "50-100", "50-100",
			"100-500", "100-500", "500-1000", "500-1000", "1000+", "1000+")).onForms().pliable(),
		phone("mobilephone", "Mobile Phone Number").onForms(), pick("hs_persona", "Persona").onForms(),
		number("associatedcompanyid", "Primary Associated Company ID").external().unseen().of("COMPANY"),
		number("associatedcompanylastupdated", "Associated Company Last Updated").readOnly().unseen(),
		pick(propOtherMails, "Additional email addresses").computed().unseen(),
		checks("hs_all_assigned_business_unit_ids", "Business units").external(),
		text("hs_calculated_mobile_number", "Calculated Mobile Number in International Format").computed().unseen(),
	)
}

// contactIdentity is what a contact is known by, and what a new one is
// answered with besides what was written (batch/create/contacts/success.json).
func contactIdentity() properties {
	return slices.Concat(
		identity("Contact ID"), created(), modified("lastmodifieddate", "Last Modified Date"),
		checks(propMerged, "Merged object IDs").readOnly().unseen(),
		pick("hs_all_contact_vids", "All vids for a contact").computed().unseen().by(allIDs).shown(),
		text("hs_email_domain", "Email Domain").computed().by(emailDomain).shown(),
		text("hs_full_name_or_email", "Full name or email").readOnly().unseen().by(fullName).shown(),
		typed(typeBool, formReadTime, "hs_is_contact", "Is a contact").with(choices("true", "True", "false", "False")).
			computed().unseen().fixed("true").shown(),
		pick("hs_pipeline", "Pipeline").external().unseen().fixed("contacts-lifecycle-pipeline").echoed().set(func(p *property) { p.readOnly = false }),
		text("hs_object_source", "Record source").readOnly().unseen().fixed("INTEGRATION").echoed(),
		text("hs_object_source_id", "Record source ID").readOnly().unseen().fixed(strconv.Itoa(appID)).echoed(),
		text("hs_object_source_label", "Record source label").readOnly().unseen().fixed("INTEGRATION").echoed(),
		each(
			number, "hs_membership_has_accessed_private_content", "Has accessed private content", "hs_registered_member", "Registered member",
			"hs_prospecting_agent_actively_enrolled_count", "Prospecting agent actively enrolled count",
			"hs_prospecting_agent_total_enrolled_count", "Prospecting agent total enrolled count",
			"hs_sequences_actively_enrolled_count", "Number of sequences actively enrolled",
		).unseen().fixed("0").shown(),
		typed(typeNumber, formRollup, "hs_associated_target_accounts", "Associated Target Accounts").unseen().fixed("0").shown().
			set(func(p *property) { p.editable = true }),
		flag("hs_currently_enrolled_in_prospecting_agent", "Currently enrolled in prospecting agent").unseen().fixed("false").shown(),
		text("hs_unique_creation_key", "Unique creation key").readOnly().unseen().set(func(p *property) { p.unique = true }),
		flag("hs_contact_enrichment_opt_out", "Enrichment opt out").with(choices("true", "Yes", "false", "No")).readOnly(),
		typed(typeCoordinates, formText, "hs_notes_last_activity", "Last Activity").readOnly().unseen(),
	)
}

func contactLife() properties {
	all := slices.Concat(
		radio(propLifecycle, "Lifecycle Stage").with(stages()).onForms().echoed(),
		moment("hs_lifecyclestage_lead_date", "Became a Lead Date").by(becameLead).shown(),
	)
	for _, stage := range stages() {
		article := "a"
		if strings.ContainsAny(stage.label[:1], "EO") {
			article = "an"
		}
		label := stage.label
		if stage.value == "other" {
			label = "Other Lifecycle"
		}
		if stage.value != "lead" {
			all = append(all, moment("hs_lifecyclestage_"+stage.value+"_date", "Became "+article+" "+label+" Date").readOnly()...)
		}
		all = append(all, typed(typeDateTime, formReadTime, "hs_date_entered_"+stage.value,
			"Date entered '"+stage.label+" (Lifecycle Stage Pipeline)'").readOnly().unseen()...)
	}
	return all
}

func contactMachinery() properties {
	return slices.Concat(
		each(
			pick, "hs_all_owner_ids", "All owner ids", "hs_all_team_ids", "All team ids", "hs_all_accessible_team_ids", "All accessible team ids",
		).external().readOnly().unseen(),
		each(
			checks, "hs_user_ids_of_all_owners", "User IDs of all owners",
			"hs_user_ids_of_all_notification_followers", "User IDs of all notification followers",
			"hs_user_ids_of_all_notification_unfollowers", "User IDs of all notification unfollowers",
		).readOnly().unseen(),
		each(number, "hs_created_by_user_id", "Created by user ID", "hs_updated_by_user_id", "Updated by user ID").readOnly().unseen(),
		moment("hs_createdate", "Object create date/time").readOnly(),
		moment("hs_lastmodifieddate", "Object last modified date/time").readOnly().unseen(),
		pick("hs_marketable_reason_type", "Marketing contact status source type").with(choices("AD", "Ad", "CONTACT_IMPORT", "Contact Import",
			"CONVERSATION", "Conversation", "FORM_SUBMISSION", "Form Submission", "INITIAL_STATE", "Initial State",
			"INTEGRATOR_SET", "Integrator Set", "USER_SET", "User Set", "WORKFLOW", "Workflow")).readOnly(),
		text("hs_marketable_reason_id", "Marketing contact status source name").readOnly(),
		toggle("hs_marketable_status", "Marketing contact status", "Marketing contact", "Non-marketing contact").readOnly(),
		toggle("hs_marketable_until_renewal", "Marketing contact until next update", "Yes", "--").readOnly(),
		number("hs_latest_sequence_enrolled", "Last sequence enrolled").external().readOnly().of("SEQUENCE"),
		moment("hs_latest_sequence_enrolled_date", "Last sequence enrolled date").readOnly(),
		moment("hs_latest_sequence_ended_date", "Last sequence ended date").computed(),
		number("hs_sequences_enrolled_count", "Number of sequences enrolled").readOnly(),
		each(
			moment, "hs_latest_meeting_activity", "Latest meeting activity", "hs_document_last_revisited", "Recent Document Revisit Date",
			"hs_sa_first_engagement_date", "Date of first engagement",
		).readOnly().unseen(),
		number("hs_time_to_first_engagement", "Lead response time").computed().unseen(),
	)
}

func contactSales() properties {
	return slices.Concat(
		owned("Contact owner"),
		radio("hs_lead_status", "Lead Status").with(leadStatuses()).onForms(),
		typed(typeBool, formEquation, "hs_is_unworked", "Contact unworked").with(choices("true", "True", "false", "False")).fixed("true").echoed(),
		typed(typeNumber, formScore, "hubspotscore", "HubSpot Score").readOnly(),
	)
}

func contactActivity() properties {
	return slices.Concat(
		area("message", "Message").onForms(),
		each(
			moment, "notes_last_contacted", "Last Contacted", "notes_last_updated", "Last Activity Date", "notes_next_activity_date", "Next Activity Date",
			"hs_last_sales_activity_timestamp", "Last Engagement Date", "hs_sales_email_last_clicked", "Recent Sales Email Clicked Date",
			"hs_sales_email_last_opened", "Recent Sales Email Opened Date", "hs_sales_email_last_replied", "Recent Sales Email Replied Date",
			"engagements_last_meeting_booked", "Date of last meeting booked in meetings tool",
		).readOnly(),
		moment("first_conversion_date", "First Conversion Date").computed(), text("first_conversion_event_name", "First Conversion").computed(),
		number("num_contacted_notes", "Number of times contacted").readOnly(), number("num_notes", "Number of Sales Activities").fixed("0").shown(),
		toggle("currentlyinworkflow", "Currently in workflow", "True", "False").readOnly(),
		flag("hs_sequences_is_enrolled", "Currently in Sequence").computed(),
		pick("hs_content_membership_status", "Status").with(choices("active", "Active", "inactive", "Inactive")),
		radio("hs_predictivecontactscorebucket", "Lead Rating").
			with(choices("bucket_1", "1 Star", "bucket_2", "2 Stars", "bucket_3", "3 Stars", "bucket_4", "4 Stars")).readOnly(),
	)
}

func contactEmail() properties {
	return slices.Concat(
		each(
			flag, "hs_email_optout", "Unsubscribed from all email", "hs_email_bad_address", "Invalid email address",
			"hs_email_quarantined", "Email Address Quarantined",
		).readOnly(),
		each(
			number, "hs_email_delivered", "Marketing emails delivered", "hs_email_open", "Marketing emails opened",
			"hs_email_click", "Marketing emails clicked", "hs_email_bounce", "Marketing emails bounced", "hs_email_replied", "Marketing emails replied",
			"hs_email_sends_since_last_engagement", "Sends Since Last Engagement",
		).readOnly(),
		each(
			moment, "hs_email_last_send_date", "Last marketing email send date", "hs_email_last_open_date", "Last marketing email open date",
			"hs_email_last_click_date", "Last marketing email click date", "hs_email_last_reply_date", "Last marketing email reply date",
		).readOnly(),
		text("hs_email_last_email_name", "Last marketing email name").readOnly(),
		radio("hs_email_hard_bounce_reason_enum", "Email hard bounce reason").with(choices("CONTENT", "Content", "MAILBOX_FULL", "Mailbox full",
			"OTHER", "Other", "POLICY", "Policy", "SPAM", "Spam", "UNKNOWN_USER", "Unknown user")).readOnly(),
	)
}

func contactAnalytics() properties {
	sources := choices("ORGANIC_SEARCH", "Organic Search", "PAID_SEARCH", "Paid Search", "EMAIL_MARKETING", "Email Marketing",
		"SOCIAL_MEDIA", "Organic Social", "REFERRALS", "Referrals", "OTHER_CAMPAIGNS", "Other Campaigns", "DIRECT_TRAFFIC", "Direct Traffic",
		"OFFLINE", "Offline Sources", "PAID_SOCIAL", "Paid Social")
	return slices.Concat(
		pick("hs_analytics_source", "Original Source").with(sources), pick("hs_latest_source", "Latest Source").with(sources),
		day("hs_latest_source_timestamp", "Latest Source Date"),
		each(
			text, "hs_analytics_source_data_1", "Original Source Drill-Down 1", "hs_analytics_source_data_2", "Original Source Drill-Down 2",
			"hs_latest_source_data_1", "Latest Source Drill-Down 1", "hs_latest_source_data_2", "Latest Source Drill-Down 2",
			"hs_analytics_first_url", "First Page Seen", "hs_analytics_last_url", "Last Page Seen",
			"hs_analytics_first_referrer", "First Referring Site", "hs_analytics_last_referrer", "Last Referring Site",
		).readOnly(),
		each(
			number, "hs_analytics_num_page_views", "Number of Pageviews", "hs_analytics_num_visits", "Number of Sessions",
			"hs_analytics_num_event_completions", "Number of event completions", "hs_analytics_average_page_views", "Average Pageviews",
			"hs_analytics_revenue", "Event Revenue",
		).readOnly(),
		each(
			moment, "hs_analytics_first_timestamp", "Time First Seen", "hs_analytics_last_timestamp", "Time Last Seen",
			"hs_analytics_first_visit_timestamp", "Time of First Session", "hs_analytics_last_visit_timestamp", "Time of Last Session",
		).readOnly(),
	)
}

func contactConversion() properties {
	return slices.Concat(
		each(text, "hs_google_click_id", "Google ad click id", "hs_facebook_click_id", "Facebook click id"),
		flag("hs_facebook_ad_clicked", "Clicked Facebook ad").unseen().pliable(),
		each(
			text, "ip_city", "IP City", "ip_state", "IP State/Region", "ip_state_code", "IP State Code/Region Code",
			"ip_country", "IP Country", "ip_country_code", "IP Country Code", "hs_ip_timezone", "IP Timezone",
		).readOnly(),
		each(text, "ip_zipcode", "IP Zipcode", "ip_latlon", "IP Latitude & Longitude").readOnly().unseen(),
		each(number, "num_conversion_events", "Number of Form Submissions", "num_unique_conversion_events", "Number of Unique Forms Submitted").computed(),
		moment("recent_conversion_date", "Recent Conversion Date").computed(), text("recent_conversion_event_name", "Recent Conversion").computed(),
	)
}

func contactDeals() properties {
	return slices.Concat(
		moment("closedate", "Close Date"), number("days_to_close", "Days To Close").computed(),
		checks("hs_buying_role", "Buying Role").with(choices("BLOCKER", "Blocker", "BUDGET_HOLDER", "Budget Holder", "CHAMPION", "Champion",
			"DECISION_MAKER", "Decision Maker", "END_USER", "End User", "EXECUTIVE_SPONSOR", "Executive Sponsor", "INFLUENCER", "Influencer",
			"LEGAL_AND_COMPLIANCE", "Legal & Compliance", "OTHER", "Other")).onForms(),
		each(
			number, "num_associated_deals", "Number of Associated Deals", "recent_deal_amount", "Recent Deal Amount", "total_revenue", "Total Revenue",
		).readOnly(),
		each(moment, "first_deal_created_date", "First Deal Created Date", "recent_deal_close_date", "Recent Deal Close Date").readOnly(),
	)
}

func allIDs(t *table, r *record) string {
	id := strconv.FormatInt(r.id, 10)
	if merged := t.value(r, propMerged); merged != "" {
		return id + ";" + merged
	}
	return id
}

func emailDomain(t *table, r *record) string {
	_, domain, _ := strings.Cut(t.value(r, propEmail), "@")
	return domain
}

func fullName(t *table, r *record) string {
	name := strings.TrimSpace(t.value(r, "firstname") + " " + t.value(r, "lastname"))
	if name == "" {
		return t.value(r, propEmail)
	}
	return name
}

// becameLead tells milliseconds rather than a date, as recorded.
func becameLead(t *table, r *record) string {
	if t.value(r, propLifecycle) != "lead" {
		return ""
	}
	return strconv.FormatInt(r.created, 10)
}
