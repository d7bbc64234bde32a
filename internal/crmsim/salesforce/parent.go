package salesforce

import (
	"cmp"
	"slices"
	"strings"

	"lockstep/internal/crmsim"
)

// adopt resolves the draft's references.
func (b *batch) adopt(d *draft) *failure {
	o := b.shape()
	for _, p := range d.parents {
		f := o.fields[p.field]
		if p.object == "" {
			if bad := b.adoptID(f, p.value); bad != nil {
				return bad
			}
			continue
		}
		id, bad := b.foreign(p)
		if bad != nil {
			return bad
		}
		i, _ := slices.BinarySearchFunc(d.changes, p.field, func(c crmsim.Change, field int) int { return cmp.Compare(c.Field, field) })
		d.changes[i].Text = id
	}
	return nil
}

// adoptID checks a reference by id, as far as the kind of record referred to
// is kept here.
func (b *batch) adoptID(f *field, id string) *failure {
	t := b.table.org.tableOf(id)
	if t == nil {
		return nil
	}
	if !slices.Contains(f.referenceTo, t.schema.Load().name) {
		return failed(codeFieldIntegrity, f.label+": id value of incorrect type: "+id, f.name)
	}
	r := t.get(id)
	if r == nil || r.deleted {
		return failed(codeInvalidCross, "invalid cross reference id", f.name)
	}
	if f.name == "OwnerId" && t.schema.Load().name == "User" && t.value(r, "IsActive") != "true" {
		// The message is unverified.
		return failed(codeInactive, "operation performed with inactive user ["+id[:shortID]+"] as owner of "+strings.ToLower(b.shape().name), f.name)
	}
	return nil
}

func (b *batch) foreign(p parent) (string, *failure) {
	t := b.table.org.table(p.object)
	if t == nil {
		return "", failed(codeInvalidField, "Invalid foreign key relationship "+p.object)
	}
	by := t.schema.Load().find(p.by)
	if by < 0 || !t.schema.Load().fields[by].keyed() {
		return "", failed(codeInvalidField, "Foreign key external ID field "+p.by+" not found in entity "+p.object)
	}
	found := t.find(by, p.value)
	if len(found) != 1 {
		return "", failed(codeInvalidField, "Foreign key external ID: "+p.value+" not found for field "+p.by+" in entity "+p.object)
	}
	return found[0].id, nil
}
