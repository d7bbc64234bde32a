package conformance

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// resemblance is one answer of the sandbox and the recorded one that it has to
// have the form of.
type resemblance struct {
	recording string
	status    int                   // where the recording has not kept it
	header    []string              // that both have, by name
	take      func(exchange) []byte // takes a part of the recorded answer; nil takes all

	// open are the members, by path, whose own members depend on the account:
	// only those that both have are compared.
	open []string
	// newer are the members, by path, that answers have had since: why is to be
	// said beside the row.
	newer []string
	// abridged says that the recording was shortened by whoever kept it: it may
	// lack members.
	abridged bool

	call func(t *testing.T, s *stage) call
}

// holdShapes holds the sandbox's answers against recorded ones: status, member
// names and the types of values.
func holdShapes(t *testing.T, b *bench, vendor crm.Vendor, rows []resemblance) {
	t.Helper()

	recordings := b.specs.recordings(t, vendor)
	for _, row := range rows {
		t.Run(row.recording, func(t *testing.T) {
			t.Parallel()

			require.Contains(t, recordings, row.recording)
			recorded := recordings[row.recording]
			got := row.call(t, open(t, vendor, nil))
			if recorded.status == 0 {
				recorded.status = row.status
			}
			require.Equal(t, recorded.status, got.status, string(got.answer))
			for _, name := range row.header {
				require.NotEmpty(t, recorded.headers.Get(name), name)
				require.NotEmpty(t, got.header.Get(name), name)
			}
			body := recorded.body
			if row.take != nil {
				body = row.take(exchange{recorded: recorded})
			}
			if got.status == http.StatusNoContent {
				require.Empty(t, got.answer)
			} else {
				require.Empty(t, row.differences(decoded(t, body), decoded(t, got.answer)), string(got.answer))
			}
			b.report.count(label(vendor)+" sandbox", "answers with the recorded status, members and types", 1)
		})
	}
}

func decoded(t *testing.T, body []byte) any {
	t.Helper()

	var v any
	require.NoError(t, json.Unmarshal(body, &v), string(body))
	return v
}

// differences returns where an answer has not the form of the recorded one.
func (r resemblance) differences(recorded, answered any) []string {
	return compare(r, "", formOf(recorded), formOf(answered))
}

// form is what a value, or the values at one place in a list, may look like.
type form struct {
	kinds   map[string]bool  // object, list, string, number, boolean; null is no kind
	members map[string]*form // of objects
	always  map[string]bool  // members that every one of the objects has
	element *form            // of lists
}

func formOf(v any) *form {
	f := &form{kinds: make(map[string]bool)}
	switch v := v.(type) {
	case nil:
	case map[string]any:
		f.kinds["object"] = true
		f.members, f.always = make(map[string]*form), make(map[string]bool)
		for name, value := range v {
			f.members[name], f.always[name] = formOf(value), true
		}
	case []any:
		f.kinds["list"] = true
		for _, value := range v {
			f.element = merged(f.element, formOf(value))
		}
	case string:
		f.kinds["string"] = true
	case bool:
		f.kinds["boolean"] = true
	default:
		f.kinds["number"] = true
	}
	return f
}

// merged returns the form of what is of the form a or b.
func merged(a, b *form) *form {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	f := &form{kinds: maps.Clone(a.kinds), members: maps.Clone(a.members), always: maps.Clone(a.always), element: merged(a.element, b.element)}
	maps.Copy(f.kinds, b.kinds)
	if b.members == nil {
		return f
	}
	if f.members == nil {
		f.members, f.always = b.members, b.always
		return f
	}
	for name, member := range b.members {
		f.members[name] = merged(f.members[name], member)
	}
	maps.DeleteFunc(f.always, func(name string, _ bool) bool { return !b.always[name] })
	return f
}

func compare(r resemblance, at string, recorded, answered *form) []string {
	var all []string
	for kind := range answered.kinds {
		if !recorded.kinds[kind] && len(recorded.kinds) > 0 {
			all = append(all, fmt.Sprintf("%s is a %s, recorded was %v", at, kind, slices.Sorted(maps.Keys(recorded.kinds))))
		}
	}
	if recorded.members != nil && answered.members != nil {
		all = append(all, compareMembers(r, at, recorded, answered)...)
	}
	if recorded.element != nil && answered.element != nil {
		all = append(all, compare(r, at+"[]", recorded.element, answered.element)...)
	}
	return all
}

func compareMembers(r resemblance, at string, recorded, answered *form) []string {
	var all []string
	closed := !slices.Contains(r.open, strings.TrimPrefix(at, "."))
	for name, member := range recorded.members {
		got, ok := answered.members[name]
		switch {
		case ok:
			all = append(all, compare(r, at+"."+name, member, got)...)
		case closed && recorded.always[name]:
			all = append(all, fmt.Sprintf("%s.%s is missing", at, name))
		}
	}
	for name := range answered.members {
		path := strings.TrimPrefix(at+"."+name, ".")
		if _, ok := recorded.members[name]; !ok && closed && !r.abridged && !slices.Contains(r.newer, path) {
			all = append(all, fmt.Sprintf("%s.%s is not recorded", at, name))
		}
	}
	if closed {
		for name := range recorded.always {
			if member, ok := answered.members[name]; ok && member != nil && !answered.always[name] {
				all = append(all, fmt.Sprintf("%s.%s is missing in some", at, name))
			}
		}
	}
	return all
}
