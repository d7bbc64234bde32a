package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// FEATURES: C02
func TestFieldsAreListedWithAllThatIsToKnow(t *testing.T) {
	t.Parallel()

	schema := client.Schema{Type: "Contact", Fields: []client.SchemaField{
		{Name: "Interests__c", Label: "Interests", Type: "multiselect", Description: "One or more.", Custom: true, Creatable: true, Updatable: true, Options: []client.Option{
			{Value: "a"}, {Value: "b"}, {Value: "c"}, {Value: "d"}, {Value: "e"}, {Value: "f"}, {Value: "g"},
		}},
		{Name: "Name", Label: "Full Name", Type: "text"},
	}}
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"GET /v1/connections/{id}/mapping": always(client.Mapping{Type: "Contact"}),
		"GET /v1/connections/{id}/schema":  always(schema),
	})
	code, stdout, stderr := cli(t, env, "fields")
	require.Equal(t, exitOK, code, stderr)
	require.Regexp(t, `Interests__c +Interests +multiselect +custom; of a, b, c, d, e, and 2 more; One or more\.`, stdout)
	require.Regexp(t, `Name +Full Name +text +cannot be written`, stdout)
	require.Contains(t, stdout, "2 fields on Contact.")
}
