package hubspot

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

// recordedFields returns the properties of a real account's contacts.
func recordedFields(t *testing.T) map[string]crm.Field {
	t.Helper()

	var schema struct{ Properties []property }
	require.NoError(t, json.Unmarshal(exchanges(t, "/schemas/CONTACT")[0].Response.Body, &schema))
	fields := make(map[string]crm.Field, len(schema.Properties))
	for _, p := range schema.Properties {
		fields[p.Name] = p.field(contacts)
	}
	return fields
}

func TestFieldsOfARealObject(t *testing.T) {
	t.Parallel()

	fields := recordedFields(t)
	require.Equal(t, crm.Field{
		Name: "phone", Label: "Phone Number", Description: "A contact's primary phone number", Type: crm.TypeText, Length: 65536,
		Creatable: true, Updatable: true,
	}, fields["phone"])
	for name, want := range map[string]crm.FieldType{
		"email":                crm.TypeEmail,
		"createdate":           crm.TypeDateTime,
		"hs_email_optout":      crm.TypeBoolean,
		"lifecyclestage":       crm.TypePicklist,
		"hubspot_owner_id":     crm.TypeReference,
		"hs_object_id":         crm.TypeNumber,
		"hs_merged_object_ids": crm.TypeMultiselect,
	} {
		require.Equal(t, want, fields[name].Type, name)
	}
	require.True(t, fields["hs_unique_creation_key"].Unique)
	require.True(t, fields["lifecyclestage"].Restricted)
	require.Equal(t, crm.Option{Value: "subscriber", Label: "Subscriber", Active: true}, fields["lifecyclestage"].Options[0])
	for _, readOnly := range []string{"hs_email_optout", "createdate", "hs_object_id", "hs_additional_emails"} {
		require.False(t, fields[readOnly].Creatable || fields[readOnly].Updatable, readOnly)
	}
	for name, f := range fields {
		require.False(t, f.Required, name)
		require.NotEqual(t, crm.TypeOther, f.Type, name)
		require.NotEmpty(t, f.Label, name)
	}
}

func TestEveryTypeOfTheVendorIsMapped(t *testing.T) {
	t.Parallel()

	var api struct {
		Components struct {
			Schemas struct {
				PropertyCreate struct {
					Properties struct {
						Type struct{ Enum []string }
					}
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(recording(t, "openapi-derived", "properties.json"), &api))
	types := api.Components.Schemas.PropertyCreate.Properties.Type.Enum
	require.NotEmpty(t, types)
	for _, typ := range append(types, "phone_number") {
		require.NotEqual(t, crm.TypeOther, property{Type: typ}.fieldType(), typ)
	}
	require.Equal(t, crm.TypeOther, property{Type: "json"}.fieldType())
	require.Equal(t, crm.TypePhone, property{Type: "string", FieldType: "phonenumber"}.fieldType())
}

func TestPropertiesOfARealAccount(t *testing.T) {
	t.Parallel()

	var made page[property]
	require.NoError(t, json.Unmarshal(recording(t, "amp-labs-fixtures", "custom", "create", "4-response-batch-create-properties.json"), &made))
	require.Len(t, made.Results, 2)
	require.Equal(t, crm.Field{
		Name: "interests__c", Label: "Interests", Description: "Topics that are of interest.", Type: crm.TypePicklist,
		Options:    []crm.Option{{Value: "art", Label: "art", Active: true}, {Value: "travel", Label: "travel", Active: true}, {Value: "swimming", Label: "swimming", Active: true}},
		Restricted: true, Creatable: true, Updatable: true, Custom: true,
	}, made.Results[1].field(contacts))
}

func TestDealNeedsItsStage(t *testing.T) {
	t.Parallel()

	require.True(t, property{Name: "dealstage", Type: "enumeration"}.field(deals).Required)
	require.False(t, property{Name: "dealstage", Type: "enumeration"}.field(contacts).Required)
	require.False(t, property{Name: "amount", Type: "number"}.field(deals).Required)
}

func TestInputIsItsFieldsAndItsKey(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		w := crm.Write{
			ID:         rapid.StringMatching(`[0-9]{1,12}`).Draw(t, "id"),
			ExternalID: rapid.StringN(1, 64, -1).Draw(t, "external id"),
			Fields:     rapid.MapOf(rapid.StringMatching(`[a-z][a-z_0-9]{3,20}`), rapid.String().AsAny()).Draw(t, "fields"),
		}
		maps.DeleteFunc(w.Fields, func(name string, _ any) bool { return reserved(name) })
		match := rapid.SampledFrom([]crm.Match{crm.ByID, crm.ByExternalID}).Draw(t, "match")
		want := map[string]any{"id": w.ID, "objectWriteTraceId": "7"}
		if match == crm.ByExternalID {
			want["id"], want["idProperty"] = w.ExternalID, externalIDField
		}
		properties := map[string]any{externalIDField: w.ExternalID}
		maps.Copy(properties, w.Fields)
		want["properties"] = properties

		in, bad := newInput(match, "7", w)
		require.Empty(t, bad)
		body, err := json.Marshal(in)
		require.NoError(t, err)
		var got map[string]any
		require.NoError(t, json.Unmarshal(body, &got))
		require.Equal(t, want, got)
	})
}

func TestValuesAreTexts(t *testing.T) {
	t.Parallel()

	for want, v := range map[string]any{
		"":                     nil,
		"true":                 true,
		"12":                   12,
		"-9007199254740993":    int64(-9007199254740993),
		"0.1":                  0.1,
		"100000000":            1e8,
		"12.50":                json.Number("12.50"),
		"a;b":                  []string{"a", "b"},
		"c;d":                  []any{"c", "d"},
		"e":                    []string{"", "e"}, // ";e" would add to what is there
		";text":                ";text",
		"2026-02-28":           "2026-02-28",
		"2026-02-28T03:30:17Z": "2026-02-28T03:30:17Z",
	} {
		got, ok := textOf(v)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	for _, v := range []any{math.NaN(), math.Inf(1), json.Number("x"), json.Number("0x1"), []any{1}, map[string]any{}, struct{}{}} {
		_, ok := textOf(v)
		require.False(t, ok, "%T", v)
	}
}

func TestIdentity(t *testing.T) {
	t.Parallel()

	var a account
	require.NoError(t, json.Unmarshal(recording(t, "amp-labs-fixtures", "post-auth", "account-info.json"), &a))
	require.Equal(t, crm.Account{
		ID: "12345678", Name: "HubSpot 12345678", Environment: crm.Production, Edition: "STANDARD", UserID: "5",
	}, a.account("5"))
	for _, test := range []string{"DEVELOPER_TEST", "SANDBOX", "APP_DEVELOPER"} {
		require.Equal(t, crm.Sandbox, account{AccountType: test}.account("").Environment)
	}
}

func TestAddressesAreTheContactsOwn(t *testing.T) {
	t.Parallel()

	r := record{Properties: properties{Email: "Ada@example.com", AdditionalEmails: "countess@example.com;ada@example.com;"}}
	require.Equal(t, []string{"Ada@example.com", "countess@example.com"}, r.addresses())
	require.Empty(t, record{}.addresses())
	require.Empty(t, record{}.merged())
	require.Equal(t, []string{"1", "2"}, record{Properties: properties{MergedIDs: "1;2"}}.merged())
}

// TestWhatIsAskedForIsThere holds the properties that fill a record against
// those of a real account.
func TestWhatIsAskedForIsThere(t *testing.T) {
	t.Parallel()

	s, err := shapeOf(contacts)
	require.NoError(t, err)
	there := recordedFields(t)
	for _, name := range slices.DeleteFunc(s.properties(), func(name string) bool { return name == externalIDField }) {
		require.Contains(t, there, name)
	}
}

func FuzzFaultsAreReadOrLeftOut(f *testing.F) {
	f.Add(`{"category":"VALIDATION_ERROR","message":"Property values were not valid: [{\"error\":\"INVALID_EMAIL\",\"name\":\"email\"}]","context":{"ids":["1"]},"errors":[{"code":"X"}]}`)
	f.Add(`{"context":{"a":{"b":[1]}},"errors":[]}`)
	f.Fuzz(func(t *testing.T, body string) {
		e := classify(call{op: "v.op"}, 400, nil, []byte(body))
		require.NotEmpty(t, e.Kind)
		require.LessOrEqual(t, len(e.Error()), 200, "codes, and nothing else")
		for _, name := range e.Fields {
			require.True(t, named(name))
		}
	})
}
