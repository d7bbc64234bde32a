package salesforce_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/salesforce"
)

// lines decodes NDJSON.
func lines(t *testing.T, r reply) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.SplitSeq(strings.TrimSpace(r.text()), "\n") {
		if line == "" {
			continue
		}
		var one map[string]any
		reply{body: []byte(line)}.into(t, &one)
		all = append(all, one)
	}
	return all
}

func TestRecordsTellWhatHappened(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	id := s.upsert(contact("w.1", fields{"Email": "a@example.com", "FirstName": "Jaime"}))[0].ID
	s.upsert(contact("w.1", fields{"FirstName": nil}))
	s.order(http.MethodPost, "/records", []fields{{"object": "Lead", "fields": fields{"LastName": "x", "Company": "y"}}})

	all := lines(t, s.order(http.MethodGet, "/records", nil))
	require.Len(t, all, 2)
	only := lines(t, s.order(http.MethodGet, "/records?object=Contact", nil))
	require.Len(t, only, 1)
	r := only[0]
	require.Equal(t, id, r["id"])
	require.Equal(t, "w.1", r["external_id"])
	require.Equal(t, "Contact", r["object"])
	require.InDelta(t, 2, r["writes"], 0)
	require.Equal(t, false, r["deleted"])
	values := r["fields"].(map[string]any)
	require.Equal(t, "a@example.com", values["Email"])
	require.NotContains(t, values, "FirstName")

	s.order(http.MethodDelete, "/records/"+id, nil)
	require.Equal(t, true, lines(t, s.order(http.MethodGet, "/records?object=Contact", nil))[0]["deleted"])
	s.order(http.MethodDelete, "/records", nil)
	require.Empty(t, lines(t, s.order(http.MethodGet, "/records", nil)))
	again := s.upsert(contact("w.1", nil))[0]
	require.True(t, again.Created)
	require.NotEqual(t, id, again.ID, "no id comes back")
	require.NotEmpty(t, lines(t, s.order(http.MethodGet, "/records?object=User", nil)))
}

func TestCallsHoldNoSecretsAndNoContent(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	s.upsert(contact("w.1", fields{"Email": "secret@example.com"}), contact("w.2", fields{"LastName": nil}))
	s.query("SELECT Id FROM Contact WHERE Email = 'secret@example.com'")
	text := s.order(http.MethodGet, "/calls", nil).text()
	for _, secret := range []string{s.token, "secret@example.com", "app-secret", "SELECT"} {
		require.NotContains(t, text, secret)
	}
	kinds := make(map[any]int)
	for i, call := range lines(t, reply{body: []byte(text)}) {
		require.InDelta(t, i+1, call["n"], 0)
		kinds[call["kind"]]++
	}
	require.Equal(t, map[any]int{"auth": 3, "schema": 4, "write": 1, "read": 1}, kinds)
	write := lines(t, s.order(http.MethodGet, "/calls?kind=write", nil))[0]
	require.Equal(t, "Contact", write["object"])
	for key, want := range map[string]float64{"records": 2, "created": 1, "updated": 0, "failed": 1, "status": 200} {
		require.InDelta(t, want, write[key], 0, key)
	}
}

func TestOrdersThatCannotBeFollowedSaySo(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		says         string
	}{
		{http.MethodPost, "/faults", fields{"spec": "nope"}, http.StatusBadRequest, "KIND[:every=N|rows=N|p=F]"},
		{http.MethodPut, "/limits", fields{"rate": "fast"}, http.StatusBadRequest, "CALLS/WINDOW"},
		{http.MethodPut, "/limits", fields{"latency": "long"}, http.StatusBadRequest, "reading limits"},
		{http.MethodDelete, "/records/0035g000000000zAAA", nil, http.StatusNotFound, "no such record"},
		{http.MethodPost, "/merge", fields{"winner": "x", "loser": "y"}, http.StatusNotFound, "no such record"},
		{http.MethodPost, "/convert", fields{"lead": "x"}, http.StatusNotFound, "no such record"},
		{http.MethodPost, "/fields/drop", fields{"object": "Contact", "field": "Email"}, http.StatusBadRequest, "no custom field"},
		{http.MethodPost, "/records", []fields{{"object": "Nope"}}, http.StatusBadRequest, "no object"},
		{http.MethodPost, "/records", []fields{{"object": "Contact", "fields": fields{}}}, http.StatusBadRequest, "REQUIRED_FIELD_MISSING LastName"},
		{http.MethodPut, "/duplicate-rule", fields{"object": "Contact", "field": "Phone"}, http.StatusBadRequest, "no indexed field"},
		{http.MethodPost, "/merge", "{", http.StatusBadRequest, "reading body"},
		{http.MethodGet, "/nonsense", nil, http.StatusNotFound, "no such endpoint"},
	} {
		r, err := s.send(c.method, s.admin+"/_sim/salesforce"+c.path, c.body, nil)
		require.NoError(t, err)
		require.Equal(t, c.status, r.status, c.path)
		require.Contains(t, r.text(), c.says, c.path)
	}
	r, err := s.send(http.MethodGet, s.admin+"/_sim/nope/records", nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, r.status)
	require.JSONEq(t, `{"error":"no such vendor \"nope\"; known: salesforce"}`, r.text())
}

func TestLimitsAreReadBackAndChangeOneByOne(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.order(http.MethodPut, "/limits", fields{"rate": "190/10s", "daily": 15000, "latency": "1ms"})
	r := s.order(http.MethodPut, "/limits", fields{"daily": 5})
	require.JSONEq(t, `{"rate":"190/10s","daily":5,"latency":"1ms","token_latency":"0s"}`, r.text())
	require.JSONEq(t, r.text(), s.order(http.MethodGet, "/limits", nil).text())
}

func TestFaultsAreListedAndRemoved(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.order(http.MethodPost, "/faults", fields{"spec": "503:every=7"})
	require.JSONEq(t, `[{"spec":"503:every=7","calls":0,"fired":0,"marked":[]}]`, s.order(http.MethodGet, "/faults", nil).text())
	s.order(http.MethodDelete, "/faults", nil)
	require.JSONEq(t, `[]`, s.order(http.MethodGet, "/faults", nil).text())
	require.Empty(t, s.stats().Faults)
}
