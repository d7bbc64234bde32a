package e2e_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// wire calls the CRM's API as the connected user, past Lockstep.
func (w *world) wire(t testing.TB, method, path, body string, answer any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.sandbox.Vendors[string(w.vendor.name)]+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+w.secrets[0])
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Less(t, resp.StatusCode, http.StatusBadRequest, "%s %s: %s", method, path, said)
	if answer != nil {
		require.NoError(t, json.Unmarshal(said, answer))
	}
}

// customField makes a field as an administrator of the CRM does, and returns its
// name. One with options takes several of them.
func (w *world) customField(t testing.TB, typ, name, help string, options ...string) string {
	t.Helper()
	if w.vendor.name == crm.HubSpot {
		return w.customProperty(t, typ, strings.ToLower(name), help, options)
	}
	name += "__c"
	metadata := map[string]any{"label": name + " of ours", "inlineHelpText": help, "type": "Text", "length": 100}
	if len(options) > 0 {
		var values []map[string]string
		for _, o := range options {
			values = append(values, map[string]string{"fullName": o, "label": "Option " + o})
		}
		metadata = map[string]any{"label": name + " of ours", "inlineHelpText": help, "type": "MultiselectPicklist", "valueSet": map[string]any{
			"restricted": true, "valueSetDefinition": map[string]any{"value": values},
		}}
	}
	field, err := json.Marshal(map[string]any{"FullName": typ + "." + name, "Metadata": metadata})
	require.NoError(t, err)
	const api = "/services/data/v63.0"
	w.wire(t, http.MethodPost, api+"/tooling/sobjects/CustomField", string(field), nil)
	var sets struct{ Records []struct{ ID string } }
	w.wire(t, http.MethodGet, api+"/query?q="+url.QueryEscape("SELECT Id FROM PermissionSet WHERE Name = 'Lockstep'"), "", &sets)
	w.wire(t, http.MethodPost, api+"/sobjects/FieldPermissions", fmt.Sprintf(
		`{"ParentId":%q,"SobjectType":%q,"Field":%q,"PermissionsRead":true,"PermissionsEdit":true}`, sets.Records[0].ID, typ, typ+"."+name), nil)
	return name
}

func (w *world) customProperty(t testing.TB, typ, name, help string, options []string) string {
	t.Helper()
	property := map[string]any{"name": name, "label": name + " of ours", "description": help, "groupName": "contactinformation", "type": "string", "fieldType": "text"}
	if len(options) > 0 {
		var values []map[string]any
		for i, o := range options {
			values = append(values, map[string]any{"value": o, "label": "Option " + o, "displayOrder": i})
		}
		property["type"], property["fieldType"], property["options"] = "enumeration", "checkbox", values
	}
	body, err := json.Marshal(property)
	require.NoError(t, err)
	w.wire(t, http.MethodPost, "/crm/v3/properties/"+typ, string(body), nil)
	return name
}

// schema returns what was discovered of a type, field by field.
func (d frontDoor) schema(t testing.TB, w *world, typ string) map[string]client.SchemaField {
	t.Helper()
	got, err := d.GetSchemaWithResponse(t.Context(), w.conn.ID, &client.GetSchemaParams{Type: typ})
	require.NoError(t, err)
	require.NotNil(t, got.JSON200, string(got.Body))
	fields := make(map[string]client.SchemaField, len(got.JSON200.Fields))
	for _, f := range got.JSON200.Fields {
		fields[f.Name] = f
	}
	return fields
}

// mapping returns the mapping of contacts, by our fields.
func (d frontDoor) mapping(t testing.TB, w *world) (m client.Mapping, targets map[string]string) {
	t.Helper()
	got, err := d.GetMappingWithResponse(t.Context(), w.conn.ID, nil)
	require.NoError(t, err)
	require.NotNil(t, got.JSON200, string(got.Body))
	targets = make(map[string]string)
	for _, rule := range got.JSON200.Rules {
		targets[rule.Field] = rule.Target
	}
	return *got.JSON200, targets
}

// FEATURES: C01, C02
func TestEveryFieldIsDiscoveredWithAllThatIsToKnowOfIt(t *testing.T) {
	t.Parallel()
	for typ, v := range map[string]struct {
		vendor vendor
		least  int
		email  client.SchemaField
	}{
		"contacts": {hubspot, 90, client.SchemaField{Name: "email", Label: "Email", Type: "email", Length: 65536, Options: []client.Option{}, Creatable: true, Updatable: true}},
		"Lead":     {salesforce, 40, client.SchemaField{Name: "Email", Label: "Email", Type: "email", Length: 80, Options: []client.Option{}, Creatable: true, Updatable: true}},
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			w := begin(t, options{vendor: v.vendor, target: typ})
			api := w.startAPI(t)
			before := api.schema(t, w, typ)
			require.GreaterOrEqual(t, len(before), v.least, "on the first connect, without anybody asking")
			require.Equal(t, v.email, before[v.email.Name])

			text := w.customField(t, typ, "Automatoir_Notes", "What was said.")
			several := w.customField(t, typ, "Interests", "One or more.", "a", "b")
			_, err := api.DiscoverConnectionWithResponse(t.Context(), w.conn.ID, nil)
			require.NoError(t, err)
			after := api.schema(t, w, typ)
			require.Len(t, after, len(before)+2, "once somebody opens the mapping again")
			require.Equal(t, client.SchemaField{
				Name: several, Label: several + " of ours", Description: "One or more.", Type: "multiselect",
				Options:    []client.Option{{Value: "a", Label: "Option a", Active: true}, {Value: "b", Label: "Option b", Active: true}},
				Restricted: true, Creatable: true, Updatable: true, Custom: true,
			}, after[several])
			require.Equal(t, "What was said.", after[text].Description)
			require.True(t, after[text].Custom)
			require.Equal(t, "text", after[text].Type)
		})
	}
}

// FEATURES: C03
func TestContactsAreMappedWithoutAnybodyDoingAnything(t *testing.T) {
	t.Parallel()
	for typ, v := range map[string]struct {
		vendor  vendor
		targets map[string]string
	}{
		"contacts": {hubspot, map[string]string{
			"first_name": "firstname", "last_name": "lastname", "email": "email", "phone": "phone", "mobile_phone": "mobilephone", "title": "jobtitle",
			"company": "company", "website": "website", "street": "address", "city": "city", "state": "state", "postal_code": "zip", "country": "country",
		}},
		"Contact": {salesforce, map[string]string{
			"first_name": "FirstName", "last_name": "LastName", "email": "Email", "phone": "Phone", "mobile_phone": "MobilePhone", "title": "Title",
			"street": "MailingStreet", "city": "MailingCity", "state": "MailingState", "postal_code": "MailingPostalCode", "country": "MailingCountry",
			"lead_source": "LeadSource", "description": "Description",
		}},
		"Lead": {salesforce, map[string]string{
			"first_name": "FirstName", "last_name": "LastName", "email": "Email", "phone": "Phone", "mobile_phone": "MobilePhone", "title": "Title",
			"company": "Company", "website": "Website", "street": "Street", "city": "City", "state": "State", "postal_code": "PostalCode", "country": "Country",
			"lead_source": "LeadSource", "description": "Description",
		}},
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			w := begin(t, options{vendor: v.vendor, target: typ, contacts: 3})
			m, targets := w.startAPI(t).mapping(t, w)
			require.Equal(t, v.targets, targets)
			require.Empty(t, m.Issues, "nothing that the CRM asks for is left out")
			w.imported(t)
			for _, r := range w.landed(t) {
				require.Equal(t, "Ada", r.Fields[targets["first_name"]])
				require.Contains(t, r.Fields[targets["email"]], "@example.com")
			}
		})
	}
}

// FEATURES: C04, C05, C06, C07
func TestWhatAPersonMapsIsSentFromThenOnUntilItIsReset(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 30})
		api := w.startAPI(t)
		w.imported(t)
		notes := w.customField(t, v.contact, "Automatoir_Notes", "")
		_, err := api.DiscoverConnectionWithResponse(t.Context(), w.conn.ID, nil)
		require.NoError(t, err)
		m, targets := api.mapping(t, w)
		title := targets["title"]

		custom, phone, stamp := "notes", "phone", "Always this"
		rules := []client.SaveRule{{Field: &custom, Target: notes}, {Fixed: &stamp, Target: title}, {Field: &phone, Target: targets["mobile_phone"]}}
		for _, rule := range m.Rules {
			if !slices.Contains([]string{"title", "phone", "mobile_phone"}, rule.Field) {
				rules = append(rules, client.SaveRule{Field: &rule.Field, Target: rule.Target})
			}
		}
		tag := fmt.Sprintf("%q", fmt.Sprint(m.Version))
		saved, err := api.SaveMappingWithResponse(t.Context(), w.conn.ID, &client.SaveMappingParams{IfMatch: &tag}, client.SaveMapping{Rules: rules})
		require.NoError(t, err)
		require.NotNil(t, saved.JSON200, string(saved.Body))
		require.EqualValues(t, 30, saved.JSON200.Records)
		w.load(t, contacts(30, 33)...)
		w.sync(t)
		require.Len(t, w.landed(t), 33)
		for external, r := range w.landed(t) {
			require.Equal(t, "planted-note", r.Fields[notes], "%s: an attribute of ours in a field of theirs", external)
			require.Equal(t, stamp, r.Fields[title], "%s: a fixed value", external)
			require.Equal(t, "+49 30 1234567", r.Fields[targets["mobile_phone"]], "%s: another field than usual", external)
		}
		w.requireLanded(t)

		reset, err := api.ResetMappingWithResponse(t.Context(), w.conn.ID, nil)
		require.NoError(t, err)
		require.Equal(t, m.Rules, reset.JSON200.Rules)
		w.load(t, contacts(33, 34)...)
		w.sync(t)
		last := w.stamped(t, "C-00033")
		require.Nil(t, last.Fields[notes])
		require.Nil(t, last.Fields[title])
		require.Equal(t, "+49 30 1234567", last.Fields[targets["phone"]])
	})
}

// FEATURES: I01, R02
func TestSkippedImportSendsWhatChangesAndAResyncTheRest(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 20})
		api := w.startAPI(t)
		choose := func(choice client.StartingPoint) *client.ChooseStartingPointResponse {
			chosen, err := api.ChooseStartingPointWithResponse(t.Context(), w.conn.ID, nil, client.ChooseStartingPoint{Choice: choice})
			require.NoError(t, err)
			return chosen
		}
		require.Nil(t, choose(client.StartingPointSkip).JSON200.RunID)
		require.Equal(t, http.StatusConflict, choose(client.StartingPointImport).StatusCode(), "it is chosen once")
		w.load(t, changed(contacts(0, 3), "Changed")...)
		w.load(t, contacts(20, 21)...)
		w.sync(t)
		require.Len(t, w.landed(t), 4)
		require.NotEmpty(t, w.stamped(t, "C-00020").ID)

		_, err := api.ResyncConnectionWithResponse(t.Context(), w.conn.ID, nil)
		require.NoError(t, err)
		w.eventually(t, "the resync", func() bool { return len(w.ended(t, lockstep.RunImport)) == 1 })
		require.Len(t, w.landed(t), 21)
		w.requireLanded(t)
	})
}

// FEATURES: L10, Q04
func TestContactWithoutAnAddressIsSkippedAndSaysWhy(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 5})
		nameless := contact("C-nobody", "", "Nobody")
		delete(nameless.Fields, "email")
		w.load(t, nameless)
		require.Equal(t, lockstep.Counts{Total: 6, Created: 5, Skipped: 1}, w.imported(t).Counts)
		skipped := string(lockstep.OutcomeSkipped)
		got, err := w.startAPI(t).ListEventsWithResponse(t.Context(), w.conn.ID, &client.ListEventsParams{Outcome: &skipped})
		require.NoError(t, err)
		require.Len(t, got.JSON200.Items, 1)
		event := got.JSON200.Items[0]
		require.Equal(t, "C-nobody", event.ExternalID)
		require.Empty(t, event.CRMID)
		require.Equal(t, string(lockstep.CodeMissingEmail), event.Problem.Code)
		require.Contains(t, strings.ToLower(event.Problem.Meaning), "e-mail")
		require.NotEmpty(t, event.Problem.Fix)
	})
}

// A login that has lost the right to make the field is what sandboxes can show
// of a user who never had it.
//
// FEATURES: A05
func TestUserWhoMayNotMakeTheFieldIsToldSo(t *testing.T) {
	t.Parallel()
	w := begin(t, options{vendor: hubspot})
	w.sim(t, http.MethodPost, "fields/drop", `{"object":"contacts","field":"lockstep_external_id"}`, nil)
	w.sim(t, http.MethodPut, "scopes", `{"withheld":["crm.schemas.contacts.write"]}`, nil)
	got, err := w.startAPI(t).DiscoverConnectionWithResponse(t.Context(), w.conn.ID, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusConflict, got.StatusCode())
	problem := got.ApplicationProblemJSONDefault
	require.Equal(t, string(crm.ReasonAccess), problem.Code)
	require.Equal(t, "Give the user the permission in the CRM, then retry.", problem.Fix)
}
