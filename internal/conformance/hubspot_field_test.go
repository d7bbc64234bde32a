package conformance

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// hubspotFieldTypes says which of our types a property may be of, by its type
// and, where that decides, its field type (crm/hubspot.md §2).
func hubspotFieldTypes(typ, fieldType string) []crm.FieldType {
	switch typ + "/" + fieldType {
	case "string/phonenumber", "phone_number/phonenumber":
		return []crm.FieldType{crm.TypePhone}
	case "enumeration/checkbox":
		return []crm.FieldType{crm.TypeMultiselect}
	case "enumeration/booleancheckbox":
		return []crm.FieldType{crm.TypePicklist, crm.TypeBoolean}
	}
	switch typ {
	case "string":
		return []crm.FieldType{crm.TypeText, crm.TypeEmail, crm.TypeURL} // which strings are addresses, no document tells
	case "number":
		return []crm.FieldType{crm.TypeNumber, crm.TypeReference} // associatedcompanyid
	case "bool":
		return []crm.FieldType{crm.TypeBoolean}
	case "date":
		return []crm.FieldType{crm.TypeDate}
	case "datetime":
		return []crm.FieldType{crm.TypeDateTime}
	case "enumeration":
		return []crm.FieldType{crm.TypePicklist, crm.TypeReference} // hubspot_owner_id; options that are kept elsewhere (externalOptions)
	}
	return []crm.FieldType{crm.TypeOther}
}

// hubspotField says what a property has to become (crm/hubspot.md §2). That a
// property is required stands elsewhere, with the object.
func hubspotField(t *testing.T, raw json.RawMessage) fieldRule {
	t.Helper()

	var f struct {
		Name, Label, Type, FieldType                       string
		Calculated, Hidden, HasUniqueValue, HubspotDefined bool
		ModificationMetadata                               struct{ ReadOnlyValue bool }
		Options                                            []struct {
			Value, Label string
			Hidden       bool
		}
	}
	require.NoError(t, json.Unmarshal(raw, &f))
	writable := !f.Calculated && !f.ModificationMetadata.ReadOnlyValue
	rule := fieldRule{
		name: f.Name, label: f.Label, types: hubspotFieldTypes(f.Type, f.FieldType), creatable: writable, updatable: writable,
		unique: f.HasUniqueValue, custom: !f.HubspotDefined, hidden: f.Hidden,
	}
	for _, o := range f.Options {
		rule.options = append(rule.options, crm.Option{Value: o.Value, Label: o.Label, Active: !o.Hidden})
	}
	return rule
}
