package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// values makes generators of what the document's schemas allow. What they draw
// is of use to its party as often as not: ids that are there, fields that the
// CRM has.
type values struct {
	party *party

	mu   sync.Mutex
	made map[string]*rapid.Generator[any]
}

// knownAs are the kinds of the corpus that a parameter or a member of a body is
// one of.
var knownAs = map[string]string{
	"connection_id": "connection", "run_id": "run", "key_id": "key", "ticket": "ticket",
	"listEvents.before": "listEvents.next", "listAudit.before": "listAudit.next",
	"listRecords.after": "record", "listFailed.after": "record",
	"listEvents.run": "run", "listEvents.record": "record", "listAudit.target": "target",
	"listEvents.problem": "code", "listFailed.problem": "code", "problem": "code",
	"getSchema.type": "type", "If-Match": "etag", "owner_id": "owner", "target": "field", "version": "version",
}

// knownOf are values that mean something to the API, of those parameters and
// members that the corpus has nothing for.
var knownOf = map[string][]string{
	"vendor": {"salesforce", "hubspot"}, "contact": {"Contact", "Lead"}, "company": {"Account"},
	"listEvents.outcome": {"created", "failed", "updated", "connection_authorized"},
	"field":              {"first_name", "last_name", "email", "company", "phone", "notes", "city", "made_up"},
	"url": { // of a network that nobody has, so that nobody is bothered
		"https://[2d00::1]/CANARY", "https://[2d00::1]:8443/?a=CANARY", "https://user:word@[2d00::1]/", "http://[2d00::1]/", "https://127.0.0.1/", "https://169.254.169.254/latest", "https://localhost", "https://[::ffff:10.0.0.1]/",
	},
	"id_column": {"external_id", "Account Id", "email"},
}

// oddTexts are texts that programs stumble over, and none that a schema forbids.
var oddTexts = []string{
	"x", "Ada Lovelace", "zoë", "名前", "🏳️‍🌈", "e\u0301", "\u202egnp.exe", "\ufeffbom", "a\u00a0b", " lead", "trail ", "'; DROP TABLE records; --", "<script>alert(1)</script>",
	"${jndi:ldap://x}", "{{7*7}}", "%s%n%00", "../../etc/passwd", "null", "undefined", "NaN", "-1", "0", "true", "İı", "ﷺ", "Z̸̧̛", "\U0010ffff", "=1+1", `\`, `"`, "a,b;c\td",
}

// of returns a generator of what a schema allows; name says what it is for.
func (v *values) of(s *openapi3.SchemaRef, name string) *rapid.Generator[any] {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.generator(s, name)
}

func (v *values) generator(s *openapi3.SchemaRef, name string) *rapid.Generator[any] {
	key := fmt.Sprintf("%p %s", s.Value, name)
	g, ok := v.made[key]
	if !ok {
		g = v.make(s.Value, name)
		v.made[key] = g
	}
	return g
}

func (v *values) make(s *openapi3.Schema, name string) *rapid.Generator[any] {
	switch {
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum)
	case len(s.AnyOf) > 0:
		var any []*rapid.Generator[any]
		for _, one := range s.AnyOf {
			any = append(any, v.generator(one, name))
		}
		return rapid.OneOf(any...)
	case s.Type.Includes("null"):
		rest := *s
		types := s.Type.Clone()
		types.Without("null")
		rest.Type = &types
		return rapid.OneOf(v.make(&rest, name), rapid.Just[any](nil))
	case s.Type.Is("string"):
		return v.string(s, name).AsAny()
	case s.Type.Is("integer"):
		return v.integer(s, name).AsAny()
	case s.Type.Is("number"):
		return rapid.Float64Range(0, 100).AsAny()
	case s.Type.Is("boolean"):
		return rapid.Bool().AsAny()
	case s.Type.Is("array"):
		return rapid.SliceOfN(v.generator(s.Items, name), 0, 8).AsAny()
	}
	return v.object(s)
}

func (v *values) object(s *openapi3.Schema) *rapid.Generator[any] {
	members := make(map[string]*rapid.Generator[any], len(s.Properties))
	for name, p := range s.Properties {
		members[name] = v.generator(p, name)
	}
	names := slices.Sorted(maps.Keys(members))
	return rapid.Custom(func(t *rapid.T) any {
		out := make(map[string]any)
		for _, name := range names {
			if slices.Contains(s.Required, name) || rapid.Bool().Draw(t, name) {
				out[name] = members[name].Draw(t, name)
			}
		}
		if len(out) < int(s.MinProps) {
			out[names[0]] = members[names[0]].Draw(t, names[0])
		}
		if extra := s.AdditionalProperties.Schema; extra != nil && rapid.Bool().Draw(t, "more") {
			name := rapid.SampledFrom([]string{"contact", "company"}).Draw(t, "name")
			out[name] = v.make(extra.Value, name).Draw(t, name)
		}
		return out
	})
}

// integer prefers the bounds, and what is known.
func (v *values) integer(s *openapi3.Schema, name string) *rapid.Generator[json.Number] {
	least, most := int64(-1<<62), int64(1<<62)
	if s.Min != nil {
		least = int64(*s.Min)
	}
	if s.Max != nil {
		most = int64(*s.Max)
	}
	any := rapid.OneOf(rapid.SampledFrom([]int64{least, most}), rapid.Int64Range(least, most))
	kind := knownAs[name]
	return rapid.Custom(func(t *rapid.T) json.Number {
		n := any.Draw(t, name)
		if known, ok := v.party.corpus.pick(kind, rapid.Uint64().Draw(t, "which")); ok && kind != "" {
			return json.Number(known)
		}
		return json.Number(strconv.FormatInt(n, 10))
	})
}

// string draws what is known of the name, if something is, three times of four.
func (v *values) string(s *openapi3.Schema, name string) *rapid.Generator[string] {
	free := v.free(s)
	kind, fixed := knownAs[name], knownOf[name]
	if kind == "" {
		kind = knownAs[name[strings.LastIndex(name, ".")+1:]]
	}
	if kind == "" && len(fixed) == 0 {
		return free
	}
	return rapid.Custom(func(t *rapid.T) string {
		which, other := rapid.Uint64().Draw(t, "which"), free.Draw(t, name)
		if rapid.IntRange(0, 3).Draw(t, "known") == 3 {
			return other
		}
		if len(fixed) > 0 {
			return strings.ReplaceAll(fixed[which%uint64(len(fixed))], "CANARY", v.party.canary)
		}
		if known, ok := v.party.corpus.pick(kind, which); ok {
			return known
		}
		return other
	})
}

// free draws any string that a schema allows.
func (v *values) free(s *openapi3.Schema) *rapid.Generator[string] {
	switch {
	case s.Format == "uuid":
		return rapid.Custom(func(t *rapid.T) string {
			return uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "uuid")).String()
		})
	case s.Format == "date-time":
		return rapid.Custom(func(t *rapid.T) string {
			at := time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "at"), 0).UTC()
			return at.Format(rapid.SampledFrom([]string{time.RFC3339, "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05+14:00"}).Draw(t, "form"))
		})
	case s.Pattern != "":
		return rapid.StringMatching(s.Pattern)
	}
	most := 300
	if s.MaxLength != nil {
		most = int(*s.MaxLength)
	}
	odd := append(slices.Clone(oddTexts), strings.Repeat("x", most), strings.Repeat("é", most), v.party.canary)
	odd = slices.DeleteFunc(odd, func(s string) bool { return len([]rune(s)) > most })
	return rapid.OneOf(rapid.SampledFrom(odd), rapid.StringN(max(1, int(s.MinLength)), min(most, 40), -1))
}
