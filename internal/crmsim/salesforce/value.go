package salesforce

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lockstep/internal/crmsim"
)

// parse reads a JSON value into the field's text. The value may be wrong for
// the field (failure), or of a kind the field cannot be read from at all
// (ok false), for which the real API refuses the whole call.
func (f *field) parse(raw string) (text string, bad *failure, ok bool) {
	if raw == "" || raw[0] == '{' || raw[0] == '[' {
		return "", nil, false
	}
	if raw[0] == 'n' {
		if f.kind == typeBoolean {
			return "", failed(codeTypeOnField, f.label+": value not of required type: ", f.name), true
		}
		return "", nil, true
	}
	if raw[0] == '"' {
		s := crmsim.NewScanner(raw)
		text = s.Quoted()
	} else {
		text = raw
	}
	return f.check(text, raw[0] == '"')
}

// check is parse for a value that is there.
func (f *field) check(text string, quoted bool) (string, *failure, bool) {
	switch f.kind {
	case typeBoolean:
		return text, nil, text == "true" || text == "false"
	case typeInt, typeDouble, typeCurrency, typePercent:
		return f.checkNumber(text)
	case typeDate:
		_, err := time.Parse(time.DateOnly, firstN(text, len(time.DateOnly)))
		return firstN(text, len(time.DateOnly)), nil, quoted && (err == nil || text == "")
	case typeDateTime:
		return checkMoment(text, quoted)
	case typeID, typeString, typeTextArea, typePhone, typeEmail, typeURL, typePicklist, typeMulti, typeReference, typeAddress:
	}
	if !quoted {
		// true and numbers are not read into a string.
		return "", nil, false
	}
	return text, f.checkText(text), true
}

func (f *field) checkNumber(text string) (string, *failure, bool) {
	if text == "" {
		return "", nil, true
	}
	// Numbers may be quoted: CumulusCI sends NumberOfEmployees so
	// (TestUpdatesIntegrationTests.test_updates_task.yaml).
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !json.Valid([]byte(text)) {
		return "", nil, false
	}
	if f.kind == typeInt && n != float64(int64(n)) {
		return "", nil, false
	}
	return text, nil, true
}

func checkMoment(text string, quoted bool) (string, *failure, bool) {
	if text == "" {
		return "", nil, quoted
	}
	at, ok := parseMoment(text)
	if !ok || !quoted {
		return "", nil, false
	}
	return stamp(at.UnixMilli()), nil, true
}

// parseMoment reads a date and time in one of the forms that the API takes.
func parseMoment(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999-0700", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func (f *field) checkText(text string) *failure {
	switch {
	case text == "":
		return nil
	case f.length > 0 && len(text) > f.length && utf8.RuneCountInString(text) > f.length:
		return failed(codeTooLong, f.label+": data value too large: "+text+" (max length="+strconv.Itoa(f.length)+")", f.name)
	case f.kind == typeEmail && !validEmail(text):
		// "email_field: invalid email address: badone" for email_field__c,
		// so it is the label (wire-recordings-grouparoo.json).
		return failed(codeEmail, f.label+": invalid email address: "+text, f.name)
	case f.kind == typePicklist && f.restricted && !f.allows(text):
		return failed(codePicklist, f.label+": bad value for restricted picklist field: "+text, f.name)
	case f.kind == typeReference:
		if _, ok := longID(text); !ok {
			return failed(codeMalformedID, f.label+": id value of incorrect type: "+text, f.name)
		}
	}
	return nil
}

// allows reports whether a picklist has the value, case ignored.
func (f *field) allows(value string) bool {
	for _, o := range f.picklist {
		if strings.EqualFold(o.value, value) {
			return true
		}
	}
	return false
}

// validEmail reports whether the API would take text as an address: ASCII, one
// @, no blanks, a dotted domain.
func validEmail(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	if !ok || local == "" || len(local) > 64 {
		return false
	}
	for i := range len(local) {
		if c := local[i]; !alphanumeric(c) && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~.-", rune(c)) {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !alphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return len(labels) > 1 && len(labels[len(labels)-1]) > 1
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// appendJSON appends a field's text as the API spells it; no text is null.
func (f *field) appendJSON(out []byte, text string) []byte {
	switch {
	case text == "":
		return append(out, "null"...)
	case f.kind == typeBoolean, f.kind == typeAddress, f.kind == typeInt:
		return append(out, text...)
	case f.kind == typeDouble, f.kind == typeCurrency, f.kind == typePercent:
		out = append(out, text...)
		if !strings.ContainsAny(text, ".eE") {
			out = append(out, ".0"...)
		}
		return out
	}
	return crmsim.AppendString(out, text)
}

func firstN(s string, n int) string {
	return s[:min(n, len(s))]
}
