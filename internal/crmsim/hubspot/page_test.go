package hubspot_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/hubspot"
)

// look gets a page as a browser does that has never signed in.
func (s *sandbox) look(path string) reply {
	s.tb.Helper()
	r, err := s.send(http.MethodGet, s.url+path, nil, nil)
	require.NoError(s.tb, err)
	return r
}

const contactPages = "/contacts/" + production + "/record/0-1/"

func TestPageOfARecordOpensWithoutASession(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	id := s.upsert(contact("w.1", fields{"email": "a@example.com", "firstname": `<script>alert("x")</script>`}))["0"].ID

	page := s.look(contactPages + id)
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, "text/html; charset=UTF-8", page.header.Get("Content-Type"))
	require.Equal(t, "default-src 'none'", page.header.Get("Content-Security-Policy"))
	require.Contains(t, page.text(), "<h1>contacts "+id+"</h1>")
	require.Contains(t, page.text(), `<tr><th scope="row">email</th><td>a@example.com</td></tr>`)
	require.Contains(t, page.text(), `<tr><th scope="row">`+marker+`</th><td>w.1</td></tr>`)
	require.Contains(t, page.text(), "<td>&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;</td>")
	require.NotContains(t, page.text(), "<script")
	require.NotContains(t, page.text(), "Deleted.")
}

func TestPageTellsThatItsRecordIsGone(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	made := s.upsert(contact("w.1", nil), contact("w.2", nil), contact("w.3", nil))
	s.order(http.MethodPost, "/merge", fields{"winner": made["0"].ID, "loser": made["1"].ID})
	s.order(http.MethodDelete, "/records/"+made["2"].ID, nil)
	var into string
	for _, r := range lines(t, s.order(http.MethodGet, "/records", nil)) {
		if r["deleted"] == false {
			into = r["id"].(string)
		}
	}

	merged := s.look(contactPages + made["1"].ID).text()
	require.Contains(t, merged, `<p>Merged into <a href="`+contactPages+into+`">`+into+`</a>.</p>`)
	require.NotContains(t, merged, "Deleted.")
	require.Contains(t, s.look(contactPages+made["2"].ID).text(), "<p>Deleted.</p>")
	require.NotContains(t, s.look(contactPages+into).text(), "Deleted.")
}

func TestPageOfNoRecordIsNotFound(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	id := s.upsert(contact("w.1", nil))["0"].ID
	for _, path := range []string{contactPages + id + "0", contactPages + "x", "/contacts/" + production + "/record/0-2/" + id, "/contacts/" + sandboxID + "/record/0-1/" + id} {
		page := s.look(path)
		require.Equal(t, http.StatusNotFound, page.status, path)
		require.Contains(t, page.text(), "<h1>No such record</h1>", path)
	}
	for _, path := range []string{contactPages + id + "/x", "/contacts/" + production} { // no page
		require.Equal(t, http.StatusUnauthorized, s.look(path).status, path)
	}
	r, err := s.send(http.MethodPost, s.url+contactPages+id, nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, r.status)
}

func TestLookingAtAPageIsNoCall(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	id := s.upsert(contact("w.1", nil))["0"].ID
	s.token = private // whose answers tell of the day
	remaining := func() int {
		left, err := strconv.Atoi(s.call(http.MethodGet, "/account-info/v3/details", nil).header.Get("X-HubSpot-RateLimit-Daily-Remaining"))
		require.NoError(t, err)
		return left
	}
	before, log := remaining(), s.order(http.MethodGet, "/calls", nil).text()
	for range 3 {
		s.look(contactPages + id)
	}
	require.Equal(t, log, s.order(http.MethodGet, "/calls", nil).text())
	require.Equal(t, before-1, remaining(), "only asking what is left counts")
}
