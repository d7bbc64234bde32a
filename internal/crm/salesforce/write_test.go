package salesforce

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

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
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

var two = []crm.Write{
	{Ref: "a", ID: "0034S000005YJVlQAO", ExternalID: "k.a", Fields: map[string]any{"LastName": "Byron", "Title": nil}},
	{Ref: "b", ID: "0034S000005YJX5QAO", ExternalID: "k.b", Fields: map[string]any{"LastName": "Hopper"}},
}

func TestRequestOfAWrite(t *testing.T) {
	t.Parallel()

	for match, want := range map[crm.Match]struct{ path, body string }{
		crm.ByExternalID: {
			path: "/services/data/v63.0/composite/sobjects/Contact/Lockstep_External_Id__c",
			body: `{"allOrNone":false,"records":[
				{"attributes":{"type":"Contact"},"Lockstep_External_Id__c":"k.a","LastName":"Byron","Title":null},
				{"attributes":{"type":"Contact"},"Lockstep_External_Id__c":"k.b","LastName":"Hopper"}]}`,
		},
		crm.ByID: {
			path: "/services/data/v63.0/composite/sobjects",
			body: `{"allOrNone":false,"records":[
				{"attributes":{"type":"Contact"},"Id":"0034S000005YJVlQAO","Lockstep_External_Id__c":"k.a","LastName":"Byron","Title":null},
				{"attributes":{"type":"Contact"},"Id":"0034S000005YJX5QAO","Lockstep_External_Id__c":"k.b","LastName":"Hopper"}]}`,
		},
	} {
		t.Run(string(match), func(t *testing.T) {
			t.Parallel()

			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPatch || r.URL.Path != want.path || !equalJSON(want.body, string(body)) {
					t.Errorf("%s %s %s", r.Method, r.URL.Path, body)
				}
				// An update must not hand the record to whoever the assignment rules say.
				if got := r.Header.Values("Sforce-Auto-Assign"); len(got) != 1 || got[0] != "FALSE" {
					t.Errorf("assignment rules: %v", got)
				}
				answering(200, `[{"id":"0034S000005YJVlQAO","success":true,"errors":[],"created":true},
					{"id":"0034S000005YJX5QAO","success":true,"errors":[],"created":false}]`)(w, r)
			})
			_, err := c.Write(t.Context(), crm.Batch{Type: "Contact", Match: match, Writes: two})
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

func TestOutcomesAreOfTheirInputs(t *testing.T) {
	t.Parallel()

	// As in wire-recordings-grouparoo.json, with the created of an upsert.
	c := connect(t, answering(200, `[ {"id":"0034S000005YJVlQAO","success":true,"errors":[],"created":true},
		{"success":false,"errors":[{"statusCode":"INVALID_EMAIL_ADDRESS","message":"email_field: invalid email address: badone","fields":["email_field__c"]}]} ]`))
	outcomes, err := c.Write(t.Context(), crm.Batch{Type: "Contact", Match: crm.ByExternalID, Writes: two})

	require.NoError(t, err)
	require.Equal(t, []crm.Outcome{
		{Ref: "a", ID: "0034S000005YJVlQAO", Effect: crm.Created},
		{Ref: "b", Err: &crm.Error{
			Kind: crm.KindInvalid, Reason: crm.ReasonValueInvalid, Op: "salesforce.write", Code: "INVALID_EMAIL_ADDRESS",
			Fields: []string{"email_field__c"}, Message: "email_field: invalid email address: badone",
		}},
	}, outcomes)
}

func TestAnswersThatProveNothing(t *testing.T) {
	t.Parallel()

	const a = `{"id":"0034S000005YJVlQAO","success":true,"errors":[]}`
	const b = `{"id":"0034S000005YJX5QAO","success":true,"errors":[]}`
	for name, answer := range map[string]http.HandlerFunc{
		"too few":      answering(200, "["+a+"]"),
		"too many":     answering(200, "["+a+","+b+","+b+"]"),
		"out of order": answering(200, "["+b+","+a+"]"),
		"without id":   answering(200, "["+a+`,{"success":true,"errors":[]}]`),
		"not JSON":     answering(200, "<html>"),
		"nothing":      answering(200, ""),
		"cut short":    answering(200, "["+a+","),
		"no content":   answering(204, ""),
		"unavailable":  answering(503, `[{"errorCode":"SERVER_UNAVAILABLE","message":"Server Unavailable"}]`),
		"gateway":      answering(502, "<html>"),
		"cut off":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut off and long": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var calls atomic.Int32
			c := connect(t, func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				answer(w, r)
			})
			outcomes, err := c.Write(t.Context(), crm.Batch{Type: "Contact", Match: crm.ByID, Writes: two})
			require.Equal(t, crm.KindUnknown, crm.KindOf(err))
			require.Empty(t, outcomes)
			require.EqualValues(t, 1, calls.Load(), "sending it again is for the caller to decide")
		})
	}
}

func TestCallThatWasNotSentIsUnapplied(t *testing.T) {
	t.Parallel()

	c, err := open(adapter.Deps{BaseURL: "http://127.0.0.1:1", HTTP: adapter.Client(&http.Transport{}, adapter.Chain{})})
	require.NoError(t, err)
	_, err = c.(*Connector).Write(t.Context(), crm.Batch{Type: "Contact", Match: crm.ByID, Writes: two})
	require.Equal(t, crm.KindUnavailable, crm.KindOf(err))
}

func TestWholeBatchRefused(t *testing.T) {
	t.Parallel()

	for name, tc := range map[string]struct {
		status int
		body   string
		batch  verdict // what the call's error says of two
		alone  verdict // and of one by itself; zero when it is the call's too
	}{
		"a value": {
			status: 400, body: `[{"message":"Cannot deserialize instance of date","errorCode":"JSON_PARSER_ERROR"}]`,
			batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindInvalid, crm.ReasonValueInvalid},
		},
		"a field": {
			status: 400, body: `[{"message":"No such column 'x' on sobject of type Contact","errorCode":"INVALID_FIELD"}]`,
			batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindNotFound, crm.ReasonFieldUnknown},
		},
		"too large": {
			status: 413, batch: verdict{crm.KindInvalid, crm.ReasonBatch}, alone: verdict{crm.KindInvalid, ""},
		},
		"the external id field": {
			status: 404, body: `[{"message":"Provided external ID field does not exist or is not accessible: Lockstep_External_Id__c","errorCode":"NOT_FOUND"}]`,
			batch: verdict{crm.KindNotFound, crm.ReasonExternalID},
		},
		"the type":    {status: 400, body: `[{"errorCode":"INVALID_TYPE"}]`, batch: verdict{crm.KindNotFound, ""}},
		"the session": {status: 401, body: `[{"errorCode":"INVALID_SESSION_ID"}]`, batch: verdict{crm.KindUnauthorized, ""}},
		"the quota":   {status: 403, body: `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, batch: verdict{crm.KindQuota, ""}},
		"a lock":      {status: 400, body: `[{"errorCode":"UNABLE_TO_LOCK_ROW"}]`, batch: verdict{crm.KindConflict, crm.ReasonLocked}},
		"the user":    {status: 403, body: `[{"errorCode":"INSUFFICIENT_ACCESS_OR_READONLY"}]`, batch: verdict{crm.KindForbidden, crm.ReasonAccess}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := connect(t, answering(tc.status, tc.body))
			var e *crm.Error
			_, err := c.Write(t.Context(), crm.Batch{Type: "Contact", Match: crm.ByExternalID, Writes: two})
			require.ErrorAs(t, err, &e)
			got := verdict{e.Kind, e.Reason}
			require.Equal(t, tc.batch, got)

			outcomes, err := c.Write(t.Context(), crm.Batch{Type: "Contact", Match: crm.ByExternalID, Writes: two[:1]})
			if tc.alone == (verdict{}) {
				require.ErrorAs(t, err, &e)
				got = verdict{e.Kind, e.Reason}
				require.Equal(t, tc.batch, got)
				return
			}
			require.NoError(t, err)
			require.Len(t, outcomes, 1)
			require.Equal(t, "a", outcomes[0].Ref)
			got = verdict{outcomes[0].Err.Kind, outcomes[0].Err.Reason}
			require.Equal(t, tc.alone, got)
		})
	}
}

func TestUnsendableRecordLeavesItsNeighbours(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		var body struct{ Records []map[string]any }
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Records) != 2 {
			t.Errorf("%v, %d records", err, len(body.Records))
		}
		answering(200, `[{"id":"0034S000005YJVlQAO","success":true,"errors":[]},{"id":"0034S000005YJX5QAO","success":true,"errors":[]}]`)(w, r)
	})
	writes := []crm.Write{two[0], {Ref: "nested", ID: "0034S000005YJXXQAO", Fields: map[string]any{"Title": map[string]any{}}}, two[1], {Ref: "key", ID: "0034S000005YJXYQAO", Fields: map[string]any{"lockstep_external_id__C": "x"}}}
	outcomes, err := c.Write(t.Context(), crm.Batch{Type: "Contact", Match: crm.ByID, Writes: writes})

	require.NoError(t, err)
	byRef := make(map[string]crm.Outcome)
	for _, o := range outcomes {
		byRef[o.Ref] = o
	}
	require.Equal(t, "0034S000005YJVlQAO", byRef["a"].ID)
	require.Equal(t, "0034S000005YJX5QAO", byRef["b"].ID)
	require.Equal(t, crm.ReasonValueInvalid, byRef["nested"].Err.Reason)
	require.Equal(t, []string{"Title"}, byRef["nested"].Err.Fields)
	require.Equal(t, crm.ReasonFieldReadOnly, byRef["key"].Err.Reason)
}

func TestBatchesThatAreBugs(t *testing.T) {
	t.Parallel()

	c := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	for name, batch := range map[string]crm.Batch{
		"too large":      {Type: "Contact", Match: crm.ByExternalID, Writes: make([]crm.Write, writeBatch+1)},
		"no type":        {Match: crm.ByExternalID, Writes: two},
		"type with path": {Type: "Contact/../Lead", Match: crm.ByExternalID, Writes: two},
		"no id":          {Type: "Contact", Match: crm.ByID, Writes: []crm.Write{{Ref: "a", ExternalID: "k.a"}}},
		"no external id": {Type: "Contact", Match: crm.ByExternalID, Writes: []crm.Write{{Ref: "a", ID: "0034S000005YJVlQAO"}}},
		"no known match": {Type: "Contact", Match: "name", Writes: two},
	} {
		_, err := c.Write(t.Context(), batch)
		require.Equal(t, crm.KindInternal, crm.KindOf(err), name)
	}
}

// BenchmarkWrite is the adapter's own cost of a full call: what a worker's core
// spends besides the network.
func BenchmarkWrite(b *testing.B) {
	batch := crm.Batch{Type: "Contact", Match: crm.ByExternalID}
	answer := []byte("[ ")
	for i := range writeBatch {
		if i > 0 {
			answer = append(answer, ", "...)
		}
		answer = append(answer, `{ "id" : "0034S000005YJVlQAO", "success" : true, "errors" : [ ], "created" : true }`...)
		batch.Writes = append(batch.Writes, crm.Write{
			Ref: "3f2c7a9e-0d6b-7c3e-9a2b-1c4d5e6f7a8b", ExternalID: "k1.2fcbfe58cc70308",
			Fields: map[string]any{
				"FirstName": "Jaime", "LastName": "Hayes", "Email": "fstephens@shepherd.info", "Phone": "9802005297",
				"MobilePhone": "917-584-0243x4606", "LeadSource": "LinkedIn Outreach", "Title": nil, "Score__c": 42.5,
				"Description": "Heart represent while into.", "HasOptedOutOfEmail": false,
			},
		})
	}
	answer = append(answer, " ]"...)

	b.ReportAllocs()
	for b.Loop() {
		body, sent, _ := encode(batch)
		var results []result
		if err := json.Unmarshal(answer, &results); err != nil || len(body) == 0 || !answers(results, batch.Match, sent) {
			b.Fatal(err)
		}
	}
}
