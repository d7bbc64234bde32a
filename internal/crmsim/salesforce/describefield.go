package salesforce

import (
	"strings"
	"unicode"
)

// describedField has every key that a field of describe/Contact.json has;
// nulls are sent, never left out (crm/salesforce.md, introduction).
type describedField struct {
	Aggregatable                 bool           `json:"aggregatable"`
	AIPredictionField            bool           `json:"aiPredictionField"`
	AutoNumber                   bool           `json:"autoNumber"`
	ByteLength                   int            `json:"byteLength"`
	Calculated                   bool           `json:"calculated"`
	CalculatedFormula            *string        `json:"calculatedFormula"`
	CascadeDelete                bool           `json:"cascadeDelete"`
	CaseSensitive                bool           `json:"caseSensitive"`
	CompoundFieldName            *string        `json:"compoundFieldName"`
	ControllerName               *string        `json:"controllerName"`
	Createable                   bool           `json:"createable"`
	Custom                       bool           `json:"custom"`
	DefaultValue                 any            `json:"defaultValue"`
	DefaultValueFormula          *string        `json:"defaultValueFormula"`
	DefaultedOnCreate            bool           `json:"defaultedOnCreate"`
	DependentPicklist            bool           `json:"dependentPicklist"`
	DeprecatedAndHidden          bool           `json:"deprecatedAndHidden"`
	Digits                       int            `json:"digits"`
	DisplayLocationInDecimal     bool           `json:"displayLocationInDecimal"`
	Encrypted                    bool           `json:"encrypted"`
	ExternalID                   bool           `json:"externalId"`
	ExtraTypeInfo                *string        `json:"extraTypeInfo"`
	Filterable                   bool           `json:"filterable"`
	FilteredLookupInfo           *string        `json:"filteredLookupInfo"`
	FormulaTreatNullNumberAsZero bool           `json:"formulaTreatNullNumberAsZero"`
	Groupable                    bool           `json:"groupable"`
	HighScaleNumber              bool           `json:"highScaleNumber"`
	HTMLFormatted                bool           `json:"htmlFormatted"`
	IDLookup                     bool           `json:"idLookup"`
	InlineHelpText               *string        `json:"inlineHelpText"`
	Label                        string         `json:"label"`
	Length                       int            `json:"length"`
	Mask                         *string        `json:"mask"`
	MaskType                     *string        `json:"maskType"`
	Name                         string         `json:"name"`
	NameField                    bool           `json:"nameField"`
	NamePointing                 bool           `json:"namePointing"`
	Nillable                     bool           `json:"nillable"`
	Permissionable               bool           `json:"permissionable"`
	PicklistValues               []picklistItem `json:"picklistValues"`
	PolymorphicForeignKey        bool           `json:"polymorphicForeignKey"`
	Precision                    int            `json:"precision"`
	QueryByDistance              bool           `json:"queryByDistance"`
	ReferenceTargetField         *string        `json:"referenceTargetField"`
	ReferenceTo                  []string       `json:"referenceTo"`
	RelationshipName             *string        `json:"relationshipName"`
	RelationshipOrder            *int           `json:"relationshipOrder"`
	RestrictedDelete             bool           `json:"restrictedDelete"`
	RestrictedPicklist           bool           `json:"restrictedPicklist"`
	Scale                        int            `json:"scale"`
	SearchPrefilterable          bool           `json:"searchPrefilterable"`
	SoapType                     string         `json:"soapType"`
	Sortable                     bool           `json:"sortable"`
	Type                         fieldType      `json:"type"`
	Unique                       bool           `json:"unique"`
	Updateable                   bool           `json:"updateable"`
	WriteRequiresMasterRead      bool           `json:"writeRequiresMasterRead"`
}

type picklistItem struct {
	Active       bool    `json:"active"`
	DefaultValue bool    `json:"defaultValue"`
	Label        string  `json:"label"`
	ValidFor     *string `json:"validFor"`
	Value        string  `json:"value"`
}

func describeField(f *field) describedField {
	long := f.kind == typeTextArea && f.length > 255
	compound := f.kind == typeAddress
	numeric := f.kind == typeDouble || f.kind == typeCurrency || f.kind == typePercent
	d := describedField{
		Aggregatable: f.kind != typeBoolean && !long && !compound,
		ByteLength:   byteLength(f), CaseSensitive: f.exactCase, CompoundFieldName: orNull(f.compound),
		Createable: f.createable, Custom: f.custom, DefaultedOnCreate: f.defaulted, Digits: f.digits, ExternalID: f.externalID,
		ExtraTypeInfo: orNull(f.extra), Filterable: !long, Groupable: !long && !compound && !numeric && f.kind != typeDateTime,
		IDLookup: f.idLookup, InlineHelpText: orNull(f.help), Label: f.label, Length: f.length, Name: f.name, NameField: f.nameField,
		NamePointing: len(f.referenceTo) > 1, Nillable: f.nillable, Permissionable: f.permissioned, PicklistValues: []picklistItem{},
		PolymorphicForeignKey: len(f.referenceTo) > 1, Precision: f.precision, QueryByDistance: compound, ReferenceTo: []string{},
		RelationshipName: orNull(f.relationship), RestrictedPicklist: f.restricted, Scale: f.scale,
		SearchPrefilterable: f.kind == typeReference && f.nillable && f.name != "MasterRecordId",
		SoapType:            soapType(f.kind), Sortable: !long && !compound, Type: f.kind, Unique: f.unique, Updateable: f.updateable,
	}
	d.ReferenceTo = append(d.ReferenceTo, f.referenceTo...)
	for _, o := range f.picklist {
		d.PicklistValues = append(d.PicklistValues, picklistItem{
			Active: true, DefaultValue: f.defaultText == o.value, Label: o.label, Value: o.value,
		})
	}
	switch {
	case f.kind == typeBoolean && f.createable:
		d.DefaultValue = f.defaultText == "true"
	case f.kind == typeBoolean:
		d.DefaultValue = false
	case f.defaultText != "":
		d.DefaultValue = f.defaultText
	}
	return d
}

// byteLength is three for each character, but one for those of an id.
func byteLength(f *field) int {
	if f.kind == typeID || f.kind == typeReference {
		return f.length
	}
	return 3 * f.length
}

func soapType(kind fieldType) string {
	switch kind {
	case typeID, typeReference:
		return "tns:ID"
	case typeBoolean:
		return "xsd:boolean"
	case typeInt:
		return "xsd:int"
	case typeDouble, typeCurrency, typePercent:
		return "xsd:double"
	case typeDate:
		return "xsd:date"
	case typeDateTime:
		return "xsd:dateTime"
	case typeAddress:
		return "urn:address"
	case typeString, typeTextArea, typePhone, typeEmail, typeURL, typePicklist, typeMulti:
	}
	return "xsd:string"
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func splitList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
