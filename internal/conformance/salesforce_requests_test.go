package conformance

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

const forceMarker = "Lockstep_External_Id__c"

// forceShapes are the calls that the adapter may make, each with the page that
// tells of it; an empty one has to be found among the recordings.
func forceShapes() map[string]string {
	return map[string]string{
		forceQuery:  "",
		forceUpdate: "",
		forceUpsert: "",
		"POST /services/data/{v}/sobjects/{object}": "",
		forceDescribe:                                          "urls.describe of every recorded describe",
		"GET /services/data/{v}/query/{locator}":               "nextRecordsUrl of read-list-leads.json",
		"GET /services/data/{v}/queryAll":                      "crm/salesforce.md §4",
		"PATCH /services/data/{v}/sobjects/{object}/{id}":      "crm/salesforce.md §3",
		"POST /services/data/{v}/tooling/sobjects/CustomField": "crm/salesforce.md §2",
		"POST /services/oauth2/revoke":                         "crm/salesforce.md §1",
		forceToken:                                             "crm/salesforce.md §1",
		forceUserInfo:                                          "crm/salesforce.md §1",
	}
}

// forceHeaders are the headers that a call of ours may have, with the page that
// tells of the vendor's own.
func forceHeaders() map[string]string {
	return map[string]string{
		"Authorization": "crm/salesforce.md §1", "Content-Type": "crm/salesforce.md §3",
		"Sforce-Auto-Assign": "developer.salesforce.com, api_rest headers_autoassign",
	}
}

// vocabulary is the fields that each object is known to have.
type vocabulary map[string]map[string]forceName

// forceName is what is known of a field.
type forceName struct {
	writable bool
	source   string
}

// unrecorded are the names of objects that no recording shows.
func unrecorded() map[string][]string {
	return map[string][]string{
		"User":             {"Id", "Name", "Email", "IsActive", "UserType"},                                  // crm/salesforce.md §5
		"PermissionSet":    {"Label", "Description"},                                                         // Object Reference, PermissionSet; WSDL v63 has both of the metadata type
		"FieldPermissions": {"Id", "ParentId", "SobjectType", "Field", "PermissionsRead", "PermissionsEdit"}, // Object Reference, FieldPermissions
	}
}

// words returns every name that the recordings have, and those of unrecorded.
func words(t *testing.T, b *bench) vocabulary {
	t.Helper()

	v := make(vocabulary)
	add := func(object, field string, n forceName) {
		if v[object] == nil {
			v[object] = make(map[string]forceName)
		}
		v[object][field] = n
	}
	for _, object := range []string{"Account", "Contact", "Lead", "Opportunity", "Event"} {
		var d struct {
			Name   string
			Fields []struct {
				Name                   string
				Createable, Updateable bool
			}
		}
		require.NoError(t, json.Unmarshal(b.specs.read(t, crm.Salesforce, "describe/"+object+".json"), &d))
		for _, f := range d.Fields {
			add(d.Name, f.Name, forceName{writable: f.Createable || f.Updateable, source: "describe"})
		}
		add(d.Name, forceMarker, forceName{writable: true, source: "provisioned"})
	}
	var organization map[string]any
	require.NoError(t, json.Unmarshal(b.specs.read(t, crm.Salesforce, "describe/_record_Organization.json"), &organization))
	for name := range organization {
		add("Organization", name, forceName{source: "record"})
	}
	var sets struct{ Records []map[string]any }
	require.NoError(t, json.Unmarshal(b.specs.read(t, crm.Salesforce, "amp-labs-fixtures/metadata/write/permission-set.json"), &sets))
	for name := range sets.Records[0] {
		add("PermissionSet", name, forceName{writable: true, source: "record"})
	}
	var refusal []struct{ Fields []string }
	require.NoError(t, json.Unmarshal(b.specs.read(t, crm.Salesforce, "amp-labs-fixtures/metadata/write/err-duplicate-permission-assignment.json"), &refusal))
	for _, name := range refusal[0].Fields {
		add("PermissionSetAssignment", name, forceName{writable: true, source: "error"})
	}
	for object, names := range unrecorded() {
		for _, name := range names {
			add(object, name, forceName{writable: true, source: "unrecorded"})
		}
	}
	return v
}

// customField returns the members of a custom field's metadata, from the WSDL.
func customField(t *testing.T, b *bench) []string {
	t.Helper()

	var wsdl struct {
		Metadata struct {
			Types map[string]struct{ Elements []struct{ Name string } }
		} `json:"metadata_v63"`
	}
	require.NoError(t, json.Unmarshal(b.specs.read(t, crm.Salesforce, "partner-wsdl-derived.json"), &wsdl))
	var names []string
	for _, e := range wsdl.Metadata.Types["CustomField"].Elements {
		names = append(names, e.Name)
	}
	require.NotEmpty(t, names)
	return names
}

// forceTongue is what requests are held against.
type forceTongue struct {
	part     string
	bench    *bench
	words    vocabulary
	metadata []string
	recorded map[string]recording
}

// salesforceRequests holds every request of the adapter against what is
// recorded: the shapes of paths, objects and fields by name, members of bodies,
// headers.
func salesforceRequests(t *testing.T, b *bench) {
	t.Helper()

	f := forceTongue{
		part: "Salesforce requests", bench: b, words: words(t, b), metadata: customField(t, b),
		recorded: b.specs.recordings(t, crm.Salesforce),
	}
	for _, c := range drive(t, b, crm.Salesforce) {
		operation := f.shape(t, c)
		f.header(t, c)
		switch {
		case c.url.Query().Has("q"):
			f.soql(t, c.url.Query().Get("q"))
		case operation == forceUpdate || operation == forceUpsert:
			f.collection(t, c)
		case strings.HasSuffix(c.path(), "/tooling/sobjects/CustomField"):
			f.customField(t, c)
		case strings.Contains(c.path(), "/sobjects/") && len(c.body) > 0:
			var record map[string]any
			require.NoError(t, json.Unmarshal(c.body, &record))
			f.record(t, strings.Split(c.path(), "/")[5], record)
		}
		b.report.count(f.part, "requests whose path, names, members and headers are known", 1)
	}
	for object, names := range unrecorded() {
		for _, name := range names {
			b.report.leaveOut(f.part, "no recording shows these names; they are from the vendor's Object Reference", object+"."+name)
		}
	}
}

// shape holds the form of a path and returns its operation.
func (f forceTongue) shape(t *testing.T, c call) string {
	t.Helper()

	for operation, page := range forceShapes() {
		if !made(operation, c.method, c.path()) {
			continue
		}
		if page == "" {
			require.True(t, slices.ContainsFunc(slices.Collect(maps.Values(f.recorded)), func(r recording) bool {
				return made(operation, r.method, r.path)
			}), "no recording of %s", operation)
		}
		if rest, ok := strings.CutPrefix(c.path(), "/services/data/"); ok {
			require.True(t, strings.HasPrefix(rest, "v63.0/"), "one version of the API: %s", c.path())
		}
		return operation
	}
	require.Fail(t, "no document tells of "+c.method+" "+c.path())
	return ""
}

func (f forceTongue) header(t *testing.T, c call) {
	t.Helper()

	for name := range c.header {
		require.Contains(t, forceHeaders(), name)
	}
	if c.method == http.MethodPost && strings.HasPrefix(c.path(), "/services/oauth2/") {
		require.Empty(t, c.header.Get("Authorization"), "no access token goes where tokens are made and revoked")
		require.Equal(t, "application/x-www-form-urlencoded", c.header.Get("Content-Type"))
		return
	}
	require.True(t, strings.HasPrefix(c.header.Get("Authorization"), "Bearer "))
	if len(c.body) > 0 {
		require.True(t, strings.HasPrefix(c.header.Get("Content-Type"), "application/json"))
	}
	if value := c.header.Get("Sforce-Auto-Assign"); value != "" {
		require.Contains(t, []string{"TRUE", "FALSE"}, value)
		require.NotEqual(t, http.MethodGet, c.method)
	}
}

// known holds a name of an object's field.
func (f forceTongue) known(t *testing.T, object, field string) forceName {
	t.Helper()

	require.Contains(t, f.words, object, "no document names the object")
	require.Contains(t, f.words[object], field, "no document names the field of %s", object)
	n := f.words[object][field]
	if n.source != "unrecorded" {
		f.bench.report.count(f.part, "names of fields, each found in a recording", 1)
	}
	return n
}

// soql holds the names of a query.
func (f forceTongue) soql(t *testing.T, q string) {
	t.Helper()

	m := regexp.MustCompile(`^SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: LIMIT \d+)?$`).FindStringSubmatch(q)
	require.NotNil(t, m, "an unfamiliar form of query")
	object := m[2]
	if m[1] != "COUNT()" {
		for name := range strings.SplitSeq(m[1], ",") {
			f.known(t, object, strings.TrimSpace(name))
		}
	}
	condition := regexp.MustCompile(`'(?:[^'\\]|\\.)*'`).ReplaceAllString(m[3], "")
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(condition, -1) {
		if !slices.Contains([]string{"IN", "AND", "OR", "NOT", "true", "false", "null"}, word) {
			f.known(t, object, word)
		}
	}
}

// collection holds a call that writes records (crm/salesforce.md §3): at most
// 200, each for itself, with its type and the field that it is matched by.
func (f forceTongue) collection(t *testing.T, c call) {
	t.Helper()

	const most = 200
	var sent map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(c.body, &sent))
	require.Equal(t, []string{"allOrNone", "records"}, slices.Sorted(maps.Keys(sent)), "the members that are recorded")
	require.JSONEq(t, "false", string(sent["allOrNone"]))
	var records []map[string]any
	require.NoError(t, json.Unmarshal(sent["records"], &records))
	require.LessOrEqual(t, len(records), most)
	path := strings.Split(strings.TrimPrefix(c.path(), "/services/data/v63.0/composite/sobjects"), "/")
	for _, record := range records {
		attributes, _ := record["attributes"].(map[string]any)
		require.Equal(t, []string{"type"}, slices.Sorted(maps.Keys(attributes)))
		object, _ := attributes["type"].(string)
		delete(record, "attributes")
		if len(path) > 2 {
			require.Equal(t, path[1], object, "one type a call")
			require.NotEmpty(t, record[path[2]])
			require.NotContains(t, record, "Id")
		} else {
			require.NotEmpty(t, record["Id"])
			delete(record, "Id")
		}
		f.record(t, object, record)
	}
}

// record holds the names of a record that is written.
func (f forceTongue) record(t *testing.T, object string, record map[string]any) {
	t.Helper()

	for name := range record {
		require.True(t, f.known(t, object, name).writable, "%s.%s is read-only in the recorded describe", object, name)
	}
}

// customField holds the members of a field that is made.
func (f forceTongue) customField(t *testing.T, c call) {
	t.Helper()

	var sent struct {
		FullName string
		Metadata map[string]any
	}
	var members map[string]any
	require.NoError(t, json.Unmarshal(c.body, &members))
	require.Equal(t, []string{"FullName", "Metadata"}, slices.Sorted(maps.Keys(members)), "crm/salesforce.md §2")
	require.NoError(t, json.Unmarshal(c.body, &sent))
	require.True(t, strings.HasSuffix(sent.FullName, "."+forceMarker), sent.FullName)
	for name := range sent.Metadata {
		require.Contains(t, f.metadata, name, "no element of the WSDL's CustomField")
		f.bench.report.count(f.part, "names of metadata, each found in the WSDL", 1)
	}
}
