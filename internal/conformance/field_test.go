package conformance

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// describes is those fields among others, by name, label, type and whether they
// are written.
func describes(want ...crm.Field) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		got := described(t, s)
		for _, w := range want {
			g, ok := got[w.Name]
			require.True(t, ok, w.Name)
			got := crm.Field{Name: g.Name, Label: g.Label, Type: g.Type, Creatable: g.Creatable, Updatable: g.Updatable}
			require.Equal(t, w, got)
		}
	}
}

// requires is exactly those required fields.
func requires(want ...string) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		var got []string
		for name, f := range described(t, s) {
			if f.Required {
				got = append(got, name)
			}
		}
		require.ElementsMatch(t, want, got)
	}
}

// described returns the fields by name.
func described(t *testing.T, s scene) map[string]crm.Field {
	t.Helper()

	require.NoError(t, s.err)
	list, _ := s.got.([]crm.Field)
	all := make(map[string]crm.Field, len(list))
	for _, f := range list {
		require.NotContains(t, all, f.Name)
		all[f.Name] = f
	}
	return all
}

// fieldRule is what a described field has to become.
type fieldRule struct {
	name, label string
	types       []crm.FieldType
	creatable   bool
	updatable   bool
	unique      bool
	custom      bool
	required    *bool        // nil where it stands elsewhere
	options     []crm.Option // nil where the field has none
	hidden      bool         // may be left out
}

// describesByRule is every field of the answer that was served, each as rule
// says.
func describesByRule(rule func(t *testing.T, raw json.RawMessage) fieldRule) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		got := described(t, s)
		var served struct{ Results, Fields []json.RawMessage }
		require.NoError(t, json.Unmarshal(s.served, &served))
		all := append(served.Results, served.Fields...)
		require.NotEmpty(t, all)
		for _, raw := range all {
			want := rule(t, raw)
			f, ok := got[want.name]
			if !ok && want.hidden {
				continue
			}
			require.True(t, ok, "%s is missing", want.name)
			require.Equal(t, want.label, f.Label, want.name)
			require.Contains(t, want.types, f.Type, want.name)
			require.Equal(t, want.creatable, f.Creatable, "%s creatable", want.name)
			require.Equal(t, want.updatable, f.Updatable, "%s updatable", want.name)
			require.Equal(t, want.unique, f.Unique, "%s unique", want.name)
			require.Equal(t, want.custom, f.Custom, "%s custom", want.name)
			if want.required != nil {
				require.Equal(t, *want.required, f.Required, "%s required", want.name)
			}
			if f.Type == crm.TypePicklist || f.Type == crm.TypeMultiselect {
				require.Equal(t, want.options, slices.Clone(f.Options), "%s options", want.name)
			}
		}
	}
}
