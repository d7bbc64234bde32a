package salesforce

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

const describePath = "/services/data/v63.0/sobjects/Lead/describe"

func TestFieldOfOtherAttributesIsLeftAlone(t *testing.T) {
	t.Parallel()

	const right = `"name":"Lockstep_External_Id__c","type":"string","length":64,"unique":true,"caseSensitive":true,"externalId":true,"createable":true,"updateable":true`
	for name, tc := range map[string]struct{ swap, with, says string }{
		"right":      {},
		"type":       {`"type":"string"`, `"type":"double"`, "not a text field"},
		"length":     {`"length":64`, `"length":18`, "shorter than 64 characters"},
		"unique":     {`"unique":true`, `"unique":false`, "not unique"},
		"case":       {`"caseSensitive":true`, `"caseSensitive":false`, "not case-sensitive"},
		"externalId": {`"externalId":true`, `"externalId":false`, "not an external id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != describePath {
					t.Errorf("called %s %s", r.Method, r.URL.Path)
				}
				answering(200, `{"fields":[{`+strings.Replace(right, tc.swap, tc.with, 1)+`}]}`)(w, r)
			})
			err := c.Provision(t.Context(), "Lead")
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			var e *crm.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, crm.KindInvalid, e.Kind)
			require.Equal(t, crm.ReasonExternalID, e.Reason)
			require.Equal(t, "Lead.Lockstep_External_Id__c is "+tc.says+".", e.Message)
		})
	}
}

// FEATURES: A05
func TestUserWithoutTheRightIsForbidden(t *testing.T) {
	t.Parallel()

	for _, answer := range []http.HandlerFunc{
		answering(404, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`),
		answering(403, `[{"errorCode":"INSUFFICIENT_ACCESS","message":"insufficient access rights"}]`),
		answering(400, `[{"errorCode":"INVALID_TYPE","message":"sObject type 'CustomField' is not supported."}]`),
	} {
		c := connect(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == describePath {
				answering(200, `{"fields":[]}`)(w, r)
				return
			}
			answer(w, r)
		})
		require.Equal(t, crm.KindForbidden, crm.KindOf(c.Provision(t.Context(), "Lead")))
	}
}

// TestProvisioningGoesOnWhereItStopped has an org in which some of the steps
// were done before, by a run that was cut off or by another worker.
//
// FEATURES: C10
func TestProvisioningGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()

	for done := range 1 << 5 {
		o := &org{field: done&1 > 0, set: done&2 > 0, readable: done&4 > 0, granted: done&8 > 0, assigned: done&16 > 0}
		if !o.set && (o.readable || o.granted || o.assigned) || o.granted && !o.readable {
			continue // cannot be
		}
		t.Run(fmt.Sprintf("%+v", *o), func(t *testing.T) {
			t.Parallel()

			c := connect(t, o.serve)
			c.userID = "005"
			require.NoError(t, c.Provision(t.Context(), "Lead"))
			require.True(t, o.field && o.set && o.granted && o.assigned)
		})
	}
}

// org is as much of an org as provisioning sees. A describe shows the field to
// those who may read it.
type org struct {
	field, set, readable, granted, assigned bool
}

func (o *org) serve(w http.ResponseWriter, r *http.Request) {
	create := func(done *bool, code string) {
		if *done {
			answering(400, `[{"errorCode":"`+code+`","message":"there already"}]`)(w, r)
			return
		}
		*done = true
		answering(201, `{"id":"0PSak00000M9uBBGAZ","success":true,"errors":[]}`)(w, r)
	}
	list := func(there bool, row string) {
		if !there {
			row = ""
		}
		answering(200, `{"done":true,"records":[`+row+`]}`)(w, r)
	}
	soql := r.URL.Query().Get("q")
	switch {
	case r.URL.Path == describePath:
		fields := `{"fields":[]}`
		if o.field && o.granted && o.assigned {
			fields = `{"fields":[{"name":"Lockstep_External_Id__c","type":"string","length":64,"unique":true,"caseSensitive":true,"externalId":true,"createable":true,"updateable":true}]}`
		}
		answering(200, fields)(w, r)
	case strings.HasSuffix(r.URL.Path, "/tooling/sobjects/CustomField"):
		create(&o.field, "DUPLICATE_DEVELOPER_NAME")
	case strings.HasSuffix(r.URL.Path, "/sobjects/PermissionSet"):
		create(&o.set, "DUPLICATE_DEVELOPER_NAME")
	case strings.HasSuffix(r.URL.Path, "/sobjects/FieldPermissions"):
		create(&o.granted, "DUPLICATE_VALUE")
	case strings.HasSuffix(r.URL.Path, "/sobjects/PermissionSetAssignment"):
		create(&o.assigned, "DUPLICATE_VALUE")
	case strings.HasSuffix(r.URL.Path, "/sobjects/FieldPermissions/01k"):
		o.granted = true
		answering(204, "")(w, r)
	case strings.Contains(soql, "FROM PermissionSet WHERE"):
		list(o.set, `{"Id":"0PSak00000M9uBBGAZ","Name":"Lockstep"}`)
	case strings.Contains(soql, "FROM FieldPermissions"):
		list(o.readable, fmt.Sprintf(`{"Id":"01k","PermissionsRead":true,"PermissionsEdit":%t}`, o.granted))
	default:
		answering(404, `[{"errorCode":"NOT_FOUND"}]`)(w, r)
	}
}
