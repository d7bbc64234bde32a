package hubspot

import (
	"cmp"
	"slices"

	"lockstep/internal/crmsim"
)

// verb is what a write does with a record.
type verb int

const (
	creating verb = iota
	updating
	upserting
)

// draft is one input of a write, read and checked as far as that can be done
// without looking at any record.
type draft struct {
	id      string // or the value of the property that records are found by
	key     string // id as the property keeps it
	by      string // idProperty
	trace   string // objectWriteTraceId
	given   bool   // properties were
	changes []crmsim.Change
	invalid []invalid
	unknown bool // one of them is a property that there is none of
}

// reader reads inputs into drafts.
type reader struct {
	portal *portal
	object *object
	// free lets read-only properties be written, behind the API's back.
	free bool
}

// input reads one input of a batch. It reports whether it could be read.
func (rd *reader) input(s *crmsim.Scanner) (draft, bool) {
	var d draft
	ok := true
	s.Members(func(key string) {
		switch key {
		case "id":
			ok = scalar(s.Raw(), &d.id) && ok
		case "idProperty":
			ok = scalar(s.Raw(), &d.by) && ok
		case "objectWriteTraceId":
			ok = scalar(s.Raw(), &d.trace) && ok
		case "properties":
			ok = rd.properties(s, &d) && ok
		default: // associations among them
			s.Raw()
		}
	})
	return d, ok
}

// properties reads an input's values.
func (rd *reader) properties(s *crmsim.Scanner, d *draft) bool {
	ok := true
	d.given = true
	s.Members(func(name string) { ok = rd.property(d, name, s.Raw()) && ok })
	slices.SortStableFunc(d.changes, func(a, b crmsim.Change) int { return cmp.Compare(a.Field, b.Field) })
	// Of a member given twice, the last counts.
	last := d.changes[:0]
	for i, c := range d.changes {
		if i+1 == len(d.changes) || d.changes[i+1].Field != c.Field {
			last = append(last, c)
		}
	}
	d.changes = last
	return ok
}

func (rd *reader) property(d *draft, name, raw string) bool {
	i := rd.object.find(name)
	if i < 0 {
		d.unknown = true
		d.invalid = append(d.invalid, unknownProperty(name))
		return raw != ""
	}
	p := rd.object.properties[i]
	text, ok := p.parse(raw)
	if !ok {
		return false
	}
	if p.readOnly && !rd.free {
		d.invalid = append(d.invalid, invalid{name: name, code: codeReadOnly, message: `"` + name + `" is a read only property; its value cannot be set.`})
		return true
	}
	text, bad := rd.portal.check(p, text)
	if bad != nil {
		d.invalid = append(d.invalid, *bad)
		return true
	}
	d.changes = append(d.changes, crmsim.Change{Field: i, Text: text})
	return true
}

// put adds a change unless the draft has one of the same property.
func (d *draft) put(i int, text string) {
	at, found := slices.BinarySearchFunc(d.changes, i, func(c crmsim.Change, field int) int { return cmp.Compare(c.Field, field) })
	if !found {
		d.changes = slices.Insert(d.changes, at, crmsim.Change{Field: i, Text: text})
	}
}

// change returns the value that the draft has for a property, or "".
func (d *draft) change(i int) string {
	for _, c := range d.changes {
		if c.Field == i {
			return c.Text
		}
	}
	return ""
}

// scalar reads a string, or a number as one. Null is no value.
func scalar(raw string, into *string) bool {
	switch {
	case raw == "" || raw[0] == '{' || raw[0] == '[':
		return false
	case raw == "null":
	case raw[0] == '"':
		*into = crmsim.NewScanner(raw).Quoted()
	default:
		*into = raw
	}
	return true
}
