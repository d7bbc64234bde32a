package hubspot

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// connect returns a connector to a vendor that answers by h.
func connect(t *testing.T, h http.HandlerFunc) *Connector {
	t.Helper()

	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	c, err := open(adapter.Deps{BaseURL: srv.URL, LoginURL: srv.URL, HTTP: adapter.Client(&http.Transport{}, adapter.Chain{})})
	require.NoError(t, err)
	return c.(*Connector)
}

// answering returns a handler that gives one answer.
func answering(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

var two = []crm.Write{
	{Ref: "a", ID: "171596044869", ExternalID: "k.a", Fields: map[string]any{"lastname": "Byron", "jobtitle": nil, "score": 4.5}},
	{Ref: "b", ID: "171596044870", ExternalID: "k.b", Fields: map[string]any{"lastname": "Hopper"}},
}

func TestRequestOfAWrite(t *testing.T) {
	t.Parallel()

	for match, want := range map[crm.Match]struct{ path, body, answer string }{
		crm.ByExternalID: {
			path: "/crm/objects/2026-03/contacts/batch/upsert",
			body: `{"inputs":[
				{"id":"k.a","idProperty":"lockstep_external_id","objectWriteTraceId":"0","properties":{"lockstep_external_id":"k.a","lastname":"Byron","jobtitle":"","score":"4.5"}},
				{"id":"k.b","idProperty":"lockstep_external_id","objectWriteTraceId":"1","properties":{"lockstep_external_id":"k.b","lastname":"Hopper"}}]}`,
		},
		crm.ByID: {
			path: "/crm/objects/2026-03/contacts/batch/update",
			body: `{"inputs":[
				{"id":"171596044869","objectWriteTraceId":"0","properties":{"lockstep_external_id":"k.a","lastname":"Byron","jobtitle":"","score":"4.5"}},
				{"id":"171596044870","objectWriteTraceId":"1","properties":{"lockstep_external_id":"k.b","lastname":"Hopper"}}]}`,
		},
	} {
		t.Run(string(match), func(t *testing.T) {
			t.Parallel()

			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.URL.Path != want.path || !equalJSON(want.body, string(body)) {
					t.Errorf("%s %s %s", r.Method, r.URL.Path, body)
				}
				answering(200, `{"status":"COMPLETE","results":[{"id":"171596044869","properties":{"lockstep_external_id":"k.a"}},{"id":"171596044870","properties":{"lockstep_external_id":"k.b"}}]}`)(w, r)
			})
			_, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: match, Writes: two})
			require.NoError(t, err)
		})
	}
}

func equalJSON(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	xs, _ := json.Marshal(x)
	ys, _ := json.Marshal(y)
	return string(xs) == string(ys)
}

func TestAnswersThatProveNothing(t *testing.T) {
	t.Parallel()

	const a = `{"id":"171596044869","properties":{"lockstep_external_id":"k.a"}}`
	const b = `{"id":"171596044870","properties":{"lockstep_external_id":"k.b"}}`
	gone := `{"category":"OBJECT_NOT_FOUND","context":{"ids":["171596044869","k.a"]}}`
	for name, answer := range map[string]http.HandlerFunc{
		"nobody":             answering(200, `{"status":"COMPLETE","results":[]}`), // a no-op that others have met
		"too many":           answering(200, `{"results":[`+a+","+b+`,{"id":"3","properties":{}}]}`),
		"twice":              answering(200, `{"results":[`+a+","+a+`]}`),
		"landed and refused": answering(207, `{"results":[`+a+","+b+`],"errors":[`+gone+`]}`),
		"without id":         answering(200, `{"results":[`+a+`,{"properties":{"lockstep_external_id":"k.b"}}]}`),
		"not JSON":           answering(200, "<html>"),
		"nothing":            answering(200, ""),
		"cut short":          answering(200, `{"results":[`+a+`,`),
		"no content":         answering(204, ""),
		"unavailable":        answering(503, `{"status":"error","message":"m"}`),
		"gateway":            answering(502, "<html>"),
		"cut off":            func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut off and long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for _, match := range []crm.Match{crm.ByID, crm.ByExternalID} {
				var calls atomic.Int32
				c := connect(t, func(w http.ResponseWriter, r *http.Request) {
					calls.Add(1)
					answer(w, r)
				})
				outcomes, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: match, Writes: two})
				require.Equal(t, crm.KindUnknown, crm.KindOf(err))
				require.Empty(t, outcomes)
				require.EqualValues(t, 1, calls.Load(), "sending it again is for the caller to decide")
			}
		})
	}
}

func TestAnswerOfAnotherRecordProvesNothing(t *testing.T) {
	t.Parallel()

	for name, result := range map[string]string{
		"a stranger's":                `{"id":"9","properties":{"lockstep_external_id":"k.z"}}`,
		"by its trace id a neighbour": `{"id":"9","objectWriteTraceId":"0","properties":{"lockstep_external_id":"k.b"}}`,
	} {
		c := connect(t, answering(200, `{"results":[`+result+`]}`))
		_, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByExternalID, Writes: two})
		require.Equal(t, crm.KindUnknown, crm.KindOf(err), name)
	}
}

func TestCallThatWasNotSentIsUnapplied(t *testing.T) {
	t.Parallel()

	c, err := open(adapter.Deps{BaseURL: "http://127.0.0.1:1", HTTP: adapter.Client(&http.Transport{}, adapter.Chain{})})
	require.NoError(t, err)
	_, err = c.(*Connector).Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByID, Writes: two})
	require.Equal(t, crm.KindUnavailable, crm.KindOf(err))
}

func TestWholeBatchRefused(t *testing.T) {
	t.Parallel()

	const missing = `{"category":"VALIDATION_ERROR","errors":[{"code":"PROPERTY_DOESNT_EXIST","context":{"propertyName":["`
	for name, tc := range map[string]struct {
		status int
		body   string
		batch  verdict // what the call's error says of two
		each   verdict // what it says of each of two, when it does
		alone  verdict // and of one by itself; zero when it is the call's too
	}{
		"a value": {
			status: 400, body: `{"category":"VALIDATION_ERROR","errors":[{"code":"INVALID_NUMBER","context":{"propertyName":["lastname"]}}]}`,
			batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindInvalid, crm.ReasonValueInvalid},
		},
		"an e-mail address": {
			status: 409, body: `{"status":"error","message":"Contact already exists","category":"CONFLICT"}`,
			batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindInvalid, crm.ReasonDuplicate},
		},
		"a property of all": {
			status: 400, body: missing + `lastname"]}}]}`,
			each: verdict{crm.KindNotFound, crm.ReasonFieldUnknown}, alone: verdict{crm.KindNotFound, crm.ReasonFieldUnknown},
		},
		"a property of some": {
			status: 400, body: missing + `jobtitle"]}}]}`,
			batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindNotFound, crm.ReasonFieldUnknown},
		},
		"a read-only property of all": {
			status: 400, body: `{"category":"VALIDATION_ERROR","errors":[{"code":"READ_ONLY_VALUE","context":{"propertyName":["lastname"]}}]}`,
			each: verdict{crm.KindForbidden, crm.ReasonFieldReadOnly}, alone: verdict{crm.KindForbidden, crm.ReasonFieldReadOnly},
		},
		"an id": {
			status: 404, body: `{"category":"OBJECT_NOT_FOUND"}`,
			batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindNotFound, ""},
		},
		"too large": {
			status: 413, batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindInvalid, ""},
		},
		"the external id property": {
			status: 400, body: missing + `lockstep_external_id"]}}]}`,
			batch: verdict{crm.KindNotFound, crm.ReasonExternalID},
		},
		"the external id property, of each": {
			status: 207, body: `{"results":[],"errors":[{"category":"VALIDATION_ERROR","message":"Property values were not valid: [{\"error\":\"PROPERTY_DOESNT_EXIST\",\"name\":\"lockstep_external_id\"}]","context":{"objectWriteTraceId":["0"]}}]}`,
			batch: verdict{crm.KindNotFound, crm.ReasonExternalID},
		},
		"the type":    {status: 400, body: `{"status":"error","message":"Unable to infer object type from: contact"}`, batch: verdict{crm.KindNotFound, ""}},
		"the token":   {status: 401, body: `{"category":"EXPIRED_AUTHENTICATION"}`, batch: verdict{crm.KindUnauthorized, ""}},
		"the quota":   {status: 429, body: `{"policyName":"DAILY"}`, batch: verdict{crm.KindQuota, ""}},
		"the limit":   {status: 429, body: `{"policyName":"TEN_SECONDLY_ROLLING"}`, batch: verdict{crm.KindRateLimited, ""}},
		"a lock":      {status: 423, batch: verdict{crm.KindConflict, crm.ReasonLocked}},
		"a migration": {status: 477, batch: verdict{crm.KindRateLimited, ""}},
		"the scopes":  {status: 403, body: `{"category":"MISSING_SCOPES"}`, batch: verdict{crm.KindForbidden, crm.ReasonAccess}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := connect(t, answering(tc.status, tc.body))
			var e *crm.Error
			outcomes, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByExternalID, Writes: two})
			if tc.each == (verdict{}) {
				require.ErrorAs(t, err, &e)
				got := verdict{e.Kind, e.Reason}
				require.Equal(t, tc.batch, got)
			} else {
				require.NoError(t, err)
				require.Len(t, outcomes, 2)
				for i, o := range outcomes {
					require.Equal(t, two[i].Ref, o.Ref)
					got := verdict{o.Err.Kind, o.Err.Reason}
					require.Equal(t, tc.each, got)
					require.Equal(t, []string{"lastname"}, o.Err.Fields)
				}
			}

			outcomes, err = c.Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByExternalID, Writes: two[:1]})
			if tc.alone == (verdict{}) {
				require.ErrorAs(t, err, &e)
				got := verdict{e.Kind, e.Reason}
				require.Equal(t, tc.batch, got)
				return
			}
			require.NoError(t, err)
			require.Len(t, outcomes, 1)
			require.Equal(t, "a", outcomes[0].Ref)
			got := verdict{outcomes[0].Err.Kind, outcomes[0].Err.Reason}
			require.Equal(t, tc.alone, got)
		})
	}
}

func TestRefusalSaysWhenToComeBack(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(statusMigrating)
	})
	_, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByID, Writes: two})
	require.Equal(t, time.Hour, crm.AsError(err).RetryAfter)
}

func TestUnsendableRecordLeavesItsNeighbours(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		var body batchWrite
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Inputs) != 2 || body.Inputs[1].TraceID != "1" {
			t.Errorf("%v, %+v", err, body)
		}
		answering(200, `{"results":[{"id":"171596044870","properties":{}},{"id":"171596044869","properties":{}}]}`)(w, r)
	})
	writes := []crm.Write{two[0], {Ref: "nested", ID: "1", Fields: map[string]any{"jobtitle": map[string]any{}}}, two[1], {Ref: "key", ID: "2", Fields: map[string]any{"Lockstep_External_ID": "x"}}}
	outcomes, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByID, Writes: writes})

	require.NoError(t, err)
	byRef := make(map[string]crm.Outcome)
	for _, o := range outcomes {
		byRef[o.Ref] = o
	}
	require.Equal(t, "171596044869", byRef["a"].ID)
	require.Equal(t, "171596044870", byRef["b"].ID)
	require.Equal(t, crm.ReasonValueInvalid, byRef["nested"].Err.Reason)
	require.Equal(t, []string{"jobtitle"}, byRef["nested"].Err.Fields)
	require.Equal(t, crm.ReasonFieldReadOnly, byRef["key"].Err.Reason)
}

func TestBatchesThatAreBugs(t *testing.T) {
	t.Parallel()

	c := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	for name, batch := range map[string]crm.Batch{
		"too large":      {Type: contacts, Match: crm.ByExternalID, Writes: make([]crm.Write, writeBatch+1)},
		"no type":        {Match: crm.ByExternalID, Writes: two},
		"type with path": {Type: "contacts/../deals", Match: crm.ByExternalID, Writes: two},
		"no id":          {Type: contacts, Match: crm.ByID, Writes: []crm.Write{{Ref: "a", ExternalID: "k.a"}}},
		"no external id": {Type: contacts, Match: crm.ByExternalID, Writes: []crm.Write{{Ref: "a", ID: "1"}}},
		"no known match": {Type: contacts, Match: "name", Writes: two},
	} {
		_, err := c.Write(t.Context(), batch)
		require.Equal(t, crm.KindInternal, crm.KindOf(err), name)
	}
	outcomes, err := c.Write(t.Context(), crm.Batch{Type: contacts, Match: crm.ByExternalID})
	require.NoError(t, err)
	require.Empty(t, outcomes)
}

// BenchmarkWrite is the adapter's own cost of a full call: what a worker's core
// spends besides the network.
func BenchmarkWrite(b *testing.B) {
	batch := crm.Batch{Type: contacts, Match: crm.ByExternalID}
	var results []string
	for i := range writeBatch {
		id := strconv.Itoa(i)
		results = append(results, `{"id":"17159604`+id+`","new":true,"properties":{"createdate":"2025-11-03T23:36:13.632Z","email":"fstephens@shepherd.info","firstname":"Jaime","hs_all_contact_vids":"171596044870","hs_email_domain":"shepherd.info","hs_object_id":"171596044870","hs_object_source":"INTEGRATION","lockstep_external_id":"k1.`+id+`","lastname":"Hayes","lifecyclestage":"lead"},"createdAt":"2025-11-03T23:36:13.632Z","updatedAt":"2025-11-03T23:36:13.632Z","archived":false,"url":"https://app.hubspot.com/contacts/44237313/record/0-1/171596044870"}`)
		batch.Writes = append(batch.Writes, crm.Write{
			Ref: "3f2c7a9e-0d6b-7c3e-9a2b-1c4d5e6f7a8b", ExternalID: "k1." + id,
			Fields: map[string]any{
				"firstname": "Jaime", "lastname": "Hayes", "email": "fstephens@shepherd.info", "phone": "9802005297",
				"mobilephone": "917-584-0243x4606", "jobtitle": nil, "score": 42.5, "description": "Heart represent while into.", "subscribed": false,
			},
		})
	}
	answer := []byte(`{"status":"COMPLETE","results":[` + strings.Join(results, ",") + `]}`)

	b.ReportAllocs()
	for b.Loop() {
		_, sent, _, err := encode(batch)
		var a batchAnswer
		if err != nil || json.Unmarshal(answer, &a) != nil {
			b.Fatal(err)
		}
		if outcomes, err := a.outcomes(batch.Match, sent); err != nil || outcomes[0].Effect != crm.Created {
			b.Fatal(err)
		}
	}
}
