package hubspot

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"

	"lockstep/internal/crmsim"
)

// category is an error's kind as the API names it (crm/hubspot.md §8).
type category string

const (
	catConflict   category = "CONFLICT"
	catExists     category = "OBJECT_ALREADY_EXISTS"
	catExpired    category = "EXPIRED_AUTHENTICATION"
	catInvalid    category = "VALIDATION_ERROR"
	catLimits     category = "RATE_LIMITS"
	catNoToken    category = "INVALID_AUTHENTICATION"
	catNotFound   category = "OBJECT_NOT_FOUND"
	catScopes     category = "MISSING_SCOPES"
	catUnexpected category = ""
)

const subPropertyExists = "Properties.PROPERTY_WITH_NAME_EXISTS"

// code is what is wrong with one property's value. Those of a number, a flag
// and an owner are unverified, the others recorded or seen in public logs.
type code string

const (
	codeDate     code = "INVALID_DATE"
	codeEmail    code = "INVALID_EMAIL"
	codeInteger  code = "INVALID_INTEGER"
	codeLong     code = "INVALID_LONG"
	codeOption   code = "INVALID_OPTION"
	codeOwner    code = "INVALID_OWNER_ID"
	codeReadOnly code = "READ_ONLY_VALUE"
	codeScripted code = "INVALID_VALUE" // unverified
	codeUnknown  code = "PROPERTY_DOESNT_EXIST"
)

// invalid is one property's value that cannot be taken.
type invalid struct {
	name    string
	code    code
	message string
}

func unknownProperty(name string) invalid {
	return invalid{name: name, code: codeUnknown, message: `Property "` + name + `" does not exist`}
}

// failure is one error as the API reports it.
type failure struct {
	status      int
	category    category
	subCategory string
	message     string
	context     map[string][]string
	details     []invalid
	// Of limits: "All fields of an error body are optional."
	errorType, policy string
}

func failed(status int, cat category, message string) *failure {
	return &failure{status: status, category: cat, message: message}
}

func refused(message string) *failure { return failed(http.StatusBadRequest, catInvalid, message) }

// about adds the context of a failure.
func (f *failure) about(key string, values ...string) *failure {
	if f.context == nil {
		f.context = make(map[string][]string)
	}
	f.context[key] = values
	return f
}

// notValid refuses property values: the message spells them out as JSON
// (batch/create/contacts/err-many-invalid-properties.json).
func notValid(details []invalid) *failure {
	list := []byte{'['}
	for i, d := range details {
		if i > 0 {
			list = append(list, ',')
		}
		list = append(list, `{"isValid":false`...)
		list = crmsim.AppendString(crmsim.AppendMember(list, "message"), d.message)
		list = crmsim.AppendString(crmsim.AppendMember(list, "error"), string(d.code))
		list = crmsim.AppendString(crmsim.AppendMember(list, "name"), d.name)
		list = append(list, '}')
	}
	f := refused("Property values were not valid: " + string(append(list, ']')))
	f.details = details
	return f
}

// contactExists is recorded with the id for a single record and for one of
// many, without it for a batch that fails whole
// (batch/create/contacts/err-conflict.json, err-partial-success.json).
func contactExists(holder *record) *failure {
	id := strconv.FormatInt(holder.id, 10)
	return failed(http.StatusConflict, catConflict, "Contact already exists. Existing ID: "+id).about("existingId", id)
}

// valueTaken refuses a unique value that another record holds, in the words of
// public logs of 2026.
func valueTaken(t *table, p *property, text string, r, holder *record) *failure {
	own := t.base + int64(t.cleared+len(t.records)+1)
	if r != nil {
		own = r.id
	}
	o := t.schema.Load()
	return refused("Cannot set PropertyValueCoordinates{portalId=" + t.portal.account() + ", objectTypeId=ObjectTypeId{legacyObjectType=" +
		o.singular + "}, propertyName=" + p.name + ", value=" + text + "} on " + strconv.FormatInt(own, 10) + ". " +
		strconv.FormatInt(holder.id, 10) + " already has that value.")
}

// couldNotGet names the records that are not there
// (batch/update/contacts/err-partial-success.json).
func (o *object) couldNotGet(ids []string) *failure {
	return failed(http.StatusNotFound, catNotFound,
		"Could not get some "+o.singular+" objects, they may be deleted or not exist. Check that ids are valid.").about("ids", ids...)
}

// noRecord answers for a record that is not there, in the two forms of public
// logs: with an id that might have been one, and without.
func noRecord(id string) *failure {
	if _, err := strconv.ParseInt(id, 10, 64); err != nil {
		return failed(http.StatusNotFound, catNotFound, "Object not found.  objectId are usually numeric.").about("id", id)
	}
	return failed(http.StatusNotFound, catUnexpected, "resource not found")
}

// noObject is search/error-invalid-object.json.
func noObject(name string) *failure {
	return failed(http.StatusBadRequest, catUnexpected, "Unable to infer object type from: "+name)
}

// badJSON is in the words of public logs; where the mistake is, is not told.
func badJSON() *failure {
	return failed(http.StatusBadRequest, catUnexpected, "Invalid input JSON on line 1, column 1: Unexpected character or end of input")
}

// missingField is what answers for a body without a member it must have.
func missingField(name string) *failure {
	return refused("Some required fields were not set: [" + name + "]")
}

// notUnique refuses to look records up by a property that many may share
// (HubSpot/hubspot-api-nodejs#548).
func notUnique(t *table, name string) *failure {
	return refused("Unable to perform update/upsert by non-unique " + t.schema.Load().typeID + " property " + name +
		" in portal ID " + t.portal.account())
}

// append appends the failure as a JSON object. One of a batch's errors has no
// correlation id and no details.
func (f *failure) append(out []byte, correlation string) []byte {
	out = append(out, `{"status":"error"`...)
	if correlation == "" {
		out = f.appendCategory(out)
	}
	out = crmsim.AppendString(crmsim.AppendMember(out, "message"), f.message)
	if correlation != "" {
		out = crmsim.AppendString(crmsim.AppendMember(out, "correlationId"), correlation)
	}
	if f.errorType != "" {
		out = crmsim.AppendString(crmsim.AppendMember(out, "errorType"), f.errorType)
		out = crmsim.AppendString(crmsim.AppendMember(out, "policyName"), f.policy)
	}
	if f.context != nil {
		out = appendJSON(crmsim.AppendMember(out, "context"), f.context)
	}
	if correlation == "" {
		return append(out, '}')
	}
	if len(f.details) > 0 {
		out = f.appendDetails(crmsim.AppendMember(out, "errors"))
	}
	return append(f.appendCategory(out), '}')
}

func (f *failure) appendCategory(out []byte) []byte {
	if f.category == catUnexpected {
		return out
	}
	out = crmsim.AppendString(crmsim.AppendMember(out, "category"), string(f.category))
	if f.subCategory != "" {
		out = crmsim.AppendString(crmsim.AppendMember(out, "subCategory"), f.subCategory)
	}
	return out
}

func (f *failure) appendDetails(out []byte) []byte {
	type detail struct {
		Message string              `json:"message"`
		Code    code                `json:"code"`
		Context map[string][]string `json:"context"`
	}
	all := make([]detail, len(f.details))
	for i, d := range f.details {
		all[i] = detail{Message: d.message, Code: d.code, Context: map[string][]string{"propertyName": {d.name}}}
	}
	return appendJSON(out, all)
}

// answer is the failure as the answer to a whole call.
func (f *failure) answer() crmsim.Answer {
	id := correlation()
	header := jsonHeader()
	header.Set("X-HubSpot-Correlation-Id", id)
	return crmsim.Answer{Status: f.status, Header: header, Body: f.append(nil, id)}
}

// correlation returns an id by which HubSpot's support would find the call.
func correlation() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json;charset=utf-8"}}
}

func jsonAnswer(status int, body []byte) crmsim.Answer {
	header := jsonHeader()
	header.Set("X-HubSpot-Correlation-Id", correlation())
	return crmsim.Answer{Status: status, Header: header, Body: body}
}

func encoded(status int, v any) crmsim.Answer {
	return jsonAnswer(status, appendJSON(nil, v))
}

// appendJSON appends v, which must be something that always encodes.
func appendJSON(out []byte, v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("hubspot: encoding an answer: " + err.Error())
	}
	return append(out, raw...)
}

func noContent() crmsim.Answer {
	answer := jsonAnswer(http.StatusNoContent, nil)
	answer.Header.Del("Content-Type")
	return answer
}
