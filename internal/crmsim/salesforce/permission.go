package salesforce

import (
	"slices"
	"strings"
)

// admitSetup checks an insert into one of the objects that grant access.
func (o *org) admitSetup(t *table, d *draft) *failure {
	shape := t.schema.Load()
	value := func(name string) string {
		i := shape.must(name)
		for _, c := range d.changes {
			if c.Field == i {
				return c.Text
			}
		}
		return ""
	}
	switch shape.name {
	case "FieldPermissions":
		return o.admitFieldPermissions(t, value("ParentId"), value("SobjectType"), value("Field"))
	case "PermissionSetAssignment":
		return o.admitAssignment(t, value("AssigneeId"), value("PermissionSetId"))
	}
	return nil
}

// admitFieldPermissions refuses a field that there is none of, as a value that
// its restricted picklist lacks, and a second row for the same field.
func (o *org) admitFieldPermissions(t *table, set, object, name string) *failure {
	target, fieldName, ok := strings.Cut(name, ".")
	shaped := o.table(target)
	if !ok || shaped == nil || !strings.EqualFold(target, object) || !shaped.schema.Load().has(fieldName) {
		return failed(codePicklist, "Field Name: bad value for restricted picklist field: "+name, "Field")
	}
	for _, r := range t.records {
		if !r.deleted && t.value(r, "ParentId") == set && strings.EqualFold(t.value(r, "Field"), name) {
			return failed(codeDuplicate, "duplicate value found: <unknown> duplicates value on record with id: <unknown>")
		}
	}
	return nil
}

// admitAssignment refuses to assign twice, in the words of
// amp-labs-fixtures/metadata/write/err-duplicate-permission-assignment.json.
func (o *org) admitAssignment(t *table, user, set string) *failure {
	for _, r := range t.records {
		if !r.deleted && t.value(r, "AssigneeId") == user && t.value(r, "PermissionSetId") == set {
			return failed(codeDuplicate, "Duplicate PermissionSetAssignment.  Assignee: "+user[:shortID]+"; Permission Set: "+set[:shortID],
				"AssigneeId", "PermissionSetId")
		}
	}
	return nil
}

// value returns a stored value by field name.
func (t *table) value(r *record, name string) string {
	return r.row.Get(t.schema.Load().must(name))
}

// grant makes custom fields visible, or not, by what the connected user's
// permission sets say. The caller holds the lock.
func (o *org) grant() {
	assignments, permissions := o.table("PermissionSetAssignment"), o.table("FieldPermissions")
	sets := make(map[string]bool)
	for _, r := range assignments.records {
		if !r.deleted && assignments.value(r, "AssigneeId") == o.user {
			sets[assignments.value(r, "PermissionSetId")] = true
		}
	}
	rights := make(map[string]right)
	for _, r := range permissions.records {
		if r.deleted || !sets[permissions.value(r, "ParentId")] {
			continue
		}
		name := strings.ToLower(permissions.value(r, "Field"))
		rights[name] = right{
			read: rights[name].read || permissions.value(r, "PermissionsRead") == "true",
			edit: rights[name].edit || permissions.value(r, "PermissionsEdit") == "true",
		}
	}
	for _, t := range o.ordered {
		t.permit(rights)
	}
}

// right is what the connected user may do with a field.
type right struct{ read, edit bool }

// permit shows the custom fields that are readable and hides the others; what
// cannot be edited is read-only.
func (t *table) permit(rights map[string]right) {
	o := t.schema.Load()
	given := func(f *field) right { return rights[strings.ToLower(o.name+"."+f.name)] }
	changed := slices.ContainsFunc(o.fields, func(f *field) bool {
		return f.custom && (f.hidden == given(f).read || f.updateable != given(f).edit)
	})
	if !changed {
		return
	}
	t.schema.Store(o.edited(func(fields []*field) []*field {
		for _, f := range fields {
			if f.custom {
				f.hidden = !given(f).read
				f.createable, f.updateable = given(f).edit, given(f).edit
			}
		}
		return fields
	}))
}
