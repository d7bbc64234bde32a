package salesforce

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// verdict is what an error code means.
type verdict struct {
	kind   crm.Kind
	reason crm.Reason
}

// verdicts are the codes that this adapter has met or expects
// (crm/salesforce.md §8; the full list is partner-wsdl-derived.json). A record
// refused with a code that is not here is invalid.
var verdicts = map[string]verdict{
	"REQUIRED_FIELD_MISSING":                  {crm.KindInvalid, crm.ReasonRequiredMissing},
	"STRING_TOO_LONG":                         {crm.KindInvalid, crm.ReasonValueTooLong},
	"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": {crm.KindInvalid, crm.ReasonOptionUnknown},
	"FIELD_CUSTOM_VALIDATION_EXCEPTION":       {crm.KindInvalid, crm.ReasonValidationRule},
	"FIELD_FILTER_VALIDATION_EXCEPTION":       {crm.KindInvalid, crm.ReasonValidationRule},

	"INVALID_EMAIL_ADDRESS":                  {crm.KindInvalid, crm.ReasonValueInvalid},
	"MALFORMED_ID":                           {crm.KindInvalid, crm.ReasonValueInvalid},
	"INVALID_ID_FIELD":                       {crm.KindInvalid, crm.ReasonValueInvalid},
	"INVALID_CROSS_REFERENCE_KEY":            {crm.KindInvalid, crm.ReasonValueInvalid},
	"INVALID_CROSS_REFERENCE_TYPE_FOR_FIELD": {crm.KindInvalid, crm.ReasonValueInvalid},
	"INVALID_TYPE_ON_FIELD_IN_RECORD":        {crm.KindInvalid, crm.ReasonValueInvalid},
	"FIELD_INTEGRITY_EXCEPTION":              {crm.KindInvalid, crm.ReasonValueInvalid},
	"NUMBER_OUTSIDE_VALID_RANGE":             {crm.KindInvalid, crm.ReasonValueInvalid},
	"TEXT_DATA_OUTSIDE_SUPPORTED_CHARSET":    {crm.KindInvalid, crm.ReasonValueInvalid},
	"INVALID_CURRENCY_ISO":                   {crm.KindInvalid, crm.ReasonValueInvalid},
	"INACTIVE_OWNER_OR_USER":                 {crm.KindInvalid, crm.ReasonValueInvalid},
	"JSON_PARSER_ERROR":                      {crm.KindInvalid, crm.ReasonValueInvalid},

	"DUPLICATE_VALUE":       {crm.KindInvalid, crm.ReasonDuplicate},
	"DUPLICATES_DETECTED":   {crm.KindInvalid, crm.ReasonDuplicate},
	"DUPLICATE_EXTERNAL_ID": {crm.KindInvalid, crm.ReasonAmbiguous},

	"INVALID_FIELD":                  {crm.KindNotFound, crm.ReasonFieldUnknown},
	"INVALID_EXTERNAL_ID_FIELD_NAME": {crm.KindNotFound, crm.ReasonExternalID},
	"INVALID_TYPE":                   {crm.KindNotFound, ""},
	"NOT_FOUND":                      {crm.KindNotFound, ""},
	"MISSING_RECORD":                 {crm.KindNotFound, ""},
	"INVALID_QUERY_LOCATOR":          {crm.KindNotFound, ""},
	"ENTITY_IS_DELETED":              {crm.KindNotFound, crm.ReasonDeleted},
	"CANNOT_UPDATE_CONVERTED_LEAD":   {crm.KindInvalid, crm.ReasonConverted},

	"INVALID_FIELD_FOR_INSERT_UPDATE":               {crm.KindForbidden, crm.ReasonFieldReadOnly},
	"FIELD_NOT_UPDATABLE":                           {crm.KindForbidden, crm.ReasonFieldReadOnly},
	"INSUFFICIENT_ACCESS":                           {crm.KindForbidden, crm.ReasonAccess},
	"INSUFFICIENT_ACCESS_OR_READONLY":               {crm.KindForbidden, crm.ReasonAccess},
	"INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": {crm.KindForbidden, crm.ReasonAccess},
	"INVALID_READ_ONLY_USER_DML":                    {crm.KindForbidden, crm.ReasonAccess},
	"TRANSFER_REQUIRES_READ":                        {crm.KindForbidden, crm.ReasonAccess},
	"ENTITY_IS_LOCKED":                              {crm.KindForbidden, crm.ReasonAccess}, // by an approval, until a person decides
	"API_DISABLED_FOR_ORG":                          {crm.KindForbidden, crm.ReasonAccess},
	"API_CURRENTLY_DISABLED":                        {crm.KindForbidden, crm.ReasonAccess},
	"FUNCTIONALITY_NOT_ENABLED":                     {crm.KindForbidden, crm.ReasonAccess},
	"STORAGE_LIMIT_EXCEEDED":                        {crm.KindForbidden, ""},

	"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": {crm.KindInvalid, crm.ReasonAutomation},
	"CANNOT_EXECUTE_FLOW_TRIGGER":          {crm.KindInvalid, crm.ReasonAutomation},
	"CUSTOM_APEX_ERROR":                    {crm.KindInvalid, crm.ReasonAutomation},
	"FLOW_EXCEPTION":                       {crm.KindInvalid, crm.ReasonAutomation},
	"PROCESSING_HALTED":                    {crm.KindInvalid, crm.ReasonAutomation},

	"UNABLE_TO_LOCK_ROW":                     {crm.KindConflict, crm.ReasonLocked},
	"RECORD_IN_USE_BY_WORKFLOW":              {crm.KindConflict, crm.ReasonLocked},
	"COLLISION_DETECTED":                     {crm.KindConflict, ""},
	"ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE": {crm.KindConflict, ""},

	"INVALID_SESSION_ID":  {crm.KindUnauthorized, ""},
	"INVALID_AUTH_HEADER": {crm.KindUnauthorized, ""},
	"Bad_OAuth_Token":     {crm.KindUnauthorized, ""}, // 403, as plain text (§1)
	"Missing_OAuth_Token": {crm.KindUnauthorized, ""},
	"invalid_grant":       {crm.KindUnauthorized, ""},

	"REQUEST_LIMIT_EXCEEDED": {crm.KindRateLimited, ""}, // of the day too; judge tells them apart
	"TOO_MANY_APEX_REQUESTS": {crm.KindRateLimited, ""},

	// A record refused so was rolled back, so it is plain that nothing was
	// applied; a whole answer of 5xx is another matter.
	"UNKNOWN_EXCEPTION":                 {crm.KindUnavailable, ""},
	"INTERNAL_ERROR":                    {crm.KindUnavailable, ""},
	"SERVER_UNAVAILABLE":                {crm.KindUnavailable, ""},
	"QUERY_TIMEOUT":                     {crm.KindUnavailable, ""},
	"REQUEST_RUNNING_TOO_LONG":          {crm.KindUnavailable, ""},
	"ALL_OR_NONE_OPERATION_ROLLED_BACK": {crm.KindUnavailable, ""},

	"INSERT_UPDATE_DELETE_NOT_ALLOWED_DURING_MAINTENANCE": {crm.KindUnavailable, ""},

	"MISSING_ARGUMENT":       {crm.KindInternal, ""},
	"MALFORMED_QUERY":        {crm.KindInternal, ""},
	"METHOD_NOT_ALLOWED":     {crm.KindInternal, ""},
	"UNSUPPORTED_MEDIA_TYPE": {crm.KindInternal, ""},
}

// classify says what an answer without success means for the call as a whole.
// It is the only place that decides so.
func classify(in call, status int, h http.Header, body []byte) *crm.Error {
	e := &crm.Error{Op: in.op, RetryAfter: adapter.RetryAfter(h)}
	faults := parseFaults(body)
	if len(faults) > 0 {
		e.Code = code(faults[0].ErrorCode)
		e.Message = faults[0].Message
		e.Fields = fieldsAtFault(faults)
	}
	if status >= 500 || status < 400 || status == http.StatusRequestTimeout {
		// The vendor broke off, or answered something else than what was asked.
		// Neither proves that a write was not applied.
		e.Kind = crm.KindUnknown
		if in.reads() {
			e.Kind = crm.KindUnavailable
		}
		return e
	}
	if len(faults) > 0 {
		if v, ok := judge(faults[0].ErrorCode, e.Message, e.Fields); ok {
			e.Kind, e.Reason = v.kind, v.reason
			return e
		}
	}
	v := byStatus(status)
	e.Kind, e.Reason = v.kind, v.reason
	return e
}

// classifyRecord says what the errors of one record of a collections call mean.
func classifyRecord(op string, match crm.Match, faults []fault) *crm.Error {
	if len(faults) == 0 {
		return &crm.Error{Kind: crm.KindInvalid, Op: op}
	}
	first := faults[0]
	e := &crm.Error{
		Kind:    crm.KindInvalid,
		Op:      op,
		Code:    code(first.StatusCode),
		Fields:  fieldsAtFault(faults),
		Message: first.Message,
	}
	if v, ok := judge(first.StatusCode, first.Message, e.Fields); ok {
		e.Kind, e.Reason = v.kind, v.reason
	}
	switch {
	case first.StatusCode == "DUPLICATE_VALUE" && match == crm.ByExternalID && slices.Contains(e.Fields, externalIDField):
		// Another call created the record between the vendor's look and its
		// insert. Sent again, this one updates it.
		e.Kind, e.Reason = crm.KindConflict, ""
	case first.StatusCode == "INVALID_CROSS_REFERENCE_KEY" && match == crm.ByID && len(e.Fields) == 0:
		// No field refers to what is missing, so it is the record itself.
		e.Kind, e.Reason = crm.KindNotFound, ""
	}
	return e
}

// judge returns what a code means, which for some depends on what it is about.
func judge(code, message string, fields []string) (verdict, bool) {
	v, ok := verdicts[code]
	switch {
	case code == "REQUEST_LIMIT_EXCEEDED" && strings.Contains(message, "TotalRequests"):
		v.kind = crm.KindQuota // the day's; others are of calls at the same time (§7)
	case v.reason == crm.ReasonAutomation && locked(message):
		v = verdicts["UNABLE_TO_LOCK_ROW"]
	case code == "NOT_FOUND" && strings.Contains(message, "external ID field"),
		v.reason == crm.ReasonFieldUnknown && slices.Contains(fields, externalIDField),
		v.reason == crm.ReasonFieldReadOnly && slices.Contains(fields, externalIDField):
		v = verdict{crm.KindNotFound, crm.ReasonExternalID}
	}
	return v, ok
}

// locked tells whether the message of a trigger or flow passes on that a row
// was locked (§8).
func locked(message string) bool {
	return strings.Contains(message, "UNABLE_TO_LOCK_ROW") || strings.Contains(message, "unable to obtain exclusive access")
}

// byStatus judges an answer of 4xx whose code says nothing.
func byStatus(status int) verdict {
	switch status {
	case http.StatusUnauthorized:
		return verdict{crm.KindUnauthorized, ""}
	case http.StatusForbidden:
		return verdict{crm.KindForbidden, crm.ReasonAccess}
	case http.StatusNotFound, http.StatusGone:
		return verdict{crm.KindNotFound, ""}
	case http.StatusConflict:
		return verdict{crm.KindConflict, ""}
	case http.StatusTooManyRequests:
		return verdict{crm.KindRateLimited, ""}
	default:
		return verdict{crm.KindInvalid, ""}
	}
}

// parseFaults reads an error body: an array of faults from the data API, one
// object from the token endpoints, or a bare word from userinfo (§1, §8).
// Anything else, such as a page of HTML, says nothing.
func parseFaults(body []byte) []fault {
	body = bytes.TrimSpace(body)
	switch {
	case len(body) == 0:
		return nil
	case body[0] == '[':
		var faults []fault
		if json.Unmarshal(body, &faults) == nil {
			return faults
		}
	case body[0] == '{':
		var f oauthFault
		if json.Unmarshal(body, &f) == nil && f.Error != "" {
			return []fault{{ErrorCode: f.Error, Message: f.Description}}
		}
	case code(string(body)) != "":
		return []fault{{ErrorCode: string(body)}}
	}
	return nil
}

// code returns s if it looks like a code, so that nothing else ever stands
// where a code is shown.
func code(s string) string {
	if !named(s) {
		return ""
	}
	return s
}

// fieldsAtFault returns the fields that faults name: in their list, or where
// that is empty, in the text of those codes that are known to.
func fieldsAtFault(faults []fault) []string {
	var names []string
	add := func(name string) {
		if named(name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, f := range faults {
		for _, name := range f.Fields {
			add(name)
		}
		if len(f.Fields) > 0 {
			continue
		}
		switch f.StatusCode + f.ErrorCode {
		case "INVALID_FIELD": // No such column 'X' on sobject of type Y
			_, rest, _ := strings.Cut(f.Message, "No such column '")
			name, _, _ := strings.Cut(rest, "'")
			add(name)
		case "DUPLICATE_VALUE": // duplicate value found: X duplicates value on record with id: Y
			_, rest, _ := strings.Cut(f.Message, "duplicate value found: ")
			name, _, _ := strings.Cut(rest, " ")
			add(name)
		}
	}
	return names
}
