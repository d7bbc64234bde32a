package crmsim

import (
	"encoding/binary"
	"iter"
)

// Row holds a record's field values as one string of (field index, length,
// text), by ascending index. A field without a value has no entry. One
// allocation per record, and nothing for the garbage collector to follow: a
// hundred thousand records are cheap.
//
// A text's meaning is the vendor's and the field's type's.
type Row string

// Change is a new value of one field; empty text clears it.
type Change struct {
	Field int
	Text  string
}

// All yields the fields that have a value.
func (r Row) All() iter.Seq2[int, string] {
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

// Get returns a field's value; empty means it has none.
func (r Row) Get(field int) string {
	for i, text := range r.All() {
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
func (r Row) number() (int, Row) {
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

// With returns r with the changes made. They must be in ascending order of
// field, each field once.
func (r Row) With(changes []Change) Row {
	size := len(r)
	for _, c := range changes {
		size += len(c.Text) + 2*binary.MaxVarintLen16
	}
	out := make([]byte, 0, size)
	for field, text := range r.All() {
		for len(changes) > 0 && changes[0].Field < field {
			out = put(out, changes[0])
			changes = changes[1:]
		}
		if len(changes) > 0 && changes[0].Field == field {
			out = put(out, changes[0])
			changes = changes[1:]
			continue
		}
		out = put(out, Change{Field: field, Text: text})
	}
	for _, c := range changes {
		out = put(out, c)
	}
	return Row(out)
}

func put(out []byte, c Change) []byte {
	if c.Text == "" {
		return out
	}
	out = binary.AppendUvarint(out, uint64(c.Field)) //nolint:gosec // an index
	out = binary.AppendUvarint(out, uint64(len(c.Text)))
	return append(out, c.Text...)
}
