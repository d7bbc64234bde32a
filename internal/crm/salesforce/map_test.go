package salesforce

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"lockstep/internal/crm"
)

func recordedFields(t *testing.T, file string) map[string]crm.Field {
	t.Helper()

	var d describe
	require.NoError(t, json.Unmarshal(recording(t, "describe", file), &d))
	fields := make(map[string]crm.Field, len(d.Fields))
	for _, f := range d.Fields {
		fields[f.Name] = f.field()
	}
	return fields
}

func TestRequiredFieldsOfRealObjects(t *testing.T) {
	t.Parallel()

	for file, want := range map[string][]string{ // crm/salesforce.md §2
		"Account.json":                {"Name"},
		"Contact.json":                {"LastName"},
		"Lead.json":                   {"Company", "LastName"},
		"Opportunity.json":            {"CloseDate", "Name", "StageName"},
		"OpportunityContactRole.json": {"ContactId", "OpportunityId"},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()

			var required []string
			for name, f := range recordedFields(t, file) {
				if f.Required {
					required = append(required, name)
				}
			}
			slices.Sort(required)
			require.Equal(t, want, required)
		})
	}
}

func TestFieldsOfARealObject(t *testing.T) {
	t.Parallel()

	fields := recordedFields(t, "Contact_v42_org_with_custom_fields.json")
	require.Equal(t, crm.Field{
		Name: "Custom_External_ID__c", Label: "Custom External ID", Type: crm.TypeText, Length: 191,
		Creatable: true, Updatable: true, Unique: true, Custom: true,
	}, fields["Custom_External_ID__c"])
	require.Equal(t, crm.TypeEmail, fields["Email"].Type)
	require.Equal(t, 80, fields["Email"].Length)
	require.Equal(t, crm.TypeNumber, fields["percent_field__c"].Type)
	require.Equal(t, crm.TypeOther, fields["MailingAddress"].Type)
	require.False(t, fields["MailingAddress"].Creatable)
	require.Equal(t, crm.TypePicklist, fields["picklist_field__c"].Type)
	require.True(t, fields["picklist_field__c"].Restricted)
	require.NotEmpty(t, fields["picklist_field__c"].Options)
	require.False(t, fields["LeadSource"].Restricted)
	require.NotEmpty(t, fields["LeadSource"].Options[0].Label)
}

func TestEveryTypeOfTheVendorIsMapped(t *testing.T) {
	t.Parallel()

	var wsdl struct {
		Enums struct {
			FieldType []string `json:"fieldType"`
		}
	}
	require.NoError(t, json.Unmarshal(recording(t, "partner-wsdl-derived.json"), &wsdl))
	require.NotEmpty(t, wsdl.Enums.FieldType)
	notOneValue := []string{"address", "location", "base64", "anyType", "complexvalue", "time", "json", "datacategorygroupreference"}
	for _, typ := range wsdl.Enums.FieldType {
		_, mapped := fieldTypes[typ]
		require.NotEqual(t, mapped, slices.Contains(notOneValue, typ), typ)
	}
}

func TestMergedAndConvertedLiveOn(t *testing.T) {
	t.Parallel()

	merged := row{ID: "1", IsDeleted: true, MasterRecordID: "2"}.found("Contact")
	require.Equal(t, crm.Found{ID: "1", MovedTo: &crm.Moved{Type: "Contact", ID: "2"}}, merged)
	converted := row{ID: "1", IsConverted: true, ConvertedContactID: "3"}.found("Lead")
	require.Equal(t, crm.Found{ID: "1", MovedTo: &crm.Moved{Type: "Contact", ID: "3"}}, converted)
	deleted := row{ID: "1", IsDeleted: true, IsConverted: true, ConvertedContactID: "3"}.found("Lead")
	require.Equal(t, crm.Found{ID: "1", Deleted: true}, deleted)
}

func TestRecordIsItsFieldsAndItsKey(t *testing.T) {
	t.Parallel()

	value := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.String().AsAny(),
		rapid.Bool().AsAny(),
		rapid.Float64Range(-1e15, 1e15).AsAny(),
	)
	rapid.Check(t, func(t *rapid.T) {
		w := crm.Write{
			ID:         rapid.StringN(1, 18, -1).Draw(t, "id"),
			ExternalID: rapid.StringN(1, 64, -1).Draw(t, "external id"),
			Fields:     rapid.MapOf(rapid.StringMatching(`[A-Z][A-Za-z]{3,20}(__c)?`), value).Draw(t, "fields"),
		}
		for name := range w.Fields {
			if reserved(name) {
				delete(w.Fields, name)
			}
		}
		match := rapid.SampledFrom([]crm.Match{crm.ByID, crm.ByExternalID}).Draw(t, "match")
		want := map[string]any{"attributes": map[string]any{"type": "Lead"}, externalIDField: w.ExternalID}
		if match == crm.ByID {
			want["Id"] = w.ID
		}
		maps.Copy(want, w.Fields)

		body, bad := appendRecord(nil, "Lead", match, w)
		require.Empty(t, bad)
		var got map[string]any
		require.NoError(t, json.Unmarshal(body, &got))
		require.Equal(t, want, got)
	})
}

func TestValuesOnTheWire(t *testing.T) {
	t.Parallel()

	for want, v := range map[string]any{
		`null`:                 nil,
		`true`:                 true,
		`12`:                   12,
		`-9007199254740993`:    int64(-9007199254740993),
		`0.1`:                  0.1,
		`100000000`:            1e8,
		`12.50`:                json.Number("12.50"),
		`"a;b"`:                []string{"a", "b"},
		`"c;d"`:                []any{"c", "d"},
		`""`:                   "",
		`"\u003cb\u0000\"\\é"`: "<b\x00\"\\é",
	} {
		got, ok := appendValue(nil, v)
		require.True(t, ok)
		require.JSONEq(t, want, string(got))
	}
	for _, v := range []any{math.NaN(), math.Inf(1), json.Number("x"), json.Number("0x1"), []any{1}, map[string]any{}, struct{}{}} {
		_, ok := appendValue(nil, v)
		require.False(t, ok, "%T", v)
	}
}

func FuzzStringsAreThoseOfEncodingJSON(f *testing.F) {
	f.Add("plain")
	f.Add("é\"\\\x00\x1f\u2028\xff\xc3(")
	f.Fuzz(func(t *testing.T, s string) {
		theirs, err := json.Marshal(s)
		require.NoError(t, err)
		var want, got string
		require.NoError(t, json.Unmarshal(theirs, &want))
		require.NoError(t, json.Unmarshal(appendString(nil, s), &got))
		require.Equal(t, want, got)
	})
}

func TestIdentity(t *testing.T) {
	t.Parallel()

	var org organization
	require.NoError(t, json.Unmarshal(recording(t, "describe", "_record_Organization.json"), &org))
	require.Equal(t, crm.Account{
		ID: "00D0xORGID00000000", Name: "CumulusCI - Dev Workspace", Environment: crm.Sandbox,
		Edition: "Developer Edition", UserID: "005",
	}, org.account("005"))
}
