package e2e_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// spoiled is a value with something wrong in it.
type spoiled struct {
	value   any
	what    string
	refused bool // by the schema
}

// spoil makes one thing wrong in what a schema allows, at a place that the draw
// decides.
func spoil(draw *rand.Rand, s *openapi3.Schema, v any) spoiled {
	members, isObject := v.(map[string]any)
	items, isArray := v.([]any)
	switch {
	case isObject && len(members) > 0 && len(s.Properties) > 0 && draw.IntN(3) > 0:
		names := slices.DeleteFunc(slices.Sorted(maps.Keys(members)), func(name string) bool { return s.Properties[name] == nil })
		if len(names) == 0 {
			break
		}
		name := names[draw.IntN(len(names))]
		inner := spoil(draw, s.Properties[name].Value, members[name])
		out := maps.Clone(members)
		out[name] = inner.value
		return spoiled{out, name + ": " + inner.what, inner.refused}
	case isArray && len(items) > 0 && draw.IntN(4) > 0:
		i := draw.IntN(len(items))
		inner := spoil(draw, s.Items.Value, items[i])
		out := slices.Clone(items)
		out[i] = inner.value
		return spoiled{out, "an item: " + inner.what, inner.refused}
	}
	choices := slices.Concat(mistyped(s), oddities(s, v))
	return choices[draw.IntN(len(choices))]
}

// mistyped returns values of each type that a schema does not allow.
func mistyped(s *openapi3.Schema) []spoiled {
	var out []spoiled
	for kind, v := range map[string]any{
		"string": "text", "integer": json.RawMessage("7"), "boolean": true, "array": []any{map[string]any{}}, "object": map[string]any{"a": 1}, "null": nil,
		"number": json.RawMessage("1.5"),
	} {
		whole := kind == "integer" && s.Type.Includes("number")
		if !s.Type.IsEmpty() && !s.Type.Includes(kind) && !whole {
			out = append(out, spoiled{v, kind + " instead", true})
		}
	}
	slices.SortFunc(out, func(a, b spoiled) int { return strings.Compare(a.what, b.what) })
	return out
}

// oddities returns values of the type that a schema wants that it does not
// allow, and such as it may not have thought of.
func oddities(s *openapi3.Schema, v any) []spoiled {
	raw := func(text string) any { return json.RawMessage(text) }
	switch {
	case s.Type.Includes("string"):
		out := []spoiled{
			{"", "empty", s.MinLength > 0 || len(s.Enum) > 0},
			{raw(`"\u0000"`), "NUL", true},
			{raw(`"a\ud800b"`), "half a surrogate", len(s.Enum) > 0},
			{raw("\"\xff\xfe\""), "no UTF-8", len(s.Enum) > 0},
			{raw(`"\u001b[31m\r\n\t\b"`), "control characters", len(s.Enum) > 0},
			{strings.Repeat("z", 200_000), "very long", s.MaxLength != nil || len(s.Enum) > 0},
			{"nonesuch", "unknown", len(s.Enum) > 0},
		}
		if s.MaxLength != nil {
			out = append(out, spoiled{strings.Repeat("ü", int(*s.MaxLength)), "as long as can be", false}, spoiled{strings.Repeat("ü", int(*s.MaxLength)+1), "too long by one", true})
		}
		return out
	case s.Type.Includes("integer"):
		out := []spoiled{{raw("1e400"), "beyond numbers", true}, {raw("99999999999999999999"), "beyond 64 bits", true}, {raw("-0"), "minus nought", s.Min != nil && *s.Min > 0}, {raw("1e2"), "with an exponent", false}}
		if s.Max != nil {
			out = append(out, spoiled{int64(*s.Max) + 1, "above the most", true})
		}
		if s.Min != nil {
			out = append(out, spoiled{int64(*s.Min) - 1, "below the least", true})
		}
		return out
	case s.Type.Includes("boolean"):
		return []spoiled{{"true", "a word", true}, {raw("0"), "nought", true}}
	case s.Type.Includes("array"):
		items, _ := v.([]any)
		many := make([]any, 1001)
		for i := range many {
			many[i] = map[string]any{"target": "Email", "field": "email"}
		}
		return []spoiled{{many, "too many items", s.MaxItems != nil}, {append(slices.Clone(items), nil), "a null beside", true}, {append(slices.Clone(items), items...), "everything twice", false}, {[]any{}, "empty", s.MinItems > 0}}
	}
	return oddObjects(s, v)
}

func oddObjects(s *openapi3.Schema, v any) []spoiled {
	members, _ := v.(map[string]any)
	shut := s.AdditionalProperties.Has != nil && !*s.AdditionalProperties.Has
	with := func(name string, value any) map[string]any {
		out := maps.Clone(members)
		if out == nil {
			out = make(map[string]any)
		}
		out[name] = value
		return out
	}
	out := []spoiled{
		{with("unexpected", 1), "a member beside", shut},
		{with("", "x"), "a member without a name", shut},
		{with("__proto__", map[string]any{"role": "admin"}), "a prototype", shut},
		{with("id", "00000000-0000-0000-0000-000000000000"), "an id beside", shut},
		{with("workspace_id", "x"), "a workspace beside", shut},
		{with("a\u0000b", "x"), "a member with NUL", shut},
		{map[string]any{}, "nothing in it", len(s.Required) > 0 || s.MinProps > 0},
	}
	for _, name := range s.Required {
		if less := maps.Clone(members); less != nil {
			delete(less, name)
			out = append(out, spoiled{less, "without " + name, true})
		}
	}
	return out
}

// notJSON are bodies that are no JSON, or none that means anything.
var notJSON = []string{
	"", " ", "{", "}", "[", "null", "[]", "0", `""`, "true", "{}}", "{} {}", `{"a":}`, `{'a': 1}`, "\xef\xbb\xbf{}", "\xff\xfe{\x00}\x00", "\x00", "{\"a\": \"\x01\"}", "NaN", "<a/>",
	"a=b&c=d", strings.Repeat("[", 20_000), strings.Repeat(`{"a":`, 20_000), `{"a": 1, "a": 2}`, "// x\n{}", "{\"vendor\": \"salesforce\"",
}
