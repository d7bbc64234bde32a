package hubspot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"lockstep/internal/crm"
)

const provisionOp = "hubspot.provision"

// Fields implements crm.Schema.
func (c *Connector) Fields(ctx context.Context, typ string) ([]crm.Field, error) {
	const op = "hubspot.fields"
	if !named(typ) {
		return nil, &crm.Error{Kind: crm.KindInternal, Op: op, Err: errTypeName}
	}
	var p page[property]
	if err := c.client.get(ctx, op, propertiesPath+typ, &p); err != nil {
		return nil, err
	}
	fields := make([]crm.Field, len(p.Results))
	for i, f := range p.Results {
		fields[i] = f.field(typ)
	}
	return fields, nil
}

// Provision implements crm.Schema. Whoever may write a type's properties can
// write every one of them, so that making the property is all there is to do.
//
// A property of that name with other attributes than ours is left alone, with
// an Error of ReasonExternalID whose Message says what is wrong with it.
func (c *Connector) Provision(ctx context.Context, typ string) error {
	ready, err := c.provisioned(ctx, typ)
	if ready || err != nil {
		return err
	}
	if err := c.createProperty(ctx, typ); err != nil {
		return err
	}
	ready, err = c.provisioned(ctx, typ)
	if err == nil && !ready {
		err = &crm.Error{
			Kind: crm.KindForbidden, Reason: crm.ReasonExternalID, Op: provisionOp, Fields: []string{externalIDField},
			Message: "The property's name is taken, but the property is not there: it may have been archived.",
		}
	}
	return err
}

// provisioned tells whether typ has the property. One that is there but is not
// what it must be is an error.
func (c *Connector) provisioned(ctx context.Context, typ string) (bool, error) {
	if !named(typ) {
		return false, &crm.Error{Kind: crm.KindInternal, Op: provisionOp, Err: errTypeName}
	}
	var p property
	err := c.client.get(ctx, provisionOp, propertiesPath+typ+"/"+externalIDField, &p)
	if crm.KindOf(err) == crm.KindNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if wrong := faultsOf(p); len(wrong) > 0 {
		return false, &crm.Error{
			Kind: crm.KindInvalid, Reason: crm.ReasonExternalID, Op: provisionOp, Fields: []string{externalIDField},
			Message: fmt.Sprintf("%s.%s is %s.", typ, externalIDField, strings.Join(wrong, ", ")),
		}
	}
	return true, nil
}

// faultsOf says what keeps a property from holding our ids, one for each record.
// None of it can be changed once the property is made (crm/hubspot.md §2).
func faultsOf(p property) []string {
	var wrong []string
	if p.Type != "string" {
		wrong = append(wrong, "not a text")
	}
	if !p.HasUniqueValue {
		wrong = append(wrong, "not unique")
	}
	if p.Modification.ReadOnlyValue || p.Calculated {
		wrong = append(wrong, "read-only")
	}
	return wrong
}

// groups are where a type's properties are shown ("Properties": Create a
// property).
var groups = map[string]string{
	contacts:  "contactinformation",
	companies: "companyinformation",
	deals:     "dealinformation",
}

// createProperty makes the property on typ. That it is there already is no
// error: whoever made it, it need not be made (§2).
func (c *Connector) createProperty(ctx context.Context, typ string) error {
	group, ok := groups[typ]
	if !ok {
		return &crm.Error{Kind: crm.KindUnsupported, Op: provisionOp}
	}
	body, err := json.Marshal(property{
		Name:           externalIDField,
		Label:          "Lockstep External Id",
		Description:    "Identifies the record in Lockstep, which writes this property. Do not change it.",
		Type:           "string",
		FieldType:      "text",
		GroupName:      group,
		HasUniqueValue: true,
	})
	if err != nil {
		return &crm.Error{Kind: crm.KindInternal, Op: provisionOp, Err: err}
	}
	_, err = c.client.do(ctx, call{op: provisionOp, method: http.MethodPost, url: c.client.base + propertiesPath + typ, body: body})
	if e, ok := errors.AsType[*crm.Error](err); ok && e.Reason == crm.ReasonDuplicate {
		return nil
	}
	return err
}
