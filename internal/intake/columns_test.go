package intake

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func TestExternalIDIsChosen(t *testing.T) {
	t.Parallel()

	tests := []struct {
		asked string
		names []string
		want  string
	}{
		{"", []string{"Index", "Account Id", "Lead ID"}, "Account Id"},
		{"", []string{"Lead ID", "external_id"}, "external_id"},
		{"", []string{"Lead ID", "External ID"}, "External ID"},
		{"", []string{"Paid", "Grid", "Android", "Email"}, ""},
		{"", []string{"accountId"}, "accountId"},
		{"", []string{"ACCOUNT_ID"}, "ACCOUNT_ID"},
		{"", []string{"AccountID"}, "AccountID"},
		{"", []string{"Id of account", "ID"}, "ID"},
		{"Email", []string{"external_id", "email", "Email"}, "Email"},
		{"e-mail", []string{"external_id", "Email"}, "Email"},
		{"Customer", []string{"external_id"}, ""},
		{"-", []string{"?"}, ""},
	}
	for _, test := range tests {
		c := newColumns(crm.Contact, test.asked)
		_, err := c.layout(test.names)
		require.NoError(t, err)
		require.Equal(t, test.want, c.id, test.names)
	}
}

func TestColumnsAreRecognised(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		object crm.Object
		fields map[string]string
	}{
		"Salesforce": {crm.Contact, map[string]string{
			"FirstName": "first_name", "LastName": "last_name", "Email": "email", "Phone": "phone", "MobilePhone": "mobile_phone", "Title": "title",
			"Account Name": "company", "Mailing Street": "street", "Mailing City": "city", "Mailing State/Province": "state",
			"Mailing Zip/Postal Code": "postal_code", "Mailing Country": "country", "Lead Source": "lead_source", "Description": "description",
			"Lead Owner": "lead_owner",
		}},
		"HubSpot": {crm.Contact, map[string]string{
			"First Name": "first_name", "Last Name": "last_name", "Email": "email", "Phone Number": "phone", "Mobile Phone Number": "mobile_phone",
			"Job Title": "title", "Company Name": "company", "Website URL": "website", "Street Address": "street", "City": "city",
			"State/Region": "state", "Postal Code": "postal_code", "Country/Region": "country", "Original Source": "lead_source",
			"Lifecycle Stage": "lifecycle_stage",
		}},
		"Datablist": {crm.Contact, map[string]string{
			"Index": "index", "Lead Owner": "lead_owner", "First Name": "first_name", "Last Name": "last_name", "Company": "company",
			"Phone 1": "phone", "Phone 2": "phone_2", "Email 1": "email", "Email 2": "email_2", "Website": "website", "Source": "lead_source",
			"Deal Stage": "deal_stage", "Notes": "description",
		}},
		"others": {crm.Contact, map[string]string{
			"given_name": "first_name", "Surname": "last_name", "Work Email": "email", "Mobile": "mobile_phone", "Organization": "company",
			"URL": "website", "Address": "street", "Province": "state", "Zip": "postal_code", "Name": "name", "% won": "won", "Größe (cm)": "größe_cm",
		}},
		"companies": {crm.Company, map[string]string{
			"Name": "name", "Website": "website", "Country": "country", "Description": "description", "Industry": "industry", "Founded": "founded",
			"Number of employees": "number_of_employees", "Email": "email",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var names []string
			for column := range test.fields {
				names = append(names, column)
			}
			got := make(map[string]string)
			for i, field := range fieldNames(test.object, names, -1) {
				got[names[i]] = field
			}
			require.Equal(t, test.fields, got)
		})
	}
}

func TestTheNameThatSaysItBestGetsTheField(t *testing.T) {
	t.Parallel()

	names := []string{"Work Email", "Email", "E-mail", "email 2", "", "Email", "#"}

	require.Equal(t, []string{"work_email", "email", "e_mail", "email_2", "column_5", "email_3", "column_7"}, fieldNames(crm.Contact, names, -1))
}

func TestTheNameThatIsTheFieldsOwnGetsItWhereverItStands(t *testing.T) {
	t.Parallel()

	for names, want := range map[string]string{
		"E-mail|Email 1|email":          "e_mail|email_1|email",
		"E-mail|EMAIL|email":            "e_mail|email_2|email",
		"E-mail|Email":                  "e_mail|email",
		"FirstName|first name|Forename": "first_name|first_name_2|forename",
		"firstname|first_name":          "firstname|first_name",
		"ZipPostalCode|Postal Code|zip": "zip_postal_code|postal_code|zip",
	} {
		require.Equal(t, want, strings.Join(fieldNames(crm.Contact, strings.Split(names, "|"), -1), "|"), names)
	}
}

func TestColumnOfTheExternalIDsStaysTheFieldThatItIs(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		object   crm.Object
		id, text string
		fields   map[string]any
		columns  []Column
	}{
		"a field of ours": {
			crm.Contact, "email", "email,first_name,last_name\nada@x.io,Ada,Lovelace\n",
			map[string]any{"email": "ada@x.io", "first_name": "Ada", "last_name": "Lovelace"},
			[]Column{{Name: "email", Field: "email"}, {Name: "first_name", Field: "first_name"}, {Name: "last_name", Field: "last_name"}},
		},
		"a field of ours by another name": {
			crm.Company, "Organisation", "City,Organisation\nBonn,Acme\n",
			map[string]any{"city": "Bonn", "name": "Acme"},
			[]Column{{Name: "City", Field: "city"}, {Name: "Organisation", Field: "name"}},
		},
		"what another column is better called": {
			crm.Contact, "Work Email", "Work Email,Email\na@x.io,b@x.io\n",
			map[string]any{"email": "b@x.io"},
			[]Column{{Name: "Work Email"}, {Name: "Email", Field: "email"}},
		},
		"no field of ours": {
			crm.Contact, "account_id", "account_id,City\n7,Bonn\n",
			map[string]any{"city": "Bonn"},
			[]Column{{Name: "account_id"}, {Name: "City", Field: "city"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			load, err := Read(strings.NewReader(test.text), Options{Object: test.object, Format: CSV, IDColumn: test.id})
			require.NoError(t, err)
			require.Len(t, load.Records, 1)
			require.Equal(t, test.fields, load.Records[0].Fields)
			require.Equal(t, test.id, load.Report.IDColumn)
			require.Equal(t, test.columns, load.Report.Columns)
		})
	}
}

func TestReportNamesEveryColumn(t *testing.T) {
	t.Parallel()

	load := read(t, CSV, "Account Id,First Name,Lead Owner\n1,Ada,Bob\n")

	require.Equal(t, "Account Id", load.Report.IDColumn)
	require.Equal(t, []Column{
		{Name: "Account Id"},
		{Name: "First Name", Field: "first_name"},
		{Name: "Lead Owner", Field: "lead_owner", Custom: true},
	}, load.Report.Columns)
}
