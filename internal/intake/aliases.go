package intake

import (
	"slices"

	"lockstep/internal/crm"
)

// alias is a field of ours and what exports call it, without case, space or
// punctuation; the name that says it best comes first.
type alias struct {
	field string
	names []string
}

var address = []alias{
	{"street", []string{"street", "streetaddress", "mailingstreet", "billingstreet", "address", "address1", "addressline1"}},
	{"city", []string{"city", "mailingcity", "billingcity", "town"}},
	{"state", []string{"state", "stateprovince", "stateregion", "mailingstate", "mailingstateprovince", "billingstate", "billingstateprovince", "province"}},
	{"postal_code", []string{
		"postalcode", "zippostalcode", "zipcode", "zip", "postcode", "mailingpostalcode", "mailingzippostalcode",
		"billingpostalcode", "billingzippostalcode",
	}},
	{"country", []string{"country", "countryregion", "mailingcountry", "billingcountry"}},
}

// aliases are the columns that are recognised. A person's full name is none of
// them: nothing splits it reliably.
var aliases = map[crm.Object][]alias{
	crm.Contact: slices.Concat([]alias{
		{"first_name", []string{"firstname", "givenname", "forename", "first"}},
		{"last_name", []string{"lastname", "surname", "familyname", "last"}},
		{"email", []string{"email", "emailaddress", "email1", "workemail", "businessemail", "primaryemail", "email1value"}},
		{"phone", []string{"phone", "phonenumber", "phone1", "workphone", "businessphone", "officephone", "telephone", "tel", "phone1value"}},
		{"mobile_phone", []string{"mobilephone", "mobile", "mobilenumber", "mobilephonenumber", "cellphone", "cell"}},
		{"title", []string{"title", "jobtitle", "position"}},
		{"company", []string{"company", "companyname", "organization", "organisation", "organizationname", "organisationname", "accountname", "account"}},
		{"website", []string{"website", "websiteurl", "companywebsite", "url", "homepage", "web"}},
		{"lead_source", []string{"leadsource", "source", "originalsource"}},
		{"description", []string{"description", "notes", "note", "comments", "comment"}},
	}, address),
	crm.Company: slices.Concat([]alias{
		{"name", []string{"name", "companyname", "company", "organizationname", "organisationname", "organization", "organisation", "accountname", "account"}},
		{"website", []string{"website", "websiteurl", "companywebsite", "url", "homepage", "web"}},
		{"phone", []string{"phone", "phonenumber", "phone1", "telephone", "tel"}},
		{"industry", []string{"industry", "sector"}},
		{"description", []string{"description", "notes", "note", "comments", "comment", "about"}},
	}, address),
	crm.Deal: nil, // all their columns are custom, until deals are synced
}

// recognised tells whether field is one of ours.
func recognised(object crm.Object, field string) bool {
	return slices.ContainsFunc(aliases[object], func(a alias) bool { return a.field == field })
}
