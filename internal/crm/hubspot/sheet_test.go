package hubspot

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func TestOutcomesAreOfTheirInputs(t *testing.T) {
	t.Parallel()

	const (
		a       = `{"id":"1","new":true,"properties":{"lockstep_external_id":"k.a"}}`
		b       = `{"id":"2","new":false,"properties":{"lockstep_external_id":"k.b"}}`
		exists  = `{"status":"error","category":"CONFLICT","message":"Contact already exists. Existing ID: 9","context":{"objectWriteTraceId":["0"],"existingId":["9"]}}`
		unnamed = `{"status":"error","category":"CONFLICT","message":"Contact already exists"}`
	)
	created := crm.Outcome{Ref: "a", ID: "1", Effect: crm.Created}
	updated := crm.Outcome{Ref: "b", ID: "2", Effect: crm.Updated}
	duplicate := crm.Outcome{Ref: "a", Err: &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonDuplicate, Op: "hubspot.write", Code: "CONFLICT", Message: "Contact already exists. Existing ID: 9"}}
	for name, tc := range map[string]struct {
		match           crm.Match
		results, errors string
		want            []crm.Outcome
	}{
		"in order":           {crm.ByExternalID, a + "," + b, "", []crm.Outcome{created, updated}},
		"the other way":      {crm.ByExternalID, b + "," + a, "", []crm.Outcome{created, updated}},
		"by trace id":        {crm.ByExternalID, `{"id":"2","objectWriteTraceId":"1","properties":{}},{"id":"1","new":true,"objectWriteTraceId":"0","properties":{}}`, "", []crm.Outcome{created, updated}},
		"by elimination":     {crm.ByExternalID, b + `,{"id":"1","new":true,"properties":{"email":"a@example.com"}}`, "", []crm.Outcome{created, updated}},
		"refused":            {crm.ByExternalID, b, exists, []crm.Outcome{duplicate, updated}},
		"refused twice":      {crm.ByExternalID, b, exists + `,{"category":"VALIDATION_ERROR","context":{"objectWriteTraceId":["0"]}}`, []crm.Outcome{duplicate, updated}},
		"refused by a rest":  {crm.ByExternalID, b, unnamed, []crm.Outcome{refused("a", "Contact already exists"), updated}},
		"all by one refusal": {crm.ByExternalID, "", unnamed + "," + unnamed, []crm.Outcome{refused("a", ""), refused("b", "")}},
		"gone": {
			crm.ByID, `{"id":"171596044870","properties":{}}`,
			`{"status":"error","category":"OBJECT_NOT_FOUND","message":"m","context":{"ids":["171596044869"],"objectWriteTraceId":["0"]}}`,
			[]crm.Outcome{
				{Ref: "a", Err: &crm.Error{Kind: crm.KindNotFound, Op: "hubspot.write", Code: "OBJECT_NOT_FOUND", Message: "m"}},
				{Ref: "b", ID: "171596044870", Effect: crm.Updated},
			},
		},
		"both gone": {
			crm.ByID, "", `{"category":"OBJECT_NOT_FOUND","message":"m","context":{"ids":["171596044870"]}},{"category":"OBJECT_NOT_FOUND","message":"n","context":{"ids":["171596044869"]}}`,
			[]crm.Outcome{
				{Ref: "a", Err: &crm.Error{Kind: crm.KindNotFound, Op: "hubspot.write", Code: "OBJECT_NOT_FOUND", Message: "n"}},
				{Ref: "b", Err: &crm.Error{Kind: crm.KindNotFound, Op: "hubspot.write", Code: "OBJECT_NOT_FOUND", Message: "m"}},
			},
		},
		"merged": {
			crm.ByID, `{"id":"171596044870","new":true,"properties":{}},{"id":"300","properties":{}}`, "",
			[]crm.Outcome{{Ref: "a", ID: "300", Effect: crm.Updated}, {Ref: "b", ID: "171596044870", Effect: crm.Updated}},
		},
		"merged into its neighbour": {
			crm.ByID, `{"id":"171596044870","objectWriteTraceId":"1","properties":{}},{"id":"171596044870","objectWriteTraceId":"0","properties":{}}`, "",
			[]crm.Outcome{{Ref: "a", ID: "171596044870", Effect: crm.Updated}, {Ref: "b", ID: "171596044870", Effect: crm.Updated}},
		},
		"left out": {
			crm.ByExternalID, b, "",
			[]crm.Outcome{{Ref: "a", Err: &crm.Error{Kind: crm.KindUnknown, Op: "hubspot.write", Err: errAnswered}}, updated},
		},
		"one of two": {
			crm.ByExternalID, `{"id":"1","properties":{}}`, "",
			[]crm.Outcome{
				{Ref: "a", Err: &crm.Error{Kind: crm.KindUnknown, Op: "hubspot.write", Err: errAnswered}},
				{Ref: "b", Err: &crm.Error{Kind: crm.KindUnknown, Op: "hubspot.write", Err: errAnswered}},
			},
		},
		"one of two, for different reasons": {
			crm.ByExternalID, "", unnamed + `,{"category":"VALIDATION_ERROR","message":"m"}`,
			[]crm.Outcome{
				{Ref: "a", Err: &crm.Error{Kind: crm.KindUnknown, Op: "hubspot.write", Err: errAnswered}},
				{Ref: "b", Err: &crm.Error{Kind: crm.KindUnknown, Op: "hubspot.write", Err: errAnswered}},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := connect(t, answering(207, `{"status":"COMPLETE","results":[`+tc.results+`],"errors":[`+tc.errors+`]}`))
			outcomes, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: tc.match, Writes: two})
			require.NoError(t, err)
			require.Equal(t, tc.want, outcomes)
		})
	}
}

func refused(ref, message string) crm.Outcome {
	return crm.Outcome{Ref: ref, Err: &crm.Error{Kind: crm.KindInvalid, Reason: crm.ReasonDuplicate, Op: "hubspot.write", Code: "CONFLICT", Message: message}}
}

// TestRecordedAnswersOfBatches has the writes that the recorded answers are of.
func TestRecordedAnswersOfBatches(t *testing.T) {
	t.Parallel()

	for file, tc := range map[string]struct {
		match  crm.Match
		writes []crm.Write
		want   map[string]string // ref → id, or the code of its error
	}{
		"batch/update/contacts/success.json": {
			crm.ByID,
			[]crm.Write{{Ref: "b", ID: "171591000199"}, {Ref: "a", ID: "171591000198"}},
			map[string]string{"a": "171591000198", "b": "171591000199"},
		},
		"batch/update/contacts/err-partial-success.json": {
			crm.ByID,
			[]crm.Write{{Ref: "gone", ID: "unknownIdentifier888"}, {Ref: "there", ID: "171591000199"}},
			map[string]string{"gone": "OBJECT_NOT_FOUND", "there": "171591000199"},
		},
		"batch/create/contacts/err-partial-success.json": { // its answers name no external id, as an upsert's do
			crm.ByExternalID,
			[]crm.Write{{Ref: "exists", ExternalID: "k.a"}, {Ref: "made", ExternalID: "k.b"}},
			map[string]string{"exists": "CONFLICT", "made": "171596044870"},
		},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()

			c := connect(t, answering(207, string(recording(t, filepath.Join("amp-labs-fixtures", file)))))
			outcomes, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: tc.match, Writes: tc.writes})
			require.NoError(t, err)
			got := make(map[string]string)
			for _, o := range outcomes {
				got[o.Ref] = o.ID
				if o.Err != nil {
					got[o.Ref] = o.Err.Code
				}
			}
			require.Equal(t, tc.want, got)
		})
	}
}

// TestAnswerIsNotInTheOrderOfTheRequest is why nothing is matched by position.
func TestAnswerIsNotInTheOrderOfTheRequest(t *testing.T) {
	t.Parallel()

	swapped := 0
	for _, x := range exchanges(t, "/COMPANY/batch/create") {
		var request struct {
			Inputs []struct{ Properties struct{ Name string } }
		}
		var answer struct {
			Results []struct{ Properties struct{ Name string } }
		}
		require.NoError(t, json.Unmarshal(x.Request.Body, &request))
		require.NoError(t, json.Unmarshal(x.Response.Body, &answer))
		if request.Inputs[0].Properties.Name != answer.Results[0].Properties.Name {
			swapped++
		}
	}
	require.Positive(t, swapped)
}
