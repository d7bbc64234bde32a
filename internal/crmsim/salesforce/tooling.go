package salesforce

import (
	"encoding/json"
	"net/http"
	"strings"

	"lockstep/internal/crmsim"
)

// fieldRequest is a CustomField as the Tooling API takes it; the members of
// Metadata are those of partner-wsdl-derived.json, metadata_v63, CustomField.
type fieldRequest struct {
	FullName string `json:"FullName"`
	Metadata struct {
		Label         string   `json:"label"`
		Help          string   `json:"inlineHelpText"`
		Type          string   `json:"type"`
		Length        int      `json:"length"`
		Precision     int      `json:"precision"`
		Scale         int      `json:"scale"`
		Unique        bool     `json:"unique"`
		CaseSensitive bool     `json:"caseSensitive"`
		ExternalID    bool     `json:"externalId"`
		Required      bool     `json:"required"`
		ReferenceTo   string   `json:"referenceTo"`
		ValueSet      valueSet `json:"valueSet"`
	} `json:"Metadata"`
}

type valueSet struct {
	Restricted bool `json:"restricted"`
	Definition struct {
		Value []struct {
			FullName string `json:"fullName"`
			Label    string `json:"label"`
		} `json:"value"`
	} `json:"valueSetDefinition"`
}

// createField makes a custom field. Nobody sees it until field-level security
// says so (crm/salesforce.md §2). The shape of the answer is unverified; it is
// that of any record created.
func createField(c *call) crmsim.Answer {
	var in fieldRequest
	if json.Unmarshal(c.body, &in) != nil {
		return badJSON().answer()
	}
	object, name, _ := strings.Cut(in.FullName, ".")
	t := c.org.table(object)
	if t == nil || t.schema.Load().setup {
		return failed(codeInvalidCross, "Entity: "+object+" not found", "FullName").answer()
	}
	f, bad := in.field(name)
	if bad != nil {
		return bad.answer()
	}
	id, bad := t.addField(f)
	if bad != nil {
		return bad.answer()
	}
	c.Object, c.Records, c.Created = t.schema.Load().name, 1, 1
	return encoded(http.StatusCreated, map[string]any{"id": id, "success": true, "errors": []string{}, "warnings": []string{}, "infos": []string{}})
}

// field turns the request into a field. Messages are unverified.
func (in *fieldRequest) field(name string) (*field, *failure) {
	base, custom := strings.CutSuffix(name, "__c")
	if !custom || base == "" || strings.Trim(base, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") != "" || len(base) > 40 {
		return nil, failed(codeFieldIntegrity, "The custom field name you provided "+name+
			" must end with __c, begin with a letter and hold letters, digits and single underscores", "FullName")
	}
	m := in.Metadata
	if m.Label == "" {
		return nil, failed(codeRequired, "You must specify a label for the CustomField", "Label")
	}
	f, ok := shapeOf(m.Type, name, m.Label, m.Length, m.Precision, m.Scale)
	if !ok {
		return nil, failed(codeFieldIntegrity, "Can not specify a field of type "+m.Type, "Type")
	}
	f.custom, f.hidden, f.help = true, true, m.Help
	f.unique, f.externalID, f.exactCase = m.Unique, m.ExternalID, m.CaseSensitive
	f.idLookup = m.ExternalID
	if m.Required {
		f.nillable = false
	}
	f.restricted = m.ValueSet.Restricted
	for _, v := range m.ValueSet.Definition.Value {
		f.picklist = append(f.picklist, option{value: v.FullName, label: v.Label})
	}
	if m.ReferenceTo != "" {
		f.referenceTo, f.relationship = []string{m.ReferenceTo}, base+"__r"
	}
	return f, nil
}

// shapeOf turns a type of the Metadata API into one of describe.
func shapeOf(kind, name, label string, length, precision, scale int) (*field, bool) {
	switch kind {
	case "Text":
		return text(name, label, length), length > 0 && length <= 255
	case "TextArea":
		return area(name, label, 255), true
	case "LongTextArea", "Html":
		return area(name, label, length), length > 255
	case "Checkbox":
		return flag(name, label), true
	case "Email":
		f := email(name, label)
		f.idLookup = false
		return f, true
	case "Phone":
		return phone(name, label), true
	case "Url":
		return link(name, label), true
	case "Number":
		return number64(typeDouble, name, label, precision, scale), precision > 0
	case "Currency":
		return number64(typeCurrency, name, label, precision, scale), precision > 0
	case "Percent":
		return number64(typePercent, name, label, precision, scale), precision > 0
	case "Date":
		return day(name, label), true
	case "DateTime":
		return moment(name, label), true
	case "Picklist":
		return pick(name, label, 255), true
	case "MultiselectPicklist":
		return typed(typeMulti, name, label, 4099), true
	case "Lookup":
		return reference(name, label, ""), true
	}
	return nil, false
}

// addField adds a custom field and its Tooling row.
func (t *table) addField(f *field) (string, *failure) {
	o := t.org
	o.mu.Lock()
	defer o.mu.Unlock()
	shape := t.schema.Load()
	if shape.has(f.name) {
		return "", failed(codeDeveloperName, "There is already a field named "+strings.TrimSuffix(f.name, "__c")+" on "+shape.name+".", "FullName")
	}
	t.schema.Store(shape.edited(func(fields []*field) []*field { return append(fields, f) }))
	id := o.put("CustomField", map[string]string{
		"DeveloperName": strings.TrimSuffix(f.name, "__c"), "TableEnumOrId": shape.name,
		"FullName": shape.name + "." + f.name, "ManageableState": "unmanaged",
	})
	o.grant()
	return id, nil
}

// dropField removes a custom field, its values, its Tooling row and what was
// granted on it.
func (t *table) dropField(name string) bool {
	o := t.org
	o.mu.Lock()
	defer o.mu.Unlock()
	shape := t.schema.Load()
	i, ok := shape.index[strings.ToLower(name)]
	if !ok || !shape.fields[i].custom {
		return false
	}
	full := shape.name + "." + shape.fields[i].name
	t.schema.Store(shape.edited(func(fields []*field) []*field {
		fields[i].dropped = true
		return fields
	}))
	delete(t.index, i)
	for _, r := range t.records {
		r.row = r.row.With([]crmsim.Change{{Field: i}})
	}
	o.discard("CustomField", "FullName", full)
	o.discard("FieldPermissions", "Field", full)
	return true
}

// discard deletes the setup rows whose field has that value.
func (o *org) discard(object, field, value string) {
	t := o.table(object)
	for _, r := range t.records {
		if !r.deleted && strings.EqualFold(t.value(r, field), value) {
			t.remove(r)
		}
	}
}

func retrieveField(c *call) crmsim.Answer {
	t := c.org.table("CustomField")
	c.org.mu.RLock()
	defer c.org.mu.RUnlock()
	full, _ := longID(c.request.PathValue("id"))
	r := t.get(full)
	if r == nil || r.deleted {
		return notFound().answer()
	}
	o := t.schema.Load()
	columns := make([]int, len(o.fields))
	for i := range columns {
		columns[i] = i
	}
	return jsonAnswer(http.StatusOK, t.append(nil, r, columns, c.version()+"/tooling"))
}

func removeField(c *call) crmsim.Answer {
	t := c.org.table("CustomField")
	c.org.mu.RLock()
	full, _ := longID(c.request.PathValue("id"))
	r := t.get(full)
	live := r != nil && !r.deleted
	name := ""
	if live {
		name = t.value(r, "FullName")
	}
	c.org.mu.RUnlock()
	object, fieldName, _ := strings.Cut(name, ".")
	if !live || !c.org.table(object).dropField(fieldName) {
		return notFound().answer()
	}
	return noContent()
}

// toolingOnly reports whether an object is known to the Tooling API alone.
func toolingOnly(object string) bool {
	return object == "CustomField"
}
