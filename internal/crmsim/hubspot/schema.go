package hubspot

import (
	"slices"
	"strings"
)

// valueType is a property's type, and formType how it is shown to people; both
// as the properties API names them (crm/hubspot.md §2, and
// wire-recordings-grouparoo.json's schema of CONTACT).
type (
	valueType string
	formType  string
)

const (
	typeString      valueType = "string"
	typeNumber      valueType = "number"
	typeDate        valueType = "date"
	typeDateTime    valueType = "datetime"
	typeEnum        valueType = "enumeration"
	typeBool        valueType = "bool"
	typePhone       valueType = "phone_number"
	typeCoordinates valueType = "object_coordinates"
)

const (
	formText        formType = "text"
	formTextArea    formType = "textarea"
	formPhone       formType = "phonenumber"
	formNumber      formType = "number"
	formDate        formType = "date"
	formSelect      formType = "select"
	formRadio       formType = "radio"
	formCheckbox    formType = "checkbox"
	formBoolean     formType = "booleancheckbox"
	formFile        formType = "file"
	formHTML        formType = "html"
	formEquation    formType = "calculation_equation"
	formReadTime    formType = "calculation_read_time"
	formRollup      formType = "calculation_rollup"
	formScore       formType = "calculation_score"
	formUnspecified formType = ""
)

// property is one property of an object. Its index in the object never
// changes, so that rows need not be rewritten when properties come and go.
type property struct {
	name, label, group string
	description        string
	kind               valueType
	form               formType
	options            []option
	references         string // referencedObjectType
	order              int    // displayOrder

	readOnly   bool // readOnlyValue
	calculated bool
	external   bool // options are kept elsewhere
	hidden     bool
	formField  bool
	unique     bool // hasUniqueValue
	editable   bool // its definition may be changed
	kept       bool // may not be archived
	custom     bool
	archived   bool

	created, updated int64 // Unix milliseconds

	// derive computes the value of a record that does not keep it.
	derive func(t *table, r *record) string
	// constant says that it is the same for every record.
	constant bool
	// shown puts the property into the answer to whatever creates a record,
	// echoed into the answer to whatever updates one (batch/create/contacts/success.json,
	// batch/update/contacts/success.json).
	shown, echoed bool
}

type option struct {
	value, label, description string
	order                     int
	hidden                    bool
}

// allows reports whether one of the options is the value.
func (p *property) allows(value string) bool {
	return slices.ContainsFunc(p.options, func(o option) bool { return o.value == value })
}

// keyed reports whether records are found by the property, and no two records
// hold the same value.
func (p *property) keyed() bool { return !p.archived && (p.unique || p.name == propEmail) }

// key returns text as the property compares it: addresses without regard to
// case.
func (p *property) key(text string) string {
	if p.name == propEmail {
		return strings.ToLower(text)
	}
	return text
}

// Properties that have a meaning of their own.
const (
	propEmail      = "email"
	propOtherMails = "hs_additional_emails"
	propMerged     = "hs_merged_object_ids"
	propID         = "hs_object_id"
	propOwner      = "hubspot_owner_id"
	propLifecycle  = "lifecyclestage"
)

// object is the shape of one kind of record. It is never changed in place: a
// new one replaces it.
type object struct {
	name     string // as in paths
	typeID   string
	singular string // as in messages
	properties
	defaults []string // read when nothing is asked for
	searched []string // and what a search reads then
	always   []string // read whatever is asked for

	index  map[string]int
	sorted []int // by name, archived ones left out
	marker int   // the first custom unique property, or -1
}

func newObject(o object) *object {
	o.index = make(map[string]int, len(o.properties))
	o.sorted, o.marker = make([]int, 0, len(o.properties)), -1
	for i, p := range o.properties {
		if p.archived {
			continue
		}
		o.index[p.name] = i
		o.sorted = append(o.sorted, i)
		if o.marker < 0 && p.custom && p.unique {
			o.marker = i
		}
	}
	slices.SortFunc(o.sorted, func(a, b int) int { return strings.Compare(o.properties[a].name, o.properties[b].name) })
	return &o
}

// find returns the index of the property of that name, or -1.
func (o *object) find(name string) int {
	if i, ok := o.index[name]; ok {
		return i
	}
	return -1
}

// answersTo reports whether a path's object type means this object: its name
// in either number, or its type id.
func (o *object) answersTo(name string) bool {
	return strings.EqualFold(name, o.name) || strings.EqualFold(name, o.singular) || name == o.typeID
}

// edited returns a copy of o whose properties edit has changed. They are
// copies too, so edit may do to them what it likes.
func (o *object) edited(edit func(properties) properties) *object {
	next := *o
	next.properties = make(properties, len(o.properties))
	for i, p := range o.properties {
		same := *p
		next.properties[i] = &same
	}
	next.properties = edit(next.properties)
	return newObject(next)
}
