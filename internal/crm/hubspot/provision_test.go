package hubspot

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

const (
	propertyPath = "/crm/properties/2026-03/contacts/lockstep_external_id"
	right        = `{"name":"lockstep_external_id","label":"Lockstep External Id","type":"string","fieldType":"text","hasUniqueValue":true,"calculated":false,"modificationMetadata":{"readOnlyValue":false}}`
)

func TestPropertyOfOtherAttributesIsLeftAlone(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct{ swap, with, says string }{
		"right":      {},
		"type":       {`"type":"string"`, `"type":"number"`, "not a text"},
		"unique":     {`"hasUniqueValue":true`, `"hasUniqueValue":false`, "not unique"},
		"read-only":  {`"readOnlyValue":false`, `"readOnlyValue":true`, "read-only"},
		"calculated": {`"calculated":false`, `"calculated":true`, "read-only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != propertyPath {
					t.Errorf("called %s %s", r.Method, r.URL.Path)
				}
				answering(200, strings.Replace(right, tc.swap, tc.with, 1))(w, r)
			})
			err := c.Provision(t.Context(), contacts)
			if tc.says == "" {
				require.NoError(t, err)
				return
			}
			var e *crm.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, crm.KindInvalid, e.Kind)
			require.Equal(t, crm.ReasonExternalID, e.Reason)
			require.Equal(t, "contacts.lockstep_external_id is "+tc.says+".", e.Message)
		})
	}
}

// TestPropertyIsMadeOnce has an account without the property, one in which
// somebody else is faster, and one in which its name is taken by an archived
// one.
//
// FEATURES: C10
func TestPropertyIsMadeOnce(t *testing.T) {
	t.Parallel()

	const notFoundBody = `{"status":"error","message":"No property","category":"OBJECT_NOT_FOUND"}`
	const taken = `{"status":"error","message":"A property named 'lockstep_external_id' already exists.","category":"OBJECT_ALREADY_EXISTS","subCategory":"Properties.PROPERTY_WITH_NAME_EXISTS"}`
	for name, tc := range map[string]struct {
		status int
		made   bool
		want   crm.Kind
	}{
		"made":            {201, true, ""},
		"somebody faster": {409, true, ""},
		"archived":        {409, false, crm.KindForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			there := false
			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodGet && there:
					answering(200, right)(w, r)
				case r.Method == http.MethodGet:
					answering(404, notFoundBody)(w, r)
				default:
					there = tc.made
					body, _ := io.ReadAll(r.Body)
					const want = `{"name":"lockstep_external_id","label":"Lockstep External Id","description":"Identifies the record in Lockstep, which writes this property. Do not change it.","type":"string","fieldType":"text","groupName":"contactinformation","hasUniqueValue":true}`
					if r.URL.Path != "/crm/properties/2026-03/contacts" || !equalJSON(want, string(body)) {
						t.Errorf("%s %s", r.URL.Path, body)
					}
					answering(tc.status, map[int]string{201: right, 409: taken}[tc.status])(w, r)
				}
			})
			require.Equal(t, tc.want, crm.KindOf(c.Provision(t.Context(), contacts)))
			if tc.want == "" {
				require.NoError(t, c.Provision(t.Context(), contacts))
			}
		})
	}
}

// FEATURES: A05
func TestUserWithoutTheRightIsForbidden(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			answering(404, `{}`)(w, r)
			return
		}
		answering(403, `{"status":"error","message":"One or more of the following scopes are required.","context":{"requiredGranularScopes":["crm.schemas.contacts.write"]},"category":"MISSING_SCOPES"}`)(w, r)
	})
	require.Equal(t, crm.KindForbidden, crm.KindOf(c.Provision(t.Context(), contacts)))
}

func TestTypesThatCannotBeProvisioned(t *testing.T) {
	t.Parallel()

	c := connect(t, answering(404, `{}`))
	require.Equal(t, crm.KindUnsupported, crm.KindOf(c.Provision(t.Context(), "tickets")))
	require.Equal(t, crm.KindInternal, crm.KindOf(c.Provision(t.Context(), "contacts/x")))
	_, err := c.Fields(t.Context(), "contacts/x")
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
}

// FEATURES: C01
func TestFieldsAreThoseOfTheType(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/crm/properties/2026-03/deals" {
			t.Errorf("asked for %s", r.URL)
		}
		answering(200, `{"results":[{"name":"dealname","label":"Deal Name","type":"string","fieldType":"text","hubspotDefined":true}]}`)(w, r)
	})
	fields, err := c.Fields(t.Context(), deals)
	require.NoError(t, err)
	require.Equal(t, []crm.Field{{Name: "dealname", Label: "Deal Name", Type: crm.TypeText, Length: 65536, Required: true, Creatable: true, Updatable: true}}, fields)
}
