package salesforce

import "strings"

// fieldType is a field's type as describe names it.
type fieldType string

// The types in use here, of the 26 there are (partner-wsdl-derived.json,
// enums.fieldType).
const (
	typeID        fieldType = "id"
	typeString    fieldType = "string"
	typeTextArea  fieldType = "textarea"
	typePhone     fieldType = "phone"
	typeEmail     fieldType = "email"
	typeURL       fieldType = "url"
	typePicklist  fieldType = "picklist"
	typeMulti     fieldType = "multipicklist"
	typeReference fieldType = "reference"
	typeBoolean   fieldType = "boolean"
	typeInt       fieldType = "int"
	typeDouble    fieldType = "double"
	typeCurrency  fieldType = "currency"
	typePercent   fieldType = "percent"
	typeDate      fieldType = "date"
	typeDateTime  fieldType = "datetime"
	typeAddress   fieldType = "address"
)

// field is one field of an object. Its index in the object never changes, so
// that rows need not be rewritten when fields come and go.
type field struct {
	name, label  string
	help         string // beside the field, for people
	kind         fieldType
	length       int
	createable   bool
	updateable   bool
	nillable     bool
	defaulted    bool // on create
	defaultText  string
	compound     string // the compound field that it is part of
	extra        string // extraTypeInfo
	picklist     []option
	restricted   bool
	referenceTo  []string
	relationship string
	idLookup     bool
	externalID   bool
	unique       bool
	exactCase    bool // caseSensitive
	nameField    bool
	permissioned bool // field-level security applies
	precision    int
	scale        int
	digits       int
	custom       bool
	dropped      bool
	hidden       bool // the connected user lacks field-level read access
	derived      func(t *table, r *record) string
}

type option struct{ value, label string }

// visible reports whether the connected user can see the field. One that
// cannot be seen is absent from describe and unknown everywhere else
// (crm/salesforce.md §2).
func (f *field) visible() bool { return !f.dropped && !f.hidden }

// required reports whether a record cannot be without it (crm/salesforce.md §2).
func (f *field) required() bool {
	return f.createable && !f.nillable && !f.defaulted
}

// keyed reports whether records are found by the field.
func (f *field) keyed() bool {
	return !f.dropped && (f.externalID || f.idLookup && f.kind != typeID || f.unique)
}

// key returns text as the field compares it.
func (f *field) key(text string) string {
	if f.exactCase {
		return text
	}
	return strings.ToLower(text)
}

// object is the shape of one sObject. It is never changed in place: a new one
// replaces it.
type object struct {
	name, label, plural string
	prefix              string
	fields              []*field
	index               map[string]int // by name, and by name in lower case
	required            []int
	marker              int  // the first unique custom external-id field, or -1
	setup               bool // configuration rather than a CRM record
	fixed               bool // cannot be written through the API
}

func newObject(o object) *object {
	o.index = make(map[string]int, 2*len(o.fields))
	o.required, o.marker = nil, -1
	for i, f := range o.fields {
		if f.dropped {
			continue
		}
		o.index[f.name] = i
		o.index[strings.ToLower(f.name)] = i
		if f.required() {
			o.required = append(o.required, i)
		}
		if o.marker < 0 && f.custom && f.externalID && f.unique {
			o.marker = i
		}
	}
	return &o
}

// find returns the index of the visible field of that name, case ignored, or
// -1.
func (o *object) find(name string) int {
	i, ok := o.index[name]
	if !ok {
		i, ok = o.index[strings.ToLower(name)]
	}
	if !ok || !o.fields[i].visible() {
		return -1
	}
	return i
}

// must returns the index of a field that the object is known to have.
func (o *object) must(name string) int {
	i, ok := o.index[name]
	if !ok {
		panic("salesforce: " + o.name + " has no field " + name)
	}
	return i
}

// has reports whether the object has the field, seen or not.
func (o *object) has(name string) bool {
	_, ok := o.index[strings.ToLower(name)]
	return ok
}

// edited returns a copy of o whose fields edit has changed. They are copies
// too, so edit may do to them what it likes.
func (o *object) edited(edit func([]*field) []*field) *object {
	next := *o
	next.fields = make([]*field, len(o.fields))
	for i, f := range o.fields {
		same := *f
		next.fields[i] = &same
	}
	next.fields = edit(next.fields)
	return newObject(next)
}
