package e2e_test

import (
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/stretchr/testify/require"
)

// operation is one of the API's document.
type operation struct {
	id     string
	method string
	path   string // as the document writes it
	params []*openapi3.Parameter
	body   *openapi3.RequestBody
	open   bool // it takes no key
	route  *routers.Route
	weight int // how often it is asked, beside others
}

// readDocument returns the API's document, and its operations in order.
func readDocument(t *testing.T) []*operation {
	t.Helper()
	spec, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "..", "api", "rest", "openapi.yaml"))
	require.NoError(t, err)
	closeSchemas(spec)
	var ops []*operation
	for _, path := range slices.Sorted(maps.Keys(spec.Paths.Map())) {
		item := spec.Paths.Value(path)
		for _, method := range slices.Sorted(maps.Keys(item.Operations())) {
			op := item.Operations()[method]
			o := &operation{
				id: op.OperationID, method: method, path: path, open: op.Security != nil && len(*op.Security) == 0, weight: 10,
				route: &routers.Route{Spec: spec, Server: spec.Servers[0], Path: path, PathItem: item, Method: method, Operation: op},
			}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				o.params = append(o.params, p.Value)
			}
			if op.RequestBody != nil {
				o.body = op.RequestBody.Value
			}
			if w, ok := seldom[o.id]; ok {
				o.weight = w
			}
			ops = append(ops, o)
		}
	}
	return ops
}

// seldom are the operations that are asked more seldom than others, since they
// make what stays, take their time, or end what others need.
var seldom = map[string]int{
	"createConnection": 1, "createKey": 4, "disconnectConnection": 6, "discoverConnection": 2, "sendTestContact": 2, "resyncConnection": 2,
	"chooseStartingPoint": 4, "authorizeConnection": 4, "followRun": 4, "loadRecords": 20, "saveMapping": 20, "listRecords": 20,
}

// closeSchemas has an answer with a member that the document does not name be a
// fault, where the document lets that be said: not in what is put together.
func closeSchemas(spec *openapi3.T) {
	joined := make(map[string]bool)
	for _, ref := range spec.Components.Schemas {
		for _, part := range ref.Value.AllOf {
			joined[strings.TrimPrefix(part.Ref, "#/components/schemas/")] = true
		}
	}
	shut := false
	for name, ref := range spec.Components.Schemas {
		s := ref.Value
		if !joined[name] && len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
			s.AdditionalProperties = openapi3.AdditionalProperties{Has: &shut}
		}
	}
}

// documents tells whether the operation's own document names a status, and not
// only says what problems look like.
func (o *operation) documents(status int) bool {
	return o.route.Operation.Responses.Status(status) != nil
}

// allows tells whether the document lets a role ask for the operation.
func (o *operation) allows(role string) bool {
	if o.open {
		return true
	}
	admins := strings.HasPrefix(o.path, "/v1/keys") || strings.HasPrefix(o.path, "/v1/alerts") || strings.HasPrefix(o.path, "/v1/audit")
	switch {
	case role == "admin":
		return true
	case admins:
		return false
	case o.method == http.MethodGet:
		return true
	case o.id == "loadRecords":
		return role != "spectator"
	}
	return role != "spectator" && role != "standard"
}

// parameter returns which segment of the path is an id, or -1.
func (o *operation) parameter() int {
	return slices.IndexFunc(strings.Split(o.path, "/"), func(s string) bool { return strings.HasPrefix(s, "{") })
}

// matches tells whether a path is one of the operation's.
func (o *operation) matches(path string) bool {
	want, got := strings.Split(o.path, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, w := range want {
		if w != got[i] && (!strings.HasPrefix(w, "{") || got[i] == "") {
			return false
		}
	}
	return true
}
