package conformance

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/require"
)

// paper is one operation that a document describes.
type paper struct {
	document  string
	template  string // of the path
	operation *openapi3.Operation
}

// papers returns HubSpot's documents by operation, such as "POST
// /crm/v3/objects/contacts/batch/read". Members that a document does not name
// are refused by its schemas from here on.
func papers(t *testing.T, s specs) map[string]paper {
	t.Helper()

	all := make(map[string]paper)
	files, err := filepath.Glob(filepath.Join(string(s), "hubspot", "openapi-derived", "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		document, err := openapi3.NewLoader().LoadFromData(raw)
		require.NoError(t, err)
		for _, schema := range document.Components.Schemas {
			closeSchema(schema)
		}
		for template, item := range document.Paths.Map() {
			for method, operation := range item.Operations() {
				closeBody(operation)
				all[method+" "+template] = paper{document: filepath.Base(file), template: template, operation: operation}
			}
		}
	}
	return all
}

// closeSchema has an object refuse members that it does not name. References are
// closed where they lead.
func closeSchema(ref *openapi3.SchemaRef) {
	if ref == nil || ref.Value == nil || ref.Ref != "" {
		return
	}
	s := ref.Value
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
		closed := false
		s.AdditionalProperties.Has = &closed
	}
	for _, p := range s.Properties {
		closeSchema(p)
	}
	closeSchema(s.Items)
	closeSchema(s.AdditionalProperties.Schema)
}

func closeBody(operation *openapi3.Operation) {
	if operation.RequestBody == nil || operation.RequestBody.Value == nil {
		return
	}
	for _, media := range operation.RequestBody.Value.Content {
		closeSchema(media.Schema)
	}
}

// of returns the paper that a call is held against: the one of its own object
// before the one for all objects.
func (c call) paper(all map[string]paper) (paper, bool) {
	if p, ok := all[c.method+" "+c.path()]; ok {
		return p, true
	}
	var fitting []string
	for operation := range all {
		if made(operation, c.method, c.path()) {
			fitting = append(fitting, operation)
		}
	}
	if len(fitting) == 0 {
		return paper{}, false
	}
	least := func(a, b string) int { return strings.Count(a, "{") - strings.Count(b, "{") }
	return all[slices.MinFunc(fitting, least)], true
}

// holds fails unless the document takes the call: its query parameters by name
// and type, its body member by member.
func (p paper) holds(t *testing.T, c call) {
	t.Helper()

	query := c.url.Query()
	for name, values := range query {
		parameter := p.operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
		require.NotNil(t, parameter, "%s names no query parameter %s", p.document, name)
		for _, value := range values {
			require.NoError(t, parameter.Schema.Value.VisitJSON(typed(parameter.Schema.Value, value)), name)
		}
	}
	for _, ref := range p.operation.Parameters {
		if ref.Value.Required && ref.Value.In == openapi3.ParameterInQuery {
			require.Contains(t, query, ref.Value.Name)
		}
	}
	body := p.operation.RequestBody
	if body == nil || body.Value == nil {
		require.Empty(t, c.body, "%s takes no body", p.document)
		return
	}
	kind, _, _ := strings.Cut(c.header.Get("Content-Type"), ";")
	media := body.Value.Content[kind]
	require.NotNil(t, media, "%s takes no %q", p.document, kind)
	require.NoError(t, media.Schema.Value.VisitJSON(content(t, kind, c.body), openapi3.VisitAsRequest(), openapi3.MultiErrors()), p.document)
}

// typed reads a query parameter as its schema says.
func typed(schema *openapi3.Schema, value string) any {
	if schema.Type.Is("string") {
		return value
	}
	if schema.Type.Is("array") {
		return []any{value}
	}
	var v any
	if json.Unmarshal([]byte(value), &v) != nil {
		return value
	}
	return v
}

// content reads a body: JSON, or a form as an object of texts.
func content(t *testing.T, kind string, body []byte) any {
	t.Helper()

	if kind == "application/x-www-form-urlencoded" {
		form, err := url.ParseQuery(string(body))
		require.NoError(t, err)
		values := make(map[string]any)
		for name := range form {
			values[name] = form.Get(name)
		}
		return values
	}
	var v any
	require.NoError(t, json.Unmarshal(body, &v))
	return v
}
