package conformance

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// salesforceFieldTypes says which of our types a field may be of (crm/salesforce.md
// §2, WSDL fieldType).
func salesforceFieldTypes(typ string) []crm.FieldType {
	switch typ {
	case "string", "textarea", "encryptedstring":
		return []crm.FieldType{crm.TypeText}
	case "combobox": // a text with proposals
		return []crm.FieldType{crm.TypeText, crm.TypePicklist}
	case "picklist":
		return []crm.FieldType{crm.TypePicklist}
	case "multipicklist":
		return []crm.FieldType{crm.TypeMultiselect}
	case "reference":
		return []crm.FieldType{crm.TypeReference}
	case "id":
		return []crm.FieldType{crm.TypeReference, crm.TypeText, crm.TypeOther}
	case "boolean":
		return []crm.FieldType{crm.TypeBoolean}
	case "currency", "int", "double", "percent", "long":
		return []crm.FieldType{crm.TypeNumber}
	case "phone":
		return []crm.FieldType{crm.TypePhone}
	case "email":
		return []crm.FieldType{crm.TypeEmail}
	case "url":
		return []crm.FieldType{crm.TypeURL}
	case "date":
		return []crm.FieldType{crm.TypeDate}
	case "datetime":
		return []crm.FieldType{crm.TypeDateTime}
	}
	return []crm.FieldType{crm.TypeOther}
}

// salesforceField says what a described field has to become (crm/salesforce.md §2).
func salesforceField(t *testing.T, raw json.RawMessage) fieldRule {
	t.Helper()

	var f struct {
		Name, Label, Type                                                               string
		Createable, Updateable, Nillable, DefaultedOnCreate, Unique, Custom, Deprecated bool
		PicklistValues                                                                  []struct {
			Value, Label string
			Active       bool
		}
	}
	require.NoError(t, json.Unmarshal(raw, &f))
	required := f.Createable && !f.Nillable && !f.DefaultedOnCreate
	rule := fieldRule{
		name: f.Name, label: f.Label, types: salesforceFieldTypes(f.Type), creatable: f.Createable, updatable: f.Updateable,
		unique: f.Unique, custom: f.Custom, required: &required,
	}
	for _, v := range f.PicklistValues {
		rule.options = append(rule.options, crm.Option{Value: v.Value, Label: v.Label, Active: v.Active})
	}
	return rule
}
