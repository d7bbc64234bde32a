package hubspot

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// operator is how a filter compares (openapi-derived/contacts.json, Filter).
type operator string

const (
	opEqual      operator = "EQ"
	opNotEqual   operator = "NEQ"
	opLess       operator = "LT"
	opAtMost     operator = "LTE"
	opMore       operator = "GT"
	opAtLeast    operator = "GTE"
	opBetween    operator = "BETWEEN"
	opIn         operator = "IN"
	opNotIn      operator = "NOT_IN"
	opHas        operator = "HAS_PROPERTY"
	opHasNot     operator = "NOT_HAS_PROPERTY"
	opMentions   operator = "CONTAINS_TOKEN"
	opMentionsNo operator = "NOT_CONTAINS_TOKEN"
)

// filter is one comparison as it is asked for.
type filter struct {
	PropertyName string   `json:"propertyName"`
	Operator     operator `json:"operator"`
	Value        loose    `json:"value"`
	HighValue    loose    `json:"highValue"`
	Values       []string `json:"values"`
}

// test is one comparison, checked.
type test struct {
	property int
	kind     valueType
	op       operator
	value    string
	high     string
	values   []string
}

// test checks a filter; the messages of its refusals are unverified.
func (f *filter) test(o *object) (test, *failure) {
	i := o.find(f.PropertyName)
	if i < 0 {
		return test{}, unknownInSearch(f.PropertyName)
	}
	p := o.properties[i]
	t := test{property: i, kind: p.kind, op: f.Operator}
	switch f.Operator {
	case opEqual, opNotEqual, opLess, opAtMost, opMore, opAtLeast, opMentions, opMentionsNo:
		if f.Value == "" {
			return test{}, refused("The operator " + string(f.Operator) + " requires a value.")
		}
	case opBetween:
		if f.Value == "" || f.HighValue == "" {
			return test{}, refused("The operator BETWEEN requires a value and a highValue.")
		}
	case opIn, opNotIn:
		if len(f.Values) == 0 {
			return test{}, refused("The operator " + string(f.Operator) + " requires values.")
		}
	case opHas, opHasNot:
	default:
		return test{}, refused("Invalid operator " + string(f.Operator) + ".")
	}
	t.value, t.high = p.comparable(string(f.Value)), p.comparable(string(f.HighValue))
	for _, value := range f.Values {
		t.values = append(t.values, p.comparable(value))
	}
	return t, nil
}

// comparable returns a value as records hold it.
func (p *property) comparable(text string) string {
	if p.kind == typeDate || p.kind == typeDateTime {
		if at, ok := parseMoment(text); ok {
			return strconv.FormatInt(at.UnixMilli(), 10)
		}
	}
	return text
}

// holds reports whether a record's value passes. One without a value passes
// only where the absence is asked for, or the opposite of something it is not.
func (t test) holds(text string) bool {
	switch t.op {
	case opHas:
		return text != ""
	case opHasNot:
		return text == ""
	case opNotEqual:
		return text == "" || t.compare(text, t.value) != 0
	case opNotIn:
		return text == "" || !t.in(text)
	case opMentionsNo:
		return !t.mentions(text)
	case opEqual:
		return text != "" && t.compare(text, t.value) == 0
	case opLess:
		return text != "" && t.compare(text, t.value) < 0
	case opAtMost:
		return text != "" && t.compare(text, t.value) <= 0
	case opMore:
		return text != "" && t.compare(text, t.value) > 0
	case opAtLeast:
		return text != "" && t.compare(text, t.value) >= 0
	case opBetween:
		return text != "" && t.compare(text, t.value) >= 0 && t.compare(text, t.high) <= 0
	case opIn:
		return text != "" && t.in(text)
	case opMentions:
		return text != "" && t.mentions(text)
	}
	return false
}

func (t test) compare(text, value string) int { return compareAs(t.kind, text, value) }

func (t test) in(text string) bool {
	return slices.ContainsFunc(t.values, func(value string) bool { return t.compare(text, value) == 0 })
}

// mentions looks for the value as a word, in which * stands for anything.
func (t test) mentions(text string) bool {
	value := strings.ToLower(t.value)
	return slices.ContainsFunc(words(text), func(word string) bool {
		switch before, after := strings.HasPrefix(value, "*"), strings.HasSuffix(value, "*"); {
		case before && after:
			return strings.Contains(word, strings.Trim(value, "*"))
		case before:
			return strings.HasSuffix(word, value[1:])
		case after:
			return strings.HasPrefix(word, value[:len(value)-1])
		}
		return word == value
	})
}

// words splits a text as the index does, more or less, and adds it as a whole.
func words(text string) []string {
	text = strings.ToLower(text)
	return append(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\n@,;/", r) }), text)
}

// compareAs compares two values of a type: numbers and moments by size, the
// rest without regard to case.
func compareAs(kind valueType, a, b string) int {
	switch kind {
	case typeNumber:
		x, bad := strconv.ParseFloat(a, 64)
		y, worse := strconv.ParseFloat(b, 64)
		if bad == nil && worse == nil {
			return cmp.Compare(x, y)
		}
	case typeDate, typeDateTime:
		x, ok := parseMoment(a)
		y, good := parseMoment(b)
		if ok && good {
			return x.Compare(y)
		}
	case typeString, typeEnum, typeBool, typePhone, typeCoordinates:
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}
