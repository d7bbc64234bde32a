package hubspot_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/hubspot"
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

	s := ready(t, hubspot.Options{})
	id := s.upsert(contact("w.1", fields{"email": "a@example.com", "firstname": "Jaime"}))["0"].ID
	s.upsert(contact("w.1", fields{"firstname": nil}))
	s.order(http.MethodPost, "/records", []fields{
		{"object": "companies", "fields": fields{"name": "x"}}, {"object": "contact", "account": sandboxID, "fields": fields{"email": "a@example.com"}},
	})

	require.Len(t, lines(t, s.order(http.MethodGet, "/records", nil)), 3)
	require.Len(t, lines(t, s.order(http.MethodGet, "/records?account="+sandboxID, nil)), 1)
	r := lines(t, s.order(http.MethodGet, "/records?object=CONTACT&account="+production, nil))[0]
	require.Equal(t, id, r["id"])
	require.Equal(t, "w.1", r["external_id"])
	require.Equal(t, "contacts", r["object"])
	require.InDelta(t, 2, r["writes"], 0)
	require.Equal(t, false, r["deleted"])
	values := r["fields"].(map[string]any)
	require.Equal(t, "a@example.com", values["email"])
	require.NotContains(t, values, "firstname")
	require.Zero(t, s.stats().EmailDuplicates, "accounts are apart")

	s.order(http.MethodDelete, "/records/"+id, nil)
	require.Equal(t, true, lines(t, s.order(http.MethodGet, "/records?object=contacts", nil))[0]["deleted"])
	s.order(http.MethodDelete, "/records", nil)
	require.Empty(t, lines(t, s.order(http.MethodGet, "/records", nil)))
	again := s.upsert(contact("w.1", fields{"email": "a@example.com"}))["0"]
	require.True(t, again.New)
	require.NotEqual(t, id, again.ID, "no id comes back")
}

func TestCallsHoldNoSecretsAndNoContent(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	s.write(upsertPath, traced(contact("w.1", fields{"email": "secret@example.com"}), contact("w.2", fields{"email": "x"})))
	s.call(http.MethodPost, searchPath, where("email", "EQ", "secret@example.com"))
	s.call(http.MethodGet, contactsPath+"?properties=email", nil)
	text := s.order(http.MethodGet, "/calls", nil).text()
	for _, secret := range []string{s.token, "secret@example.com", "app-secret", "properties=email"} {
		require.NotContains(t, text, secret)
	}
	kinds := make(map[any]int)
	for i, call := range lines(t, reply{body: []byte(text)}) {
		require.InDelta(t, i+1, call["n"], 0)
		kinds[call["kind"]]++
	}
	require.Equal(t, map[any]int{"auth": 3, "schema": 1, "write": 1, "read": 2}, kinds)
	write := lines(t, s.order(http.MethodGet, "/calls?kind=write", nil))[0]
	require.Equal(t, "contacts", write["object"])
	require.Equal(t, production, write["account"])
	for key, want := range map[string]float64{"records": 2, "created": 1, "updated": 0, "failed": 1, "status": 207} {
		require.InDelta(t, want, write[key], 0, key)
	}
}

func TestADroppedFieldIsUnknown(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	s.upsert(contact("w.1", nil))
	s.order(http.MethodPost, "/fields/drop", fields{"object": "contacts", "field": marker})
	f := s.refusal(http.StatusBadRequest, http.MethodPost, upsertPath, traced(contact("w.1", nil)))
	require.Equal(t, "PROPERTY_DOESNT_EXIST", f.Errors[0].Code)
	require.Nil(t, s.contacts()[0].ExternalID)
	s.provision()
	require.True(t, s.upsert(contact("w.1", nil))["0"].New)
}

func TestOrdersThatCannotBeFollowedSaySo(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	for _, c := range []struct {
		method, path string
		body         any
		status       int
		says         string
	}{
		{http.MethodDelete, "/records/50000000001", nil, http.StatusNotFound, "no such record"},
		{http.MethodPost, "/merge", fields{"winner": "x", "loser": "y"}, http.StatusNotFound, "no such record"},
		{http.MethodPost, "/fields/drop", fields{"object": "contacts", "field": "email"}, http.StatusBadRequest, "no custom property"},
		{http.MethodPost, "/records", []fields{{"object": "nope"}}, http.StatusBadRequest, "no object"},
		{http.MethodPost, "/records", []fields{{"object": "contacts", "fields": fields{"email": "x"}}}, http.StatusBadRequest, "Email address x is invalid"},
		{http.MethodPost, "/records", []fields{{"object": "contacts", "fields": fields{"nope": "x"}}}, http.StatusBadRequest, "does not exist"},
		{http.MethodPost, "/records", []fields{{"object": "contacts", "fields": fields{"email": []int{1}}}}, http.StatusBadRequest, "neither a text"},
		{http.MethodPut, "/search-lag", fields{"lag": "soon"}, http.StatusBadRequest, "no length of time"},
		{http.MethodPut, "/search-lag", fields{"lag": "-1s"}, http.StatusBadRequest, "no length of time"},
		{http.MethodPut, "/conflicts", "{", http.StatusBadRequest, "reading body"},
		{http.MethodPost, "/convert", fields{"lead": "x"}, http.StatusNotFound, "no such endpoint"},
	} {
		r, err := s.send(c.method, s.admin+"/_sim/hubspot"+c.path, c.body, nil)
		require.NoError(t, err)
		require.Equal(t, c.status, r.status, c.path)
		require.Contains(t, r.text(), c.says, c.path)
	}
}

// Seeding keeps to what must be unique, so that no account is in a state that
// the API would not have let it come to.
func TestSeedsMustBeUniqueToo(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	seed := []fields{{"object": "contacts", "fields": fields{"email": "a@example.com", marker: "w.1", "hs_email_optout": "true", "createdate": "0"}}}
	s.order(http.MethodPost, "/records", seed)
	r, err := s.send(http.MethodPost, s.admin+"/_sim/hubspot/records", seed, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, r.status)
	require.Contains(t, r.text(), "Contact already exists")
	require.Contains(t, string(s.contacts()[0].Fields), `"hs_email_optout":"true"`)
}
