package hubspot

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"

	"lockstep/internal/crmsim"
)

// maxUnique is how many properties of an object may be unique
// (crm/hubspot.md §2).
const maxUnique = 10

// definition is PropertyCreate, and PropertyUpdate where what is absent stays
// (openapi-derived/properties.json).
type definition struct {
	Name             string        `json:"name"`
	Label            *string       `json:"label"`
	Type             *valueType    `json:"type"`
	FieldType        *formType     `json:"fieldType"`
	GroupName        *string       `json:"groupName"`
	Description      *string       `json:"description"`
	Options          *[]optionView `json:"options"`
	DisplayOrder     *int          `json:"displayOrder"`
	HasUniqueValue   bool          `json:"hasUniqueValue"`
	Hidden           *bool         `json:"hidden"`
	FormField        *bool         `json:"formField"`
	ExternalOptions  bool          `json:"externalOptions"`
	ReferencedObject string        `json:"referencedObjectType"`
}

// createProperty makes one property. It can be written and read at once.
func createProperty(c *call) crmsim.Answer {
	var in definition
	if json.Unmarshal(c.Body, &in) != nil {
		return badJSON().answer()
	}
	p, bad := c.table.define(in)
	if bad != nil {
		return bad.answer()
	}
	c.Records, c.Created = 1, 1
	return encoded(http.StatusCreated, p.view(c.portal.user, true))
}

// createProperties makes several; the good ones stay beside the bad
// (custom/update/3-response-batch-create-properties.json).
func createProperties(c *call) crmsim.Answer {
	var in struct {
		Inputs []definition `json:"inputs"`
	}
	if json.Unmarshal(c.Body, &in) != nil {
		return badJSON().answer()
	}
	if bad := tooMany(len(in.Inputs)); bad != nil {
		return bad.answer()
	}
	began := c.sim.rig.Clock.Now()
	var results []byte
	var errs []*failure
	for _, d := range in.Inputs {
		p, bad := c.table.define(d)
		if bad != nil {
			errs = append(errs, bad.about("name", d.Name))
			continue
		}
		if len(results) > 0 {
			results = append(results, ',')
		}
		results = appendJSON(results, p.view(c.portal.user, false))
	}
	c.Records, c.Created, c.Failed = len(in.Inputs), len(in.Inputs)-len(errs), len(errs)
	status := http.StatusCreated
	if len(errs) > 0 {
		status = http.StatusMultiStatus
	}
	return jsonAnswer(status, envelope(began, c.sim.rig.Clock.Now(), results, errs))
}

// define adds a property to the table's object, or says why not. Only that it
// exists is recorded.
func (t *table) define(in definition) (*property, *failure) {
	t.portal.mu.Lock()
	defer t.portal.mu.Unlock()
	p, bad := t.draftProperty(in)
	if bad != nil {
		return nil, bad
	}
	o := t.schema.Load()
	unique := 0
	for _, other := range o.properties {
		if other.custom && other.unique && !other.archived {
			unique++
		}
	}
	switch {
	case o.find(p.name) >= 0:
		bad := failed(http.StatusConflict, catExists, "A property named '"+p.name+"' already exists.")
		bad.subCategory = subPropertyExists
		return nil, bad
	case p.unique && unique >= maxUnique:
		return nil, refused("The maximum number of unique properties for " + o.name + " is " + strconv.Itoa(maxUnique) + ".")
	}
	t.schema.Store(o.edited(func(all properties) properties { return append(all, p) }))
	return p, nil
}

// draftProperty checks a definition as far as that can be done on its own. The
// caller holds the lock.
func (t *table) draftProperty(in definition) (*property, *failure) {
	now := t.portal.sim.rig.Clock.Now().UnixMilli()
	p := &property{
		name: in.Name, custom: true, unique: in.HasUniqueValue, external: in.ExternalOptions, references: in.ReferencedObject,
		order: -1, created: now, updated: now,
	}
	var missing string
	switch {
	case in.Name == "":
		missing = "name"
	case in.Label == nil:
		missing = "label"
	case in.Type == nil:
		missing = "type"
	case in.FieldType == nil:
		missing = "fieldType"
	case in.GroupName == nil:
		missing = "groupName"
	}
	switch {
	case missing != "":
		return nil, missingField(missing)
	case !goodName(in.Name):
		return nil, refused("The property name '" + in.Name + "' must contain only lowercase letters, numbers and underscores, and start with a letter.")
	}
	return p, p.take(in, t)
}

// goodName reports whether a property may be called so.
func goodName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (i == 0 || (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return len(name) <= 100
}

// take makes of a property what a definition says of it.
func (p *property) take(in definition, t *table) *failure {
	assign(&p.label, in.Label)
	assign(&p.kind, in.Type)
	assign(&p.form, in.FieldType)
	assign(&p.group, in.GroupName)
	assign(&p.description, in.Description)
	assign(&p.order, in.DisplayOrder)
	assign(&p.hidden, in.Hidden)
	assign(&p.formField, in.FormField)
	if in.Options != nil {
		p.options = nil
		for _, o := range *in.Options {
			p.options = append(p.options, option{value: o.Value, label: o.Label, description: o.Description, order: o.DisplayOrder, hidden: o.Hidden})
		}
	}
	switch {
	case !slices.Contains(forms()[p.kind], p.form):
		return refused("Field type " + string(p.form) + " is not allowed for a property of type " + string(p.kind) + ".")
	case p.unique && p.kind != typeString && p.kind != typeNumber:
		return refused("Properties of type " + string(p.kind) + " cannot have unique values.")
	case !t.hasGroup(p.group):
		return refused("The property group '" + p.group + "' does not exist.")
	}
	return nil
}

func assign[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// forms are the ways to show each type that may be defined
// (openapi-derived/properties.json; crm/hubspot.md §2).
func forms() map[valueType][]formType {
	return map[valueType][]formType{
		typeString:      {formText, formTextArea, formFile, formHTML, formPhone, formEquation},
		typeNumber:      {formNumber, formEquation},
		typeDate:        {formDate},
		typeDateTime:    {formDate},
		typeEnum:        {formSelect, formRadio, formCheckbox, formBoolean, formEquation},
		typeBool:        {formBoolean, formEquation},
		typePhone:       {formPhone},
		typeCoordinates: {formText},
	}
}

// updateProperty changes a definition; hasUniqueValue cannot be changed
// (crm/hubspot.md §2), and options are replaced as a whole.
func updateProperty(c *call) crmsim.Answer {
	var in definition
	if json.Unmarshal(c.Body, &in) != nil {
		return badJSON().answer()
	}
	c.portal.mu.Lock()
	defer c.portal.mu.Unlock()
	p, bad := c.property()
	if bad != nil {
		return bad.answer()
	}
	next := *p
	if bad := next.take(in, c.table); bad != nil {
		return bad.answer()
	}
	if !next.custom && !next.editable && (next.kind != p.kind || next.form != p.form) {
		return refused("The definition of '" + p.name + "' is read only.").answer()
	}
	next.updated = c.sim.rig.Clock.Now().UnixMilli()
	c.table.replace(&next)
	c.Records, c.Updated = 1, 1
	return encoded(http.StatusOK, next.view(c.portal.user, true))
}

func archiveProperty(c *call) crmsim.Answer {
	c.Records = 1
	if !c.table.dropProperty(c.request.PathValue("property"), c.sim.rig.Clock.Now().UnixMilli()) {
		return refused("The property '" + c.request.PathValue("property") + "' cannot be archived.").answer()
	}
	return noContent()
}

// replace puts a property in the place of the one of that name.
func (t *table) replace(p *property) {
	t.schema.Store(t.schema.Load().edited(func(all properties) properties {
		for i, other := range all {
			if other.name == p.name && !other.archived {
				all[i] = p
			}
		}
		return all
	}))
}

// dropProperty archives a custom property, values included.
func (t *table) dropProperty(name string, now int64) bool {
	t.portal.mu.Lock()
	defer t.portal.mu.Unlock()
	o := t.schema.Load()
	i := o.find(name)
	if i < 0 || !o.properties[i].custom {
		return false
	}
	gone := *o.properties[i]
	gone.archived, gone.updated = true, now
	t.replace(&gone)
	for _, r := range t.records {
		r.row = r.row.With([]crmsim.Change{{Field: i}})
	}
	delete(t.index, i)
	return true
}
