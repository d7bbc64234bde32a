package salesforce

import "lockstep/internal/crmsim"

// The helpers below spell an object's fields as describe/*.json shows them:
// most are createable, updateable, nillable and subject to field-level
// security, so that is what each starts from.

func text(name, label string, length int) *field {
	return &field{
		name: name, label: label, kind: typeString, length: length,
		createable: true, updateable: true, nillable: true, permissioned: true,
	}
}

func typed(kind fieldType, name, label string, length int) *field {
	f := text(name, label, length)
	f.kind = kind
	return f
}

func area(name, label string, length int) *field {
	f := typed(typeTextArea, name, label, length)
	f.extra = "plaintextarea"
	return f
}

func phone(name, label string) *field { return typed(typePhone, name, label, 40) }

func email(name, label string) *field {
	f := typed(typeEmail, name, label, 80)
	f.idLookup = true
	return f
}

func link(name, label string) *field { return typed(typeURL, name, label, 255) }

func pick(name, label string, length int, values ...string) *field {
	f := typed(typePicklist, name, label, length)
	for _, v := range values {
		f.picklist = append(f.picklist, option{value: v, label: v})
	}
	return f
}

func reference(name, label, relationship string, to ...string) *field {
	f := typed(typeReference, name, label, idLength)
	f.relationship, f.referenceTo = relationship, to
	return f
}

func flag(name, label string) *field {
	f := typed(typeBoolean, name, label, 0)
	f.nillable, f.defaulted, f.defaultText = false, true, "false"
	return f
}

func number64(kind fieldType, name, label string, precision, scale int) *field {
	f := typed(kind, name, label, 0)
	f.precision, f.scale = precision, scale
	return f
}

func whole(name, label string) *field {
	f := typed(typeInt, name, label, 0)
	f.digits = 8
	return f
}

func day(name, label string) *field    { return typed(typeDate, name, label, 0) }
func moment(name, label string) *field { return typed(typeDateTime, name, label, 0) }

// in makes f a part of a compound field.
func (f *field) in(compound string) *field {
	f.compound = compound
	return f
}

// needed makes f required.
func (f *field) needed() *field {
	f.nillable, f.permissioned = false, false
	return f
}

// basic exempts f from field-level security.
func (f *field) basic() *field {
	f.permissioned = false
	return f
}

// readOnly makes f unwritable.
func (f *field) readOnly() *field {
	f.createable, f.updateable, f.permissioned = false, false, false
	return f
}

// strict restricts a picklist to its values.
func (f *field) strict() *field {
	f.restricted = true
	return f
}

// by has f computed.
func (f *field) by(derive func(*table, *record) string) *field {
	f = f.readOnly()
	f.derived = derive
	return f
}

// always gives f a default, which makes it never empty.
func (f *field) always(value string) *field {
	f.nillable, f.defaulted, f.defaultText, f.permissioned = false, true, value, false
	return f
}

// idField is the first field of every object.
func idField(label string) *field {
	f := typed(typeID, "Id", label, idLength).by(func(_ *table, r *record) string { return r.id })
	f.nillable, f.defaulted, f.idLookup = false, true, true
	return f
}

func deletedField() *field {
	return flag("IsDeleted", "Deleted").by(func(_ *table, r *record) string { return truth(r.deleted) })
}

func masterField(object string) *field {
	return reference("MasterRecordId", "Master Record ID", "MasterRecord", object).
		by(func(_ *table, r *record) string { return r.master })
}

func ownerField(to ...string) *field {
	f := reference("OwnerId", "Owner ID", "Owner", to...).basic()
	f.nillable, f.defaulted = false, true
	return f
}

// audit are the fields that say who touched a record, and when.
func audit() []*field {
	user := func(t *table, _ *record) string { return t.org.user }
	created := func(_ *table, r *record) string { return stamp(r.created) }
	modified := func(_ *table, r *record) string { return stamp(r.modified) }
	fields := []*field{
		moment("CreatedDate", "Created Date").by(created),
		reference("CreatedById", "Created By ID", "CreatedBy", "User").by(user),
		moment("LastModifiedDate", "Last Modified Date").by(modified),
		reference("LastModifiedById", "Last Modified By ID", "LastModifiedBy", "User").by(user),
		moment("SystemModstamp", "System Modstamp").by(modified),
	}
	for _, f := range fields {
		f.nillable, f.defaulted = false, true
	}
	return fields
}

// seen are the fields that say when a record was last looked at, which nobody
// does here.
func seen() []*field {
	return []*field{
		day("LastActivityDate", "Last Activity").readOnly(),
		moment("LastViewedDate", "Last Viewed Date").readOnly(),
		moment("LastReferencedDate", "Last Referenced Date").readOnly(),
	}
}

func photoField() *field {
	f := link("PhotoUrl", "Photo URL").by(func(_ *table, r *record) string { return "/services/images/photo/" + r.id })
	f.extra = "imageurl"
	return f
}

// address are a compound address and its parts.
func address(prefix, labelPrefix string) []*field {
	compound := prefix + "Address"
	accuracy := pick(prefix+"GeocodeAccuracy", labelPrefix+"Geocode Accuracy", 40,
		"Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City", "County", "State", "Unknown")
	return []*field{
		area(prefix+"Street", labelPrefix+"Street", 255).in(compound),
		text(prefix+"City", labelPrefix+"City", 40).in(compound),
		text(prefix+"State", labelPrefix+"State/Province", 80).in(compound),
		text(prefix+"PostalCode", labelPrefix+"Zip/Postal Code", 20).in(compound),
		text(prefix+"Country", labelPrefix+"Country", 80).in(compound),
		number64(typeDouble, prefix+"Latitude", labelPrefix+"Latitude", 18, 15).in(compound),
		number64(typeDouble, prefix+"Longitude", labelPrefix+"Longitude", 18, 15).in(compound),
		accuracy.strict().in(compound),
		addressField(prefix, labelPrefix),
	}
}

// addressField is the compound itself, which is read as an object.
func addressField(prefix, labelPrefix string) *field {
	f := typed(typeAddress, prefix+"Address", labelPrefix+"Address", 0)
	parts := [...]struct{ key, field string }{
		{"city", "City"},
		{"country", "Country"},
		{"geocodeAccuracy", "GeocodeAccuracy"},
		{"latitude", "Latitude"},
		{"longitude", "Longitude"},
		{"postalCode", "PostalCode"},
		{"state", "State"},
		{"street", "Street"},
	}
	f = f.by(func(t *table, r *record) string {
		o := t.schema.Load()
		out, filled := []byte("{"), false
		for _, part := range parts {
			i := o.must(prefix + part.field)
			value := r.row.Get(i)
			filled = filled || value != ""
			out = crmsim.AppendMember(out, part.key)
			out = o.fields[i].appendJSON(out, value)
		}
		if !filled {
			return ""
		}
		return string(append(out, '}'))
	})
	f.permissioned = true
	return f
}

// person are the parts of a person's name.
func person(salutations ...string) []*field {
	last := text("LastName", "Last Name", 80).needed()
	first := text("FirstName", "First Name", 40).basic()
	title := pick("Salutation", "Salutation", 40, salutations...).basic()
	full := text("Name", "Full Name", 121).by(fullName)
	full.nillable, full.nameField = false, true
	fields := []*field{last.in("Name"), first.in("Name"), title.in("Name"), full}
	for _, f := range fields {
		f.extra = "personname"
	}
	return fields
}

func fullName(t *table, r *record) string {
	o := t.schema.Load()
	name := r.row.Get(o.must("LastName"))
	if first := r.row.Get(o.must("FirstName")); first != "" {
		name = first + " " + name
	}
	return name
}

func sources(name, label string, length int) *field {
	return pick(name, label, length, "Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
}

func industries(length int) *field {
	return pick("Industry", "Industry", length,
		"Agriculture", "Apparel", "Banking", "Biotechnology", "Chemicals", "Communications", "Construction", "Consulting",
		"Education", "Electronics", "Energy", "Engineering", "Entertainment", "Environmental", "Finance", "Food & Beverage",
		"Government", "Healthcare", "Hospitality", "Insurance", "Machinery", "Manufacturing", "Media", "Not For Profit",
		"Recreation", "Retail", "Shipping", "Technology", "Telecommunications", "Transportation", "Utilities", "Other")
}

func ratings(label string, length int) *field {
	return pick("Rating", label, length, "Hot", "Warm", "Cold")
}

func cleanStatus() *field {
	f := typed(typePicklist, "CleanStatus", "Clean Status", 40)
	f.restricted = true
	f.picklist = []option{
		{"Matched", "In Sync"},
		{"Different", "Different"},
		{"Acknowledged", "Reviewed"},
		{"NotFound", "Not Found"},
		{"Inactive", "Inactive"},
		{"Pending", "Not Compared"},
		{"SelectMatch", "Select Match"},
		{"Skipped", "Skipped"},
	}
	return f
}

// jigsaw is a text that has a relationship name all the same.
func jigsaw(what string) *field {
	f := text("Jigsaw"+what+"Id", "Jigsaw "+what+" ID", 20).readOnly()
	f.relationship = "Jigsaw" + what
	return f
}

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
