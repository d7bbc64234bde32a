package hubspot

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// verdict is what an error code means.
type verdict struct {
	kind   crm.Kind
	reason crm.Reason
}

// verdicts are the codes and categories that this adapter has met or expects
// (crm/hubspot.md §1, §8). Most of the vendor's codes are of a value that is not
// valid, and are not here: their category says so.
var verdicts = map[string]verdict{
	"PROPERTY_DOESNT_EXIST": {crm.KindNotFound, crm.ReasonFieldUnknown},
	"READ_ONLY_VALUE":       {crm.KindForbidden, crm.ReasonFieldReadOnly},
	"INVALID_OPTION":        {crm.KindInvalid, crm.ReasonOptionUnknown},

	conflictingValue:                        {crm.KindInvalid, crm.ReasonDuplicate},
	"MISSING_CONDITIONAL_REQUIRED_PROPERTY": {crm.KindInvalid, crm.ReasonRequiredMissing},

	"VALIDATION_ERROR":      {crm.KindInvalid, crm.ReasonValueInvalid},
	"CONFLICT":              {crm.KindInvalid, crm.ReasonDuplicate},
	"OBJECT_ALREADY_EXISTS": {crm.KindInvalid, crm.ReasonDuplicate},
	notFound:                {crm.KindNotFound, ""},
	"MISSING_SCOPES":        {crm.KindForbidden, crm.ReasonAccess},

	"EXPIRED_AUTHENTICATION": {crm.KindUnauthorized, ""},
	"INVALID_AUTHENTICATION": {crm.KindUnauthorized, ""},
	"invalid_grant":          {crm.KindUnauthorized, ""},
}

// notFound is the category of an id or a value that nothing has.
const notFound = "OBJECT_NOT_FOUND"

// statusMigrating is a status of the vendor's own: the account is on its way to
// another data centre (§8).
const statusMigrating = 477

// conflictingValue is the code of a unique value that another record has. Not
// every answer carries it: some say it in words alone.
const conflictingValue = "CONFLICTING_UNIQUE_VALUE"

// takenProperty returns the property of a unique value that another record has,
// if that is what message says: "Cannot set PropertyValueCoordinates{…,
// propertyName=x, value=y} on 1. 2 already has that value.", as met in public
// logs of 2026; UNV against an account.
func takenProperty(message string) (string, bool) {
	if !strings.HasPrefix(message, "Cannot set PropertyValueCoordinates{") || !strings.HasSuffix(message, "already has that value.") {
		return "", false
	}
	_, rest, _ := strings.Cut(message, "propertyName=")
	name, _, found := strings.Cut(rest, ",")
	return name, found
}

// lockTime is how long a lock lasts (§8); the answer does not say.
const lockTime = 2 * time.Second

// classify says what an answer without success means for the call as a whole.
// It is the only place that decides so.
func classify(in call, status int, h http.Header, body []byte) *crm.Error {
	var f fault
	if json.Unmarshal(body, &f) != nil {
		f = fault{} // a page of HTML says nothing
	}
	e := f.explain(in.op)
	e.RetryAfter = adapter.RetryAfter(h)
	if v, ok := byStatus(status); ok && e.Reason != crm.ReasonExternalID {
		e.Kind, e.Reason = v.kind, v.reason
	}
	switch {
	case status >= 500 || status < 400 || status == http.StatusRequestTimeout:
		// The vendor broke off, or answered something else than what was asked.
		// Neither proves that a write was not applied.
		e.Kind, e.Reason = crm.KindUnknown, ""
		if in.reads() {
			e.Kind = crm.KindUnavailable
		}
	case status == http.StatusLocked:
		e.RetryAfter = max(e.RetryAfter, lockTime)
	case status == http.StatusTooManyRequests && f.daily():
		e.Kind = crm.KindQuota
	case e.Kind == "":
		e.Kind, e.Reason = crm.KindInvalid, "" // 4xx, and no code that is known
	}
	return e
}

// classifyRecord says what the error of one record of a batch means.
func classifyRecord(op string, match crm.Match, f fault) *crm.Error {
	e := f.explain(op)
	switch {
	case e.Kind == "":
		e.Kind = crm.KindInvalid
	case e.Code == conflictingValue && match == crm.ByExternalID && slices.Contains(e.Fields, externalIDField):
		// Another call created the record between the vendor's look and its
		// insert. Sent again, this one updates it.
		e.Kind, e.Reason = crm.KindConflict, ""
	}
	return e
}

// explain returns what the words of an error say. An inner error says more than
// the category of the outer one.
func (f fault) explain(op string) *crm.Error {
	e := &crm.Error{Op: op, Message: f.Message, Code: firstCode(f.PolicyName, f.Error, f.Category)}
	e.Kind, e.Reason = verdicts[f.Category].kind, verdicts[f.Category].reason
	if v, ok := verdicts[f.Error]; ok {
		e.Kind, e.Reason = v.kind, v.reason
	}
	if property, ok := takenProperty(f.Message); ok && f.Category == "VALIDATION_ERROR" {
		e.Code, e.Fields = conflictingValue, []string{property}
		e.Kind, e.Reason = verdicts[conflictingValue].kind, verdicts[conflictingValue].reason
	}
	inner := f.inner()
	if len(inner) > 0 && code(inner[0].Code) != "" {
		e.Code = inner[0].Code
		if v, ok := verdicts[e.Code]; ok {
			e.Kind, e.Reason = v.kind, v.reason
		}
	}
	e.Fields = fieldsAtFault(f, inner)
	switch {
	case strings.Contains(f.Message, "required properties were not set"):
		// "Some required properties were not set" is a VALIDATION_ERROR without
		// an inner one.
		e.Kind, e.Reason = crm.KindInvalid, crm.ReasonRequiredMissing
	case e.Reason == crm.ReasonFieldUnknown && slices.Contains(e.Fields, externalIDField),
		e.Reason == crm.ReasonFieldReadOnly && slices.Contains(e.Fields, externalIDField),
		// "Unable to perform update/upsert by non-unique 0-1 property p in portal
		// ID n", which is also said of one that is not there.
		strings.Contains(f.Message, "non-unique") && strings.Contains(f.Message, externalIDField):
		e.Kind, e.Reason, e.Fields = crm.KindNotFound, crm.ReasonExternalID, []string{externalIDField}
	case strings.HasPrefix(f.Message, "Unable to infer object type from"): // search/error-invalid-object.json
		e.Kind, e.Reason = crm.KindNotFound, ""
	}
	return e
}

// byStatus judges an answer by a status that says more than its body.
func byStatus(status int) (verdict, bool) {
	switch status {
	case http.StatusUnauthorized:
		return verdict{crm.KindUnauthorized, ""}, true
	case http.StatusForbidden:
		return verdict{crm.KindForbidden, crm.ReasonAccess}, true
	case http.StatusNotFound, http.StatusGone:
		return verdict{crm.KindNotFound, ""}, true
	case http.StatusConflict:
		return verdict{crm.KindInvalid, crm.ReasonDuplicate}, true
	case http.StatusLocked:
		return verdict{crm.KindConflict, crm.ReasonLocked}, true
	case http.StatusTooManyRequests, statusMigrating:
		return verdict{crm.KindRateLimited, ""}, true
	default:
		return verdict{}, false
	}
}

// daily tells whether what was reached is the limit of the day (§7).
func (f fault) daily() bool {
	return f.PolicyName == "DAILY" || f.PolicyName == "" && strings.Contains(f.Message, "daily limit")
}

// inner returns the errors inside of one: in their list, or where there is
// none, as the message repeats them.
func (f fault) inner() []fault {
	if len(f.Errors) > 0 {
		return f.Errors
	}
	// Property values were not valid: [{"isValid":false,"error":"C","name":"p",…}]
	_, list, ok := strings.Cut(f.Message, "Property values were not valid: ")
	if !ok {
		return nil
	}
	var invalid []struct {
		Error string `json:"error"`
		Name  string `json:"name"`
	}
	if json.Unmarshal([]byte(list), &invalid) != nil {
		return nil
	}
	inner := make([]fault, len(invalid))
	for i, v := range invalid {
		inner[i] = fault{Code: v.Error, Context: details{"propertyName": {v.Name}}}
	}
	return inner
}

// about returns what the error says that it is about, under these names.
func (f fault) about(keys ...string) []string {
	var all []string
	for _, key := range keys {
		all = append(all, f.Context[key]...)
	}
	return all
}

// fieldsAtFault returns the fields that an error names, itself and by those of
// its inner errors that are of the same code as the first.
func fieldsAtFault(f fault, inner []fault) []string {
	var names []string
	add := func(f fault) {
		for _, name := range f.about("propertyName", "properties") {
			if named(name) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	add(f)
	for _, i := range inner {
		if i.Code == inner[0].Code {
			add(i)
		}
	}
	return names
}

// firstCode returns the first of texts that looks like a code.
func firstCode(texts ...string) string {
	for _, text := range texts {
		if c := code(text); c != "" {
			return c
		}
	}
	return ""
}

// code returns s if it looks like a code, so that nothing else ever stands
// where a code is shown.
func code(s string) string {
	const most = 60
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	if _, known := verdicts[s]; known {
		return s
	}
	if s == "" || len(s) > most || !strings.Contains(letters, s[:1]) || strings.Trim(s, letters+"0123456789_") != "" {
		return ""
	}
	return s
}

// named tells whether s can be the name of a type or property, and so stand in a
// path or be shown as it is.
func named(s string) bool {
	const most = 100
	if s == "" || len(s) > most {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}
