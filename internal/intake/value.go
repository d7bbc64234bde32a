package intake

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// fieldsOf returns the values of r by field. Empty ones are left out; nil, of
// JSON alone, stays, and clears.
func fieldsOf(r row, l layout) (map[string]any, *flaw) {
	fields := make(map[string]any, len(r.values))
	for i, v := range r.values {
		if l.fields[i] == "" {
			continue
		}
		value, problem := scalar(r.names[i], v)
		if problem != nil {
			return nil, problem
		}
		if value != "" {
			fields[l.fields[i]] = value
		}
	}
	return fields, nil
}

// scalar returns v as it is kept: text without the space around it. It says
// what is wrong with a value that PostgreSQL, or a CRM, would not take.
func scalar(name string, v any) (any, *flaw) {
	switch v := v.(type) {
	case string:
		return clean(name, v)
	case json.Number:
		return number(name, v)
	case bool, nil:
		return v, nil
	}
	return nil, &flaw{"value_unsupported", quoted(name) + " holds a list or an object. Give a text, a number, true, false or null."}
}

func clean(name, s string) (any, *flaw) {
	if len(s) > MaxField {
		return nil, &flaw{"field_too_long", quoted(name) + " is longer than 1 MB."}
	}
	s = strings.TrimSpace(s)
	if i := strings.IndexFunc(s, isForbidden); i >= 0 {
		r := []rune(s[i:])[0]
		return nil, &flaw{"control_character", fmt.Sprintf("%s holds the control character %U, which cannot be kept.", quoted(name), r)}
	}
	return s, nil
}

// isForbidden tells whether r is a control character that means nothing in
// text. PostgreSQL cannot keep the first of them, and CRMs refuse or lose the
// others.
func isForbidden(r rune) bool {
	return unicode.IsControl(r) && !isBreak(r)
}

// number returns n if it is within what a double holds: PostgreSQL takes a
// little more, and fails on what is beyond.
func number(name string, n json.Number) (any, *flaw) {
	const longest = 64
	mantissa, exponent := string(n), 0
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(mantissa[i+1:]); err != nil {
			exponent = 1 << 30
		}
	}
	if len(n) > longest || exponent > 300 || exponent < -300 {
		return nil, &flaw{"number_out_of_range", quoted(name) + " holds a number that is out of range. Give it as a text if all its digits matter."}
	}
	return n, nil
}

// quoted returns a column's name as a message shows it.
func quoted(name string) string {
	const longest = 60
	if r := []rune(name); len(r) > longest {
		name = string(r[:longest]) + "…"
	}
	return strconv.Quote(name)
}
