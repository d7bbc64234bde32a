package salesforce_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/salesforce"
)

// look gets a page as a browser does that has never signed in.
func (s *sandbox) look(path string) reply {
	s.tb.Helper()
	r, err := s.send(http.MethodGet, s.url+path, nil, nil)
	require.NoError(s.tb, err)
	return r
}

func TestPageOfARecordOpensWithoutASession(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	id := s.upsert(contact("w.1", fields{"Email": "a@example.com", "LastName": `<script>alert("x")</script>`}))[0].ID

	page := s.look("/lightning/r/Contact/" + id + "/view")
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, "text/html; charset=UTF-8", page.header.Get("Content-Type"))
	require.Equal(t, "default-src 'none'", page.header.Get("Content-Security-Policy"))
	require.Contains(t, page.text(), "<h1>Contact "+id+"</h1>")
	require.Contains(t, page.text(), `<tr><th scope="row">Email</th><td>a@example.com</td></tr>`)
	require.Contains(t, page.text(), `<tr><th scope="row">IsDeleted</th><td>false</td></tr>`)
	require.Contains(t, page.text(), `<tr><th scope="row">`+marker+`</th><td>w.1</td></tr>`)
	require.Contains(t, page.text(), "<td>&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;</td>")
	require.NotContains(t, page.text(), "<script")
	require.NotContains(t, page.text(), "Deleted.")

	short := s.look("/" + id)
	require.Equal(t, http.StatusFound, short.status)
	require.Equal(t, "/lightning/r/Contact/"+id+"/view", short.header.Get("Location"))
	require.Equal(t, page.text(), s.look("/lightning/r/Contact/"+id[:15]+"/view").text())
}

func TestPageTellsThatItsRecordIsGone(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	made := s.upsert(contact("w.1", nil), contact("w.2", nil), contact("w.3", nil))
	s.order(http.MethodPost, "/merge", fields{"winner": made[0].ID, "loser": made[1].ID})
	s.order(http.MethodDelete, "/records/"+made[2].ID, nil)

	merged := s.look("/lightning/r/Contact/" + made[1].ID + "/view").text()
	require.Contains(t, merged, `<p>Merged into <a href="/lightning/r/Contact/`+made[0].ID+`/view">`+made[0].ID+`</a>.</p>`)
	require.NotContains(t, merged, "Deleted.")
	require.Contains(t, s.look("/lightning/r/Contact/"+made[2].ID+"/view").text(), "<p>Deleted.</p>")
}

func TestPageOfNoRecordIsNotFound(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	id := s.upsert(contact("w.1", nil))[0].ID
	other := id[:14] + "z"
	for _, path := range []string{"/lightning/r/Lead/" + id + "/view", "/lightning/r/Contact/" + other + "/view", "/lightning/r/Contact/x/view", "/" + other} {
		page := s.look(path)
		require.Equal(t, http.StatusNotFound, page.status, path)
		require.Contains(t, page.text(), "<h1>No such record</h1>", path)
	}
	for _, path := range []string{"/lightning/r/Contact/" + id, "/" + id + "/view", "/contact"} { // no page
		require.Equal(t, http.StatusUnauthorized, s.look(path).status, path)
	}
	r, err := s.send(http.MethodPost, s.url+"/lightning/r/Contact/"+id+"/view", nil, nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, r.status)
}

func TestLookingAtAPageIsNoCall(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	id := s.upsert(contact("w.1", nil))[0].ID
	remaining := func() int {
		var left map[string]struct{ Remaining int }
		s.call(http.MethodGet, "/limits", nil).into(t, &left)
		return left["DailyApiRequests"].Remaining
	}
	before, log := remaining(), s.order(http.MethodGet, "/calls", nil).text()
	s.look("/lightning/r/Contact/" + id + "/view")
	s.look("/" + id)
	require.Equal(t, log, s.order(http.MethodGet, "/calls", nil).text())
	require.Equal(t, before-1, remaining(), "only asking what is left counts")
}
