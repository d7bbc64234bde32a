package hubspot

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"lockstep/internal/crm"
)

// account says who an account is. HubSpot names none by more than its number.
func (a account) account(userID string) crm.Account {
	id := strconv.FormatInt(a.PortalID, 10)
	environment := crm.Sandbox // DEVELOPER_TEST, APP_DEVELOPER, SANDBOX (§1)
	if a.AccountType == "STANDARD" {
		environment = crm.Production
	}
	return crm.Account{ID: id, Name: "HubSpot " + id, Environment: environment, Edition: a.AccountType, UserID: userID}
}

// owner says who an owner is.
func (o owner) owner() crm.Owner {
	name := strings.TrimSpace(o.FirstName + " " + o.LastName)
	return crm.Owner{ID: o.ID, Name: cmp.Or(name, o.Email), Email: o.Email, Active: !o.Archived}
}

// found says what a look-up met.
func (r record) found() crm.Found {
	return crm.Found{ID: r.ID, ExternalID: r.Properties.ExternalID, Email: r.Properties.Email}
}

// addresses are the e-mail addresses of a contact, each once. No other contact
// has any of them ("Contacts": Additional emails).
func (r record) addresses() []string {
	var all []string
	for _, address := range append(listed(r.Properties.Email), listed(r.Properties.AdditionalEmails)...) {
		if !slices.ContainsFunc(all, func(a string) bool { return strings.EqualFold(a, address) }) {
			all = append(all, address)
		}
	}
	return all
}

// merged are the ids that the record was known by before it was merged.
func (r record) merged() []string { return listed(r.Properties.MergedIDs) }

// listed returns the values of a property that has several (§2).
func listed(value string) []string {
	return slices.DeleteFunc(strings.Split(value, ";"), func(v string) bool { return v == "" })
}

// requiredFields are those without which a create is refused ("Using Object
// APIs": Required properties to create records). A property does not say so of
// itself, and an object's schema asks for a scope of its own
// (metadata-err-schemas-scope.json).
var requiredFields = map[string][]string{
	deals: {"dealname", "dealstage", "pipeline"},
}

// longest is how many characters a text holds ("Properties": type).
const longest = 65_536

// field says what a property of typ is.
func (p property) field(typ string) crm.Field {
	writable := !p.Modification.ReadOnlyValue && !p.Calculated
	out := crm.Field{
		Name:        p.Name,
		Label:       cmp.Or(p.Label, p.Name),
		Description: p.Description,
		Type:        p.fieldType(),
		Required:    slices.Contains(requiredFields[typ], p.Name),
		Creatable:   writable,
		Updatable:   writable,
		Unique:      p.HasUniqueValue,
		Custom:      !p.HubSpotDefined,
	}
	switch out.Type {
	case crm.TypeText, crm.TypeEmail, crm.TypePhone, crm.TypeURL:
		out.Length = longest
	case crm.TypePicklist, crm.TypeMultiselect:
		out.Restricted = true
		for _, o := range p.Options {
			out.Options = append(out.Options, crm.Option{Value: o.Value, Label: o.Label, Active: !o.Hidden})
		}
	case crm.TypeNumber, crm.TypeBoolean, crm.TypeDate, crm.TypeDateTime, crm.TypeReference, crm.TypeOther:
	}
	return out
}

// fieldType is the vendor's type (§2) in the words all vendors share. What is
// none of them is not written as one value.
func (p property) fieldType() crm.FieldType {
	switch p.Type {
	case "string":
		switch {
		case p.Name == "email": // one text among others, but for what it is used for
			return crm.TypeEmail
		case p.FieldType == "phonenumber":
			return crm.TypePhone
		}
		return crm.TypeText
	case "phone_number":
		return crm.TypePhone
	case "number":
		return crm.TypeNumber
	case "bool":
		return crm.TypeBoolean
	case "date":
		return crm.TypeDate
	case "datetime":
		return crm.TypeDateTime
	case "enumeration":
		switch {
		case p.FieldType == "checkbox": // several values, wherever the options are kept
			return crm.TypeMultiselect
		case p.ReferencedType != "" || p.ExternalOptions: // an owner, a team
			return crm.TypeReference
		}
		return crm.TypePicklist
	}
	return crm.TypeOther
}

// newInput returns w as an input of a batch, or the name of the field whose
// value cannot be sent. The external id stands among the properties as well, so
// that the answer repeats it: that tells whose answer it is, whatever its
// order.
func newInput(match crm.Match, traceID string, w crm.Write) (in input, bad string) {
	in = input{ID: w.ID, TraceID: traceID, Properties: make(map[string]string, len(w.Fields)+1)}
	if match == crm.ByExternalID {
		in.ID, in.IDProperty = w.ExternalID, externalIDField
	}
	if w.ExternalID != "" {
		in.Properties[externalIDField] = w.ExternalID
	}
	for name, value := range w.Fields {
		text, ok := textOf(value)
		if reserved(name) || !ok {
			return input{}, name
		}
		in.Properties[name] = text
	}
	return in, ""
}

// reserved tells whether a mapped field would take the place of what a record
// is matched by.
func reserved(name string) bool {
	return strings.EqualFold(name, "hs_object_id") || strings.EqualFold(name, externalIDField)
}

// textOf returns v as the vendor writes it; the empty text clears a property
// (§2). It takes what JSON decodes to, and the integers. Several texts are one
// with semicolons, the first of which may not be one: it would add to what is
// there.
func textOf(v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), !math.IsNaN(v) && !math.IsInf(v, 0)
	case json.Number:
		_, err := v.Float64()
		return v.String(), err == nil && json.Valid([]byte(v))
	case []string:
		return strings.TrimLeft(strings.Join(v, ";"), ";"), true
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			if texts[i], ok = v[i].(string); !ok {
				return "", false
			}
		}
		return textOf(texts)
	default:
		return "", false
	}
}
