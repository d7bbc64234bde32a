package salesforce

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"lockstep/internal/crm"
)

// account says who an org and its user are.
func (o organization) account(userID string) crm.Account {
	a := crm.Account{
		ID:          o.ID,
		Name:        o.Name,
		Environment: crm.Production,
		Edition:     o.OrganizationType,
		UserID:      userID,
	}
	if o.IsSandbox {
		a.Environment = crm.Sandbox
	}
	return a
}

// found says what a look-up met. A merged record is in the bin with the id of
// the one that was kept (crm/salesforce.md §4): it is moved rather than
// deleted, as a converted lead is.
func (r row) found(typ string) crm.Found {
	f := crm.Found{ID: r.ID, ExternalID: r.ExternalID, Email: r.Email}
	switch {
	case r.MasterRecordID != "":
		f.MovedTo = &crm.Moved{Type: typ, ID: r.MasterRecordID}
	case r.IsDeleted:
		f.Deleted = true
	case r.IsConverted && r.ConvertedContactID != "":
		f.MovedTo = &crm.Moved{Type: "Contact", ID: r.ConvertedContactID}
	}
	return f
}

// fieldTypes are the vendor's types (§2) in the words all vendors share. The
// rest are not written as one value.
var fieldTypes = map[string]crm.FieldType{
	"string":          crm.TypeText,
	"textarea":        crm.TypeText,
	"encryptedstring": crm.TypeText,
	"combobox":        crm.TypeText,
	"email":           crm.TypeEmail,
	"phone":           crm.TypePhone,
	"url":             crm.TypeURL,
	"int":             crm.TypeNumber,
	"long":            crm.TypeNumber,
	"double":          crm.TypeNumber,
	"percent":         crm.TypeNumber,
	"currency":        crm.TypeNumber,
	"boolean":         crm.TypeBoolean,
	"date":            crm.TypeDate,
	"datetime":        crm.TypeDateTime,
	"picklist":        crm.TypePicklist,
	"multipicklist":   crm.TypeMultiselect,
	"reference":       crm.TypeReference,
	"id":              crm.TypeReference,
}

// field says what a field of a describe is.
func (f field) field() crm.Field {
	out := crm.Field{
		Name:        f.Name,
		Label:       f.Label,
		Description: f.InlineHelpText,
		Type:        crm.TypeOther,
		Restricted:  f.RestrictedPicklist,
		Required:    f.Createable && !f.Nillable && !f.DefaultedOnCreate,
		Creatable:   f.Createable,
		Updatable:   f.Updateable,
		Unique:      f.Unique,
		Custom:      f.Custom,
	}
	if t, ok := fieldTypes[f.Type]; ok {
		out.Type = t
	}
	switch out.Type {
	case crm.TypeText, crm.TypeEmail, crm.TypePhone, crm.TypeURL:
		out.Length = f.Length
	case crm.TypePicklist, crm.TypeMultiselect:
		for _, p := range f.PicklistValues {
			out.Options = append(out.Options, crm.Option(p))
		}
	case crm.TypeNumber, crm.TypeBoolean, crm.TypeDate, crm.TypeDateTime, crm.TypeReference, crm.TypeOther:
	}
	return out
}

// appendRecord appends w as a record of a collections call: its type, what it
// is matched by, and its fields. It returns the name of the field whose value
// cannot be sent, or "".
func appendRecord(dst []byte, typ string, match crm.Match, w crm.Write) (out []byte, bad string) {
	dst = append(dst, `{"attributes":{"type":"`...)
	dst = append(dst, typ...)
	dst = append(dst, `"}`...)
	if match == crm.ByID {
		dst = append(dst, `,"Id":`...)
		dst = appendString(dst, w.ID)
	}
	if w.ExternalID != "" {
		dst = append(dst, `,"`+externalIDField+`":`...)
		dst = appendString(dst, w.ExternalID)
	}
	for name, value := range w.Fields {
		if reserved(name) {
			return dst, name
		}
		dst = append(dst, ',')
		dst = appendString(dst, name)
		dst = append(dst, ':')
		var ok bool
		if dst, ok = appendValue(dst, value); !ok {
			return dst, name
		}
	}
	return append(dst, '}'), ""
}

// reserved tells whether a mapped field would take the place of what a record
// is matched by. The vendor reads names without regard to case.
func reserved(name string) bool {
	return strings.EqualFold(name, "Id") || strings.EqualFold(name, "attributes") || strings.EqualFold(name, externalIDField)
}

// appendValue appends v as JSON; null clears a field. It takes what JSON
// decodes to, and the integers. Several texts are a multi-select, one string
// with semicolons on the wire (§2).
func appendValue(dst []byte, v any) (out []byte, ok bool) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), true
	case string:
		return appendString(dst, v), true
	case bool:
		return strconv.AppendBool(dst, v), true
	case int:
		return strconv.AppendInt(dst, int64(v), 10), true
	case int64:
		return strconv.AppendInt(dst, v, 10), true
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return dst, false
		}
		return strconv.AppendFloat(dst, v, 'f', -1, 64), true
	case json.Number:
		if _, err := v.Float64(); err != nil || !json.Valid([]byte(v)) {
			return dst, false
		}
		return append(dst, v...), true
	case []string:
		return appendString(dst, strings.Join(v, ";")), true
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			if texts[i], ok = v[i].(string); !ok {
				return dst, false
			}
		}
		return appendString(dst, strings.Join(texts, ";")), true
	default:
		return dst, false
	}
}

// appendString appends s as a JSON string, bytes that are not UTF-8 replaced. A
// batch is thousands of these, and by way of encoding/json it took five times
// as long and 7,000 allocations instead of 3.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			dst = append(dst, s[start:i]...)
			if c == '"' || c == '\\' {
				dst = append(dst, '\\', c)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&0xf])
			}
			i++
			start = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			dst = append(dst, s[start:i]...)
			dst = append(dst, "\ufffd"...)
			start = i + size
		}
		i += size
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}
