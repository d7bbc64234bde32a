package salesforce_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/salesforce"
)

type describeAnswer struct {
	Name   string
	Fields []map[string]any
}

func (d describeAnswer) field(name string) map[string]any {
	for _, f := range d.Fields {
		if f["name"] == name {
			return f
		}
	}
	return nil
}

func TestDescribeHasEveryRecordedKey(t *testing.T) {
	t.Parallel()

	var recorded map[string]any
	recording(t, "describe/Contact.json", &recorded)
	s := open(t, salesforce.Options{})
	var got map[string]any
	s.call(http.MethodGet, "/sobjects/Contact/describe", nil).into(t, &got)
	require.Equal(t, keysOf(recorded), keysOf(got))

	want := recorded["fields"].([]any)[0].(map[string]any)
	for _, f := range got["fields"].([]any) {
		require.Equal(t, keysOf(want), keysOf(f.(map[string]any)))
	}
	require.Equal(t, keysOf(recorded["urls"].(map[string]any)), keysOf(got["urls"].(map[string]any)))
}

// Every property of every field is as recorded, for the fields that are here.
func TestDescribedFieldsAreAsRecorded(t *testing.T) {
	t.Parallel()

	for _, object := range []string{"Account", "Contact", "Lead"} {
		t.Run(object, func(t *testing.T) {
			t.Parallel()

			var recorded, got describeAnswer
			recording(t, "describe/"+object+".json", &recorded)
			open(t, salesforce.Options{}).call(http.MethodGet, "/sobjects/"+object+"/describe", nil).into(t, &got)
			require.GreaterOrEqual(t, len(got.Fields), 54)
			for _, f := range got.Fields {
				name := f["name"].(string)
				want := recorded.field(name)
				require.NotNil(t, want, name)
				require.Equal(t, want, f, name)
			}
		})
	}
}

func TestGlobalDescribeHasEveryRecordedKey(t *testing.T) {
	t.Parallel()

	var recorded, got struct {
		Encoding     string
		MaxBatchSize int
		SObjects     []map[string]any
	}
	recording(t, "describe/Global.json", &recorded)
	s := open(t, salesforce.Options{})
	s.call(http.MethodGet, "/sobjects/", nil).into(t, &got)
	require.Equal(t, recorded.Encoding, got.Encoding)
	require.Equal(t, recorded.MaxBatchSize, got.MaxBatchSize)
	byName := make(map[string]map[string]any)
	for _, o := range got.SObjects {
		byName[o["name"].(string)] = o
	}
	for _, want := range recorded.SObjects {
		name := want["name"].(string)
		if name != "Account" && name != "Contact" && name != "Lead" {
			continue
		}
		require.Equal(t, keysOf(want), keysOf(byName[name]), name)
		require.Equal(t, want["labelPlural"], byName[name]["labelPlural"])
	}
	for _, name := range []string{"User", "Organization"} {
		require.Contains(t, byName, name)
	}
	require.NotContains(t, byName, "CustomField")
}

func TestAnUnknownObjectIsNotFound(t *testing.T) {
	t.Parallel()

	r := open(t, salesforce.Options{}).call(http.MethodGet, "/sobjects/Foo/describe", nil)
	require.Equal(t, http.StatusNotFound, r.status)
	require.JSONEq(t, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`, r.text())
}

func TestACustomFieldIsInvisibleUntilAPermissionIsAssigned(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	described := func() map[string]any {
		var d describeAnswer
		s.call(http.MethodGet, "/sobjects/Contact/describe", nil).into(t, &d)
		return d.field(marker)
	}
	made := s.call(http.MethodPost, "/tooling/sobjects/CustomField", fieldRequest("Contact"))
	require.Equal(t, http.StatusCreated, made.status, made.text())
	require.Nil(t, described())

	r := s.call(http.MethodPatch, upsertPath, collection(contact("w.1", nil)))
	require.Equal(t, http.StatusNotFound, r.status)
	require.JSONEq(t, `[{"errorCode":"NOT_FOUND","message":"Provided external ID field does not exist or is not accessible: `+marker+`"}]`, r.text())
	require.Equal(t, []string{"INVALID_FIELD"}, s.query("SELECT "+marker+" FROM Contact").errorCodes(t))

	set := s.grantTo()
	require.Nil(t, described())
	s.permit(set, "Contact")
	require.NotNil(t, described())
	require.True(t, s.upsert(contact("w.1", nil))[0].Created)
}

func TestAFieldThatMayOnlyBeReadIsReadOnly(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.call(http.MethodPost, "/tooling/sobjects/CustomField", fieldRequest("Contact"))
	r := s.call(http.MethodPost, "/sobjects/FieldPermissions", fields{
		"ParentId": s.grantTo(), "SobjectType": "Contact", "Field": "Contact." + marker, "PermissionsRead": true,
	})
	require.Equal(t, http.StatusCreated, r.status, r.text())
	require.Equal(t, "INVALID_FIELD_FOR_INSERT_UPDATE", s.upsert(contact("w.1", nil))[0].code())
}

// A unique text field looks as the one recorded does.
func TestTheExternalIDFieldIsDescribedAsRecorded(t *testing.T) {
	t.Parallel()

	var recorded, got describeAnswer
	recording(t, "describe/Contact_v42_org_with_custom_fields.json", &recorded)
	want := recorded.field("Custom_External_ID__c")
	s := open(t, salesforce.Options{})
	s.provision("Contact")
	s.call(http.MethodGet, "/sobjects/Contact/describe", nil).into(t, &got)
	field := got.field(marker)
	for key, value := range want {
		switch key {
		case "name", "label", "length", "byteLength", "caseSensitive":
			continue
		}
		require.Equal(t, value, field[key], key)
	}
	require.Equal(t, true, field["caseSensitive"])
	require.InDelta(t, 240, field["byteLength"], 0)
}

func TestAFieldCannotBeMadeTwice(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, "/tooling/sobjects/CustomField", fieldRequest("Lead")).status)
	again := s.call(http.MethodPost, "/tooling/sobjects/CustomField", fieldRequest("Lead"))
	require.Equal(t, http.StatusBadRequest, again.status)
	require.Equal(t, []string{"DUPLICATE_DEVELOPER_NAME"}, again.errorCodes(t))

	soql := "/tooling/query?q=SELECT+Id,DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Lead'+AND+DeveloperName='Lockstep_External_Id'"
	var found struct {
		Records []struct{ ID, DeveloperName string }
	}
	s.call(http.MethodGet, soql, nil).into(t, &found)
	require.Len(t, found.Records, 1)

	require.Equal(t, http.StatusNoContent, s.call(http.MethodDelete, "/tooling/sobjects/CustomField/"+found.Records[0].ID, nil).status)
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, "/tooling/sobjects/CustomField", fieldRequest("Lead")).status)
}

func TestFieldRequestsAreChecked(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	for name, in := range map[string]fields{
		"no suffix":   {"FullName": "Contact.Foo", "Metadata": fields{"label": "Foo", "type": "Text", "length": 10}},
		"no object":   {"FullName": "Foo.Bar__c", "Metadata": fields{"label": "Foo", "type": "Text", "length": 10}},
		"no label":    {"FullName": "Contact.Bar__c", "Metadata": fields{"type": "Text", "length": 10}},
		"no length":   {"FullName": "Contact.Bar__c", "Metadata": fields{"label": "Foo", "type": "Text"}},
		"no type":     {"FullName": "Contact.Bar__c", "Metadata": fields{"label": "Foo", "type": "Nope"}},
		"a setup one": {"FullName": "User.Bar__c", "Metadata": fields{"label": "Foo", "type": "Text", "length": 10}},
	} {
		require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, "/tooling/sobjects/CustomField", in).status, name)
	}
}

func TestPermissionsAreGivenOnce(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	set := s.rows("SELECT Id FROM PermissionSet WHERE Name = 'Lockstep'")[0]["Id"].(string)

	again := s.call(http.MethodPost, "/sobjects/PermissionSetAssignment", fields{"PermissionSetId": set, "AssigneeId": s.user})
	require.Equal(t, http.StatusBadRequest, again.status)
	require.Regexp(t, `Duplicate PermissionSetAssignment\.  Assignee: 005\w{12}; Permission Set: 0PS\w{12}`, again.text())

	twice := s.call(http.MethodPost, "/sobjects/FieldPermissions", fields{
		"ParentId": set, "SobjectType": "Contact", "Field": "Contact." + marker, "PermissionsRead": true, "PermissionsEdit": true,
	})
	require.Equal(t, []string{"DUPLICATE_VALUE"}, twice.errorCodes(t))

	unknown := s.call(http.MethodPost, "/sobjects/FieldPermissions", fields{
		"ParentId": set, "SobjectType": "Contact", "Field": "Contact.Nope__c", "PermissionsRead": true, "PermissionsEdit": true,
	})
	require.Equal(t, []string{"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"}, unknown.errorCodes(t))

	named := s.call(http.MethodPost, "/sobjects/PermissionSet", fields{"Name": "Lockstep", "Label": "Again"})
	require.Equal(t, []string{"DUPLICATE_VALUE"}, named.errorCodes(t))

	require.Len(t, s.rows("SELECT Id FROM FieldPermissions WHERE SobjectType = 'Contact' AND Field = 'Contact."+marker+"'"), 1)
	require.Len(t, s.rows("SELECT Id FROM PermissionSetAssignment WHERE PermissionSet.Name = 'Lockstep' AND Assignee.IsActive = true"), 1)
}

func TestADroppedFieldIsGone(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	s.upsert(contact("w.1", nil))
	s.order(http.MethodPost, "/fields/drop", fields{"object": "Contact", "field": marker})

	r := s.call(http.MethodPatch, upsertPath, collection(contact("w.1", nil)))
	require.Equal(t, http.StatusNotFound, r.status)
	require.Equal(t, http.StatusCreated, s.call(http.MethodPost, "/tooling/sobjects/CustomField", fieldRequest("Contact")).status)
	set := s.rows("SELECT Id FROM PermissionSet WHERE Name = 'Lockstep'")[0]["Id"].(string)
	s.permit(set, "Contact")
	require.True(t, s.upsert(contact("w.1", nil))[0].Created, "the values went with the field")
}
