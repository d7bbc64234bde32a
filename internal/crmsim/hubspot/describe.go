package hubspot

import (
	"net/http"
	"slices"
	"strconv"

	"lockstep/internal/crmsim"
)

// optionView is one option as the API shows it.
type optionView struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	Description  string `json:"description,omitempty"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
}

// propertyView is a property as the API shows it, member by member and in the
// order of metadata-contacts-properties-sampled.json. HubSpot's own have no
// user who made them, and tell hubspotDefined instead of archived.
type propertyView struct {
	UpdatedAt        string       `json:"updatedAt,omitempty"`
	CreatedAt        string       `json:"createdAt,omitempty"`
	Name             string       `json:"name"`
	Label            string       `json:"label"`
	Type             valueType    `json:"type"`
	FieldType        formType     `json:"fieldType"`
	Description      string       `json:"description"`
	GroupName        string       `json:"groupName"`
	Options          []optionView `json:"options"`
	CreatedUserID    string       `json:"createdUserId,omitempty"`
	UpdatedUserID    string       `json:"updatedUserId,omitempty"`
	ReferencedObject string       `json:"referencedObjectType,omitempty"`
	DisplayOrder     int          `json:"displayOrder"`
	Calculated       bool         `json:"calculated"`
	ExternalOptions  bool         `json:"externalOptions"`
	Archived         *bool        `json:"archived,omitempty"`
	ArchivedAt       string       `json:"archivedAt,omitempty"`
	HasUniqueValue   bool         `json:"hasUniqueValue"`
	Hidden           bool         `json:"hidden"`
	HubspotDefined   bool         `json:"hubspotDefined,omitempty"`
	ModificationMeta modifiable   `json:"modificationMetadata"`
	FormField        bool         `json:"formField"`
	DataSensitivity  string       `json:"dataSensitivity"`
}

type modifiable struct {
	Archivable         bool `json:"archivable"`
	ReadOnlyDefinition bool `json:"readOnlyDefinition"`
	ReadOnlyValue      bool `json:"readOnlyValue"`
}

// view shows a property. Who made it stands in what is read, not in what a
// batch answers (custom/create/4-response-batch-create-properties.json).
func (p *property) view(by user, whole bool) propertyView {
	v := propertyView{
		Name: p.name, Label: p.label, Type: p.kind, FieldType: p.form, Description: p.description, GroupName: p.group,
		Options: []optionView{}, ReferencedObject: p.references, DisplayOrder: p.order, Calculated: p.calculated, ExternalOptions: p.external,
		HasUniqueValue: p.unique, Hidden: p.hidden, HubspotDefined: !p.custom,
		ModificationMeta: modifiable{Archivable: !p.kept, ReadOnlyDefinition: !p.custom && !p.editable, ReadOnlyValue: p.readOnly},
		FormField:        p.formField, DataSensitivity: "non_sensitive",
	}
	for _, o := range p.options {
		v.Options = append(v.Options, optionView{Label: o.label, Value: o.value, Description: o.description, DisplayOrder: o.order, Hidden: o.hidden})
	}
	if whole {
		v.CreatedAt, v.UpdatedAt = spell(p.created), spell(p.updated)
	}
	if whole && p.custom {
		v.CreatedUserID = strconv.FormatInt(by.id, 10)
		v.UpdatedUserID, v.Archived = v.CreatedUserID, &p.archived
		if p.archived {
			v.ArchivedAt = v.UpdatedAt
		}
	}
	return v
}

func listProperties(c *call) crmsim.Answer {
	q := c.request.URL.Query()
	asked := listed(q, "properties")
	views := []propertyView{}
	for _, p := range c.table.schema.Load().properties {
		if p.archived == (q.Get("archived") == "true") && (len(asked) == 0 || slices.Contains(asked, p.name)) {
			views = append(views, p.view(c.portal.user, true))
		}
	}
	c.Records = len(views)
	return encoded(http.StatusOK, map[string][]propertyView{"results": views})
}

func retrieveProperty(c *call) crmsim.Answer {
	p, bad := c.property()
	if bad != nil {
		return bad.answer()
	}
	return encoded(http.StatusOK, p.view(c.portal.user, true))
}

// property returns the property that the path names; how one is refused that
// there is none of is unverified.
func (c *call) property() (*property, *failure) {
	o := c.table.schema.Load()
	name := c.request.PathValue("property")
	i := o.find(name)
	if i < 0 {
		return nil, failed(http.StatusNotFound, catNotFound, "No property named '"+name+"' exists for "+c.Object+".").about("name", name)
	}
	return o.properties[i], nil
}
