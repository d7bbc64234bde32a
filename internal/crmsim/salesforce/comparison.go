package salesforce

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// compile turns a condition into a test.
func (s *selection) compile(c *condition) (func(*record) bool, *failure) {
	if c == nil {
		return func(*record) bool { return true }, nil
	}
	if c.join == "" {
		return s.comparison(c)
	}
	tests := make([]func(*record) bool, len(c.parts))
	for i, part := range c.parts {
		test, bad := s.compile(part)
		if bad != nil {
			return nil, bad
		}
		tests[i] = test
	}
	switch c.join {
	case "NOT":
		return func(r *record) bool { return !tests[0](r) }, nil
	case "OR":
		return func(r *record) bool {
			return slices.ContainsFunc(tests, func(test func(*record) bool) bool { return test(r) })
		}, nil
	}
	return func(r *record) bool {
		return !slices.ContainsFunc(tests, func(test func(*record) bool) bool { return !test(r) })
	}, nil
}

func (s *selection) comparison(c *condition) (func(*record) bool, *failure) {
	col, bad := s.column(c.field)
	if bad != nil {
		return nil, bad
	}
	f := col.kind()
	if f.kind == typeTextArea && f.length > 255 || f.kind == typeAddress {
		return nil, queryFailure(s.text, c.field.pos, codeInvalidField, "field '"+f.name+"' can not be filtered in a query call")
	}
	wanted := make([]string, len(c.values))
	for i, v := range c.values {
		text, bad := s.operand(f, c, v)
		if bad != nil {
			return nil, bad
		}
		wanted[i] = text
	}
	value := func(r *record) string { return f.comparable(col.text(r, s.table)) }
	switch c.op {
	case "IN", "NOT IN":
		set := make(map[string]struct{}, len(wanted))
		for _, w := range wanted {
			set[w] = struct{}{}
		}
		return func(r *record) bool {
			_, in := set[value(r)]
			return in == (c.op == "IN")
		}, nil
	case "LIKE":
		return func(r *record) bool { return like(wanted[0], value(r)) }, nil
	case "=":
		return func(r *record) bool { return value(r) == wanted[0] }, nil
	case "!=":
		return func(r *record) bool { return value(r) != wanted[0] }, nil
	}
	return func(r *record) bool {
		v := value(r)
		return v != "" && wanted[0] != "" && ordered(c.op, f.compare(v, wanted[0]))
	}, nil
}

func ordered(op string, sign int) bool {
	switch op {
	case "<":
		return sign < 0
	case "<=":
		return sign <= 0
	case ">":
		return sign > 0
	default:
		return sign >= 0
	}
}

// operand brings a literal into the form that values of the field are compared
// in, or refuses one of the wrong type.
func (s *selection) operand(f *field, c *condition, l literal) (string, *failure) {
	wrong := func(kind, quotes string) *failure {
		return queryFailure(s.text, c.field.pos, codeInvalidField,
			"value of filter criterion for field '"+f.name+"' must be of type "+kind+" and should "+quotes+"be enclosed in quotes")
	}
	if l.kind == literalWord && l.text == "null" {
		return "", nil
	}
	switch f.kind {
	case typeBoolean:
		if l.kind != literalWord {
			return "", wrong("boolean", "not ")
		}
		return l.text, nil
	case typeInt, typeDouble, typeCurrency, typePercent:
		if l.kind != literalNumber {
			return "", wrong("double", "not ")
		}
		return f.comparable(l.text), nil
	case typeDate, typeDateTime:
		at, ok := parseMoment(l.text)
		if l.kind != literalMoment || !ok {
			return "", wrong(strings.ToLower(string(f.kind[:4]))+strings.Title(string(f.kind[4:])), "not ") //nolint:staticcheck // "time" alone is capitalised here
		}
		if f.kind == typeDate {
			return l.text, nil
		}
		return stamp(at.UnixMilli()), nil
	case typeID, typeReference:
		id, ok := longID(l.text)
		if l.kind != literalString || !ok {
			return "", queryFailure(s.text, c.field.pos, codeFilter, "invalid ID field: "+l.text)
		}
		return id, nil
	case typeString, typeTextArea, typePhone, typeEmail, typeURL, typePicklist, typeMulti, typeAddress:
	}
	if l.kind != literalString {
		return "", wrong("string", "")
	}
	return f.comparable(l.text), nil
}

// comparable brings a value into the form in which equal values are equal.
func (f *field) comparable(text string) string {
	switch f.kind {
	case typeInt, typeDouble, typeCurrency, typePercent:
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return strconv.FormatFloat(n, 'g', -1, 64)
		}
		return ""
	case typeID, typeReference, typeBoolean, typeDate, typeDateTime, typeAddress:
		return text
	case typeString, typeTextArea, typePhone, typeEmail, typeURL, typePicklist, typeMulti:
	}
	return f.key(text)
}

// compare orders two values, neither of them null, in the form of comparable.
func (f *field) compare(a, b string) int {
	switch f.kind {
	case typeInt, typeDouble, typeCurrency, typePercent:
		x, errX := strconv.ParseFloat(a, 64)
		y, errY := strconv.ParseFloat(b, 64)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
	case typeID, typeReference, typeBoolean, typeDate, typeDateTime, typeAddress,
		typeString, typeTextArea, typePhone, typeEmail, typeURL, typePicklist, typeMulti:
	}
	return cmp.Compare(a, b)
}

// like matches % (any run) and _ (any one character). A backslash makes either
// stand for itself.
func like(pattern, text string) bool {
	for pattern != "" {
		switch c := pattern[0]; {
		case c == '%':
			for i := 0; i <= len(text); i++ {
				if like(pattern[1:], text[i:]) {
					return true
				}
			}
			return false
		case text == "":
			return false
		case c == '\\' && len(pattern) > 1:
			pattern = pattern[1:]
			if pattern[0] != text[0] {
				return false
			}
		case c != '_' && c != text[0]:
			return false
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}
