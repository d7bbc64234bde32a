package conformance

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// scene is one question that was asked while a recorded answer was served.
type scene struct {
	stage    *stage
	recorded recording
	served   []byte
	got      any
	err      error
}

// answer holds what came of a question against what the documents say.
type answer func(t *testing.T, s scene)

// matches holds err against the ruling, and to quoting nobody.
func (r ruling) matches(t *testing.T, err error) {
	t.Helper()

	require.Error(t, err)
	e := crm.AsError(err)
	require.Contains(t, r.kinds, e.Kind, "%v", err)
	if r.reason != unsaid {
		require.Equal(t, r.reason, e.Reason, "%v", err)
	}
	if r.code != "" {
		require.Equal(t, r.code, e.Code, "%v", err)
	}
	if r.fields != nil {
		require.ElementsMatch(t, r.fields, unique(e.Fields), "%v", err)
	}
	require.GreaterOrEqual(t, e.RetryAfter, r.wait, "%v", err)
	for _, value := range []string{"Lovelace", "@", e.Message} {
		if value != "" {
			require.NotContains(t, err.Error(), value, "histories and logs keep this text")
		}
	}
}

func unique(names []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(names)))
}

// refusesCall is an error about the call as a whole, which comes without
// outcomes.
func refusesCall(r ruling) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		outcomes, _ := s.got.([]crm.Outcome)
		require.Empty(t, outcomes, "outcomes beside an error")
		r.matches(t, s.err)
	}
}

// refusesAlone is the refusal of a call with one record: its own outcome, or
// that of the call.
func refusesAlone(r ruling) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		if s.err != nil {
			r.matches(t, s.err)
			return
		}
		outcomes, _ := s.got.([]crm.Outcome)
		require.Len(t, outcomes, 1)
		require.NotNil(t, outcomes[0].Err, "taken for %s", outcomes[0].Effect)
		r.matches(t, outcomes[0].Err)
	}
}

// splitsOrRefusesEach is the refusal of a call that names a field and no record:
// it is split, or refuses each that has the field.
func splitsOrRefusesEach(r ruling) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		if s.err != nil {
			whole := r
			whole.kinds, whole.reason = []crm.Kind{crm.KindInvalid}, crm.ReasonBatch
			whole.code, whole.fields = "", nil // splitting needs neither
			whole.matches(t, s.err)
			return
		}
		outcomes, _ := s.got.([]crm.Outcome)
		require.NotEmpty(t, outcomes)
		for _, o := range outcomes {
			require.NotNil(t, o.Err)
			r.matches(t, o.Err)
		}
	}
}

// becomes is one fate for each write, in the order of the writes.
func becomes(fates ...fate) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
		outcomes, _ := s.got.([]crm.Outcome)
		require.Len(t, outcomes, len(fates))
		for i, want := range fates {
			got := outcomes[i]
			if want.refused != nil {
				require.NotNil(t, got.Err, "write %d was taken for %s", i, got.Effect)
				require.Empty(t, got.Effect)
				want.refused.matches(t, got.Err)
				continue
			}
			if want.id == "" {
				want.id = idAt(t, s.served, i)
			}
			require.Nil(t, got.Err, "write %d", i)
			require.Equal(t, want.effect, got.Effect, "write %d", i)
			require.Equal(t, want.id, got.ID, "write %d", i)
		}
	}
}

// idAt returns the id that an answer has at a place.
func idAt(t *testing.T, body []byte, i int) string {
	t.Helper()

	type result struct{ ID string }
	var results []result
	if json.Unmarshal(body, &results) != nil {
		var batch struct{ Results []result }
		require.NoError(t, json.Unmarshal(body, &batch))
		results = batch.Results
	}
	require.Greater(t, len(results), i)
	require.NotEmpty(t, results[i].ID)
	return results[i].ID
}

// finds is exactly those records, in any order.
func finds(want ...crm.Found) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
		require.ElementsMatch(t, want, s.got)
	}
}

// lists is a page with those records and a next one, which is asked for by a
// URL that holds next.
func lists(next string, want ...crm.Found) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
		got, _ := s.got.(page)
		require.ElementsMatch(t, want, got.found)
		require.NotEmpty(t, got.next)
		f, err := crm.As[crm.Finder](s.stage.conn)
		require.NoError(t, err)
		_, _, _ = f.List(context.WithoutCancel(t.Context()), got.typ, got.next) // the sandbox knows nothing of that page
		last := s.stage.sent.all()
		require.Contains(t, last[len(last)-1].url.RequestURI(), next)
	}
}

// listsAll is a last page of n records, each with an id of its own.
func listsAll(n int) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
		got, _ := s.got.(page)
		require.Empty(t, got.next)
		ids := make(map[string]bool)
		for _, f := range got.found {
			require.NotEmpty(t, f.ID)
			ids[f.ID] = true
		}
		require.Len(t, ids, n)
	}
}

func counts(n int) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
		require.Equal(t, n, s.got)
	}
}

// identifies is that account; what is empty here is not asked.
func identifies(want crm.Account) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
		got, _ := s.got.(crm.Account)
		for _, pair := range [][2]string{{want.ID, got.ID}, {string(want.Environment), string(got.Environment)}, {want.Name, got.Name}, {want.Edition, got.Edition}, {want.UserID, got.UserID}} {
			if pair[0] != "" {
				require.Equal(t, pair[0], pair[1])
			}
		}
	}
}

// renews is that access token.
func renews(token string) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
		require.Equal(t, token, s.got)
	}
}

// uses is a call that was sent with text in its body, whatever came of it.
func uses(text string) answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.True(t, slices.ContainsFunc(s.stage.sent.all(), func(c call) bool { return strings.Contains(string(c.body), text) }))
	}
}

// nothing is no error, and no more.
func nothing() answer {
	return func(t *testing.T, s scene) {
		t.Helper()

		require.NoError(t, s.err)
	}
}
