package salesforce

import (
	"encoding/binary"
	"iter"
)

// row holds a record's field values as one string of (field index, length,
// text), by ascending index. A field without a value has no entry. One
// allocation per record, and nothing for the garbage collector to follow: a
// hundred thousand records are cheap.
//
// A text's meaning is the field's type: numbers and booleans are kept as they
// are spelled in JSON, everything else as it is.
type row string

// change is a new value of one field; empty text clears it, as in Salesforce,
// which knows no empty string.
type change struct {
	field int
	text  string
}

// all yields the fields that have a value.
func (r row) all() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for rest := r; rest != ""; {
			var field, size int
			field, rest = rest.number()
			size, rest = rest.number()
			if !yield(field, string(rest[:size])) {
				return
			}
			rest = rest[size:]
		}
	}
}

// get returns a field's value; empty means it has none.
func (r row) get(field int) string {
	for i, text := range r.all() {
		if i == field {
			return text
		}
		if i > field {
			break
		}
	}
	return ""
}

// number reads one unsigned varint.
func (r row) number() (int, row) {
	n, shift := 0, 0
	for i := range len(r) {
		n |= int(r[i]&0x7f) << shift
		if r[i] < 0x80 {
			return n, r[i+1:]
		}
		shift += 7
	}
	return n, ""
}

// with returns r with the changes made. They must be in ascending order of
// field, each field once.
func (r row) with(changes []change) row {
	size := len(r)
	for _, c := range changes {
		size += len(c.text) + 2*binary.MaxVarintLen16
	}
	out := make([]byte, 0, size)
	for field, text := range r.all() {
		for len(changes) > 0 && changes[0].field < field {
			out = put(out, changes[0])
			changes = changes[1:]
		}
		if len(changes) > 0 && changes[0].field == field {
			out = put(out, changes[0])
			changes = changes[1:]
			continue
		}
		out = put(out, change{field: field, text: text})
	}
	for _, c := range changes {
		out = put(out, c)
	}
	return row(out)
}

func put(out []byte, c change) []byte {
	if c.text == "" {
		return out
	}
	out = binary.AppendUvarint(out, uint64(c.field)) //nolint:gosec // an index
	out = binary.AppendUvarint(out, uint64(len(c.text)))
	return append(out, c.text...)
}
