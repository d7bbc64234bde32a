package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"lockstep/internal/crm"
)

const provisionOp = "salesforce.provision"

// externalIDLength is how many characters the field must hold, at least.
const externalIDLength = 64

// permissionSetName is the permission set by which the connected user sees our
// field on every type.
const permissionSetName = "Lockstep"

// Fields implements crm.Schema.
func (c *Connector) Fields(ctx context.Context, typ string) ([]crm.Field, error) {
	d, err := c.describe(ctx, "salesforce.fields", typ)
	if err != nil {
		return nil, err
	}
	fields := make([]crm.Field, len(d.Fields))
	for i, f := range d.Fields {
		fields[i] = f.field()
	}
	return fields, nil
}

func (c *Connector) describe(ctx context.Context, op, typ string) (describe, error) {
	var d describe
	if !named(typ) {
		return d, &crm.Error{Kind: crm.KindInternal, Op: op, Err: errTypeName}
	}
	err := c.client.get(ctx, op, dataPath+"/sobjects/"+typ+"/describe", &d)
	return d, err
}

// Provision implements crm.Schema. A describe shows a field only to those who
// may read it, so one that is not shown is made and made visible in turn, each
// step of which may have been done before.
//
// A field of that name with other attributes than ours is left alone, with an
// Error of ReasonExternalID whose Message says what is wrong with it.
func (c *Connector) Provision(ctx context.Context, typ string) error {
	ready, err := c.provisioned(ctx, typ)
	if ready || err != nil {
		return err
	}
	if err := c.createField(ctx, typ); err != nil {
		return denied(err)
	}
	if err := c.grantField(ctx, typ); err != nil {
		return denied(err)
	}
	ready, err = c.provisioned(ctx, typ)
	if err == nil && !ready {
		err = &crm.Error{
			Kind: crm.KindForbidden, Reason: crm.ReasonExternalID, Op: provisionOp, Fields: []string{externalIDField},
			Message: "The field exists and was granted, but the connected user cannot write it.",
		}
	}
	return err
}

// provisioned tells whether the connected user can write the field on typ. One
// that is there but is not what it must be is an error.
func (c *Connector) provisioned(ctx context.Context, typ string) (bool, error) {
	d, err := c.describe(ctx, provisionOp, typ)
	if err != nil {
		return false, err
	}
	i := slices.IndexFunc(d.Fields, func(f field) bool { return f.Name == externalIDField })
	if i < 0 {
		return false, nil
	}
	f := d.Fields[i]
	if wrong := faultsOf(f); len(wrong) > 0 {
		return false, &crm.Error{
			Kind: crm.KindInvalid, Reason: crm.ReasonExternalID, Op: provisionOp, Fields: []string{externalIDField},
			Message: fmt.Sprintf("%s.%s is %s.", typ, externalIDField, strings.Join(wrong, ", ")),
		}
	}
	return f.Createable && f.Updateable, nil
}

// faultsOf says what keeps a field from holding our ids, one for each record.
func faultsOf(f field) []string {
	var wrong []string
	if f.Type != "string" {
		wrong = append(wrong, "not a text field")
	}
	if f.Length < externalIDLength {
		wrong = append(wrong, fmt.Sprintf("shorter than %d characters", externalIDLength))
	}
	if !f.Unique {
		wrong = append(wrong, "not unique")
	}
	if !f.CaseSensitive {
		wrong = append(wrong, "not case-sensitive")
	}
	if !f.ExternalID {
		wrong = append(wrong, "not an external id")
	}
	return wrong
}

// createField makes the field on typ, if it is not there (crm/salesforce.md
// §2).
func (c *Connector) createField(ctx context.Context, typ string) error {
	return existing(c.change(ctx, http.MethodPost, dataPath+"/tooling/sobjects/CustomField", customField{
		FullName: typ + "." + externalIDField,
		Metadata: customFieldMetadata{
			Label:         "Lockstep External Id",
			Description:   "Identifies the record in Lockstep, which writes this field. Do not change it.",
			Type:          "Text",
			Length:        externalIDLength,
			Unique:        true,
			CaseSensitive: true,
			ExternalID:    true,
		},
	}))
}

// grantField makes the field visible and writable to the connected user, by a
// permission set of our own: a new field is hidden even from administrators
// (§2, amp-labs-fixtures/metadata/write).
func (c *Connector) grantField(ctx context.Context, typ string) error {
	set, err := c.permissionSet(ctx)
	if err != nil {
		return err
	}
	if err := c.grant(ctx, set, typ); err != nil {
		return err
	}
	user, err := c.user(ctx, provisionOp)
	if err != nil {
		return err
	}
	return existing(c.change(ctx, http.MethodPost, dataPath+"/sobjects/PermissionSetAssignment",
		assignment{AssigneeID: user, PermissionSetID: set}))
}

// permissionSet returns the id of our permission set, made if need be.
func (c *Connector) permissionSet(ctx context.Context) (string, error) {
	soql := "SELECT Id FROM PermissionSet WHERE Name = " + literal(permissionSetName)
	sets, err := query[permissionSet](ctx, c.client, provisionOp, soql)
	if err != nil || len(sets) > 0 {
		return first(sets).ID, err
	}
	err = existing(c.change(ctx, http.MethodPost, dataPath+"/sobjects/PermissionSet", permissionSet{
		Name:        permissionSetName,
		Label:       permissionSetName,
		Description: "Lets the user that Lockstep is connected as write the field that holds Lockstep's ids.",
	}))
	if err != nil {
		return "", err
	}
	sets, err = query[permissionSet](ctx, c.client, provisionOp, soql)
	if err == nil && len(sets) == 0 {
		err = &crm.Error{Kind: crm.KindForbidden, Reason: crm.ReasonAccess, Op: provisionOp}
	}
	return first(sets).ID, err
}

// grant lets the permission set read and edit the field on typ.
func (c *Connector) grant(ctx context.Context, set, typ string) error {
	const path = dataPath + "/sobjects/FieldPermissions"
	name := typ + "." + externalIDField
	soql := "SELECT Id, PermissionsRead, PermissionsEdit FROM FieldPermissions WHERE ParentId = " + literal(set) +
		" AND SobjectType = " + literal(typ) + " AND Field = " + literal(name)
	granted, err := query[fieldPermissions](ctx, c.client, provisionOp, soql)
	if err != nil {
		return err
	}
	if len(granted) == 0 {
		return existing(c.change(ctx, http.MethodPost, path,
			fieldPermissions{ParentID: set, SobjectType: typ, Field: name, PermissionsRead: true, PermissionsEdit: true}))
	}
	if granted[0].PermissionsRead && granted[0].PermissionsEdit {
		return nil
	}
	return c.change(ctx, http.MethodPatch, path+"/"+granted[0].ID,
		fieldPermissions{PermissionsRead: true, PermissionsEdit: true})
}

// change makes or alters a thing of the schema. What it answers is not needed.
func (c *Connector) change(ctx context.Context, method, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return &crm.Error{Kind: crm.KindInternal, Op: provisionOp, Err: err}
	}
	_, err = c.client.do(ctx, call{op: provisionOp, method: method, url: c.client.base + path, body: body})
	return err
}

func first[T any](list []T) (t T) {
	if len(list) > 0 {
		t = list[0]
	}
	return t
}

// existing takes the answer that a thing is there already for success: whoever
// made it, it need not be made (DUPLICATE_VALUE is recorded in
// amp-labs-fixtures/metadata/write; DUPLICATE_DEVELOPER_NAME is the code of a
// field or set whose name is taken).
func existing(err error) error {
	e, ok := errors.AsType[*crm.Error](err)
	if ok && (e.Code == "DUPLICATE_VALUE" || e.Code == "DUPLICATE_DEVELOPER_NAME") {
		return nil
	}
	return err
}

// denied turns the ways in which a user without the right to change the schema
// is answered into KindForbidden: to such a user the resources do not even
// exist.
func denied(err error) error {
	e, ok := errors.AsType[*crm.Error](err)
	if !ok || e.Kind != crm.KindNotFound && e.Kind != crm.KindForbidden {
		return err
	}
	return &crm.Error{Kind: crm.KindForbidden, Reason: crm.ReasonAccess, Op: e.Op, Code: e.Code, Message: e.Message}
}
