package salesforce

import (
	"encoding/json"
	"net/http"

	"lockstep/internal/crmsim"
)

// code is an error's code: statusCode per record, errorCode on top. All are
// members of partner-wsdl-derived.json, enums.StatusCode or ExceptionCode.
type code string

// The codes in use.
const (
	codeAllOrNone      code = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
	codeConverted      code = "CANNOT_UPDATE_CONVERTED_LEAD"
	codeDeleted        code = "ENTITY_IS_DELETED"
	codeDeveloperName  code = "DUPLICATE_DEVELOPER_NAME"
	codeDuplicate      code = "DUPLICATE_VALUE"
	codeDuplicateID    code = "DUPLICATE_EXTERNAL_ID"
	codeDuplicates     code = "DUPLICATES_DETECTED"
	codeEmail          code = "INVALID_EMAIL_ADDRESS"
	codeFieldIntegrity code = "FIELD_INTEGRITY_EXCEPTION"
	codeFilter         code = "INVALID_QUERY_FILTER_OPERATOR"
	codeForOperation   code = "INVALID_TYPE_FOR_OPERATION"
	codeIDLimit        code = "EXCEEDED_ID_LIMIT"
	codeInactive       code = "INACTIVE_OWNER_OR_USER"
	codeInput          code = "INVALID_INPUT"
	codeInvalidCross   code = "INVALID_CROSS_REFERENCE_KEY"
	codeInvalidField   code = "INVALID_FIELD"
	codeInvalidLocator code = "INVALID_QUERY_LOCATOR"
	codeInvalidType    code = "INVALID_TYPE"
	codeJSON           code = "JSON_PARSER_ERROR"
	codeLimitExceeded  code = "LIMIT_EXCEEDED"
	codeLimit          code = "REQUEST_LIMIT_EXCEEDED"
	codeLocked         code = "UNABLE_TO_LOCK_ROW"
	codeMalformedID    code = "MALFORMED_ID"
	codeMalformedQuery code = "MALFORMED_QUERY"
	codeMethod         code = "METHOD_NOT_ALLOWED"
	codeMissing        code = "MISSING_ARGUMENT"
	codeNotFound       code = "NOT_FOUND"
	codePicklist       code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
	codeReadOnly       code = "INVALID_FIELD_FOR_INSERT_UPDATE"
	codeRequired       code = "REQUIRED_FIELD_MISSING"
	codeSession        code = "INVALID_SESSION_ID"
	codeTooLong        code = "STRING_TOO_LONG"
	codeTypeOnField    code = "INVALID_TYPE_ON_FIELD_IN_RECORD"
	codeUnknown        code = "UNKNOWN_EXCEPTION"
	codeUnavailable    code = "SERVER_UNAVAILABLE"
	codeValidation     code = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
)

// failure is one error as the API reports it.
type failure struct {
	code    code
	message string
	fields  []string
	status  int // when it answers a whole call; 400 if zero
	// duplicate is the duplicateResult of DUPLICATES_DETECTED.
	duplicate json.RawMessage
}

// failed is an error about a record. It names fields, if only to say none.
func failed(c code, message string, fields ...string) *failure {
	return &failure{code: c, message: message, fields: append([]string{}, fields...)}
}

// failedWith is an error about a call; it has no fields at all.
func failedWith(status int, c code, message string) *failure {
	return &failure{code: c, message: message, status: status}
}

func noColumn(name, object string) *failure {
	// Recorded without fields on top (amp-labs-fixtures/unknown-field.json).
	return failedWith(http.StatusBadRequest, codeInvalidField, "No such column '"+name+"' on sobject of type "+object)
}

// notFound is what answers for a resource that is not there
// (wire-recordings-grouparoo.json).
func notFound() *failure {
	return failedWith(http.StatusNotFound, codeNotFound, "The requested resource does not exist")
}

func noKeyField(name string) *failure {
	return failedWith(http.StatusNotFound, codeNotFound, "Provided external ID field does not exist or is not accessible: "+name)
}

// answer is the failure as the answer to a whole call: an array, with
// errorCode (crm/salesforce.md §8).
func (f *failure) answer() crmsim.Answer {
	status := f.status
	if status == 0 {
		status = http.StatusBadRequest
	}
	return crmsim.Answer{Status: status, Header: jsonHeader(), Body: append(append([]byte("["), f.append(nil, "errorCode", false)...), ']')}
}

// append appends the failure as a JSON object. The name of the code's key
// depends on where it stands, and so does whether fields are always there.
func (f *failure) append(out []byte, codeKey string, always bool) []byte {
	out = append(out, '{')
	if f.duplicate != nil {
		out = append(crmsim.AppendMember(out, "duplicateResult"), f.duplicate...)
	}
	out = crmsim.AppendString(crmsim.AppendMember(out, codeKey), string(f.code))
	out = crmsim.AppendString(crmsim.AppendMember(out, "message"), f.message)
	if always || f.fields != nil {
		out = append(crmsim.AppendMember(out, "fields"), '[')
		for i, name := range f.fields {
			if i > 0 {
				out = append(out, ',')
			}
			out = crmsim.AppendString(out, name)
		}
		out = append(out, ']')
	}
	return append(out, '}')
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json;charset=UTF-8"}}
}

func jsonAnswer(status int, body []byte) crmsim.Answer {
	return crmsim.Answer{Status: status, Header: jsonHeader(), Body: body}
}

func encoded(status int, v any) crmsim.Answer {
	body, err := json.Marshal(v)
	if err != nil {
		return failedWith(http.StatusInternalServerError, codeUnknown, "encoding the answer").answer()
	}
	return jsonAnswer(status, body)
}
