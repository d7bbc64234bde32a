package hubspot

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// asked reads a look-up and returns the values that it names.
func asked(t *testing.T, r *http.Request) (idProperty string, values []string) {
	t.Helper()

	var body batchRead
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Method != http.MethodPost || body.History == nil {
		t.Errorf("%s %s: %v", r.Method, r.URL, err)
	}
	for _, in := range body.Inputs {
		values = append(values, in.ID)
	}
	return body.IDProperty, values
}

func TestContactIsFoundByEachOfItsAddresses(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		property, values := asked(t, r)
		if r.URL.Path != "/crm/objects/2026-03/contacts/batch/read" || property != "email" || strings.Join(values, " ") != "countess@example.com ada@example.com nobody@example.com" {
			t.Errorf("%s by %s: %v", r.URL, property, values)
		}
		answering(207, `{"status":"COMPLETE","results":[
			{"id":"51","properties":{"email":"ada@example.com","hs_additional_emails":"countess@example.com;lovelace@example.com","lockstep_external_id":"k.a","hs_merged_object_ids":null}}],
			"errors":[{"status":"error","category":"OBJECT_NOT_FOUND","context":{"ids":["nobody@example.com"]}}],"numErrors":1}`)(w, r)
	})
	found, err := c.Find(t.Context(), contacts, crm.KeyEmail, []string{"Countess@example.com", "ada@example.com", "ADA@example.com", "nobody@example.com", "", "no address"})

	require.NoError(t, err)
	require.Equal(t, []crm.Found{
		{ID: "51", ExternalID: "k.a", Email: "ada@example.com"},
		{ID: "51", ExternalID: "k.a", Email: "countess@example.com"},
	}, found)
}

func TestAnswerToOneAddressIsAboutIt(t *testing.T) {
	t.Parallel()

	c := connect(t, answering(200, `{"results":[{"id":"51","properties":{"email":"ada@example.com"}}]}`))
	found, err := c.Find(t.Context(), contacts, crm.KeyEmail, []string{"countess@example.com"})
	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "51", Email: "countess@example.com"}}, found)
	found, err = c.Find(t.Context(), contacts, crm.KeyEmail, []string{"countess@example.com", "grace@example.com"})
	require.NoError(t, err)
	require.Empty(t, found, "it could be either's")
}

func TestFoundByExternalID(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if property, _ := asked(t, r); property != externalIDField {
			t.Errorf("by %s", property)
		}
		answering(200, `{"results":[{"id":"7","properties":{"lockstep_external_id":"k.a"}}]}`)(w, r)
	})
	found, err := c.Find(t.Context(), companies, crm.KeyExternalID, []string{"k.a", "k.b", "k.a"})
	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "7", ExternalID: "k.a"}}, found)
}

// TestMergedAndDeletedAreToldApart has a vendor with records that were merged,
// again and again, and one that names the merged of a record no further back
// than the last time.
func TestMergedAndDeletedAreToldApart(t *testing.T) {
	t.Parallel()

	merged := map[string]string{"1": "3", "2": "3", "3": "5", "4": "5", "5": "5", "6": "6"} // id → where it is now; 7 is gone
	into := map[string]string{"5": "3;4"}
	calls := 0
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		_, values := asked(t, r)
		var results, gone []string
		for _, id := range values {
			now, ok := merged[id]
			for ok && merged[now] != now {
				now = merged[now]
			}
			if !ok {
				gone = append(gone, strconv.Quote(id))
				continue
			}
			results = append(results, fmt.Sprintf(`{"id":%q,"properties":{"hs_merged_object_ids":%q}}`, now, into[now]))
		}
		answering(207, `{"results":[`+strings.Join(results, ",")+`],"errors":[{"category":"OBJECT_NOT_FOUND","context":{"ids":[`+strings.Join(gone, ",")+`]}}]}`)(w, r)
	})
	found, err := c.Find(t.Context(), contacts, crm.KeyID, []string{"1", "2", "3", "4", "6", "7", "not an id", ""})

	require.NoError(t, err)
	moved := &crm.Moved{Type: contacts, ID: "5"}
	require.ElementsMatch(t, []crm.Found{
		{ID: "1", MovedTo: moved},
		{ID: "2", MovedTo: moved},
		{ID: "3", MovedTo: moved},
		{ID: "4", MovedTo: moved},
		{ID: "6"},
		{ID: "7", Deleted: true},
	}, found)
	require.Equal(t, 3, calls, "one for all, and one each for those that nothing names")
}

func TestNotFoundWithoutNamesIsAskedForAgain(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		if _, values := asked(t, r); len(values) == 1 && values[0] == "2" {
			answering(200, `{"results":[]}`)(w, r) // nothing is said of it
			return
		}
		answering(207, `{"results":[],"errors":[{"category":"OBJECT_NOT_FOUND"}]}`)(w, r)
	})
	found, err := c.Find(t.Context(), contacts, crm.KeyID, []string{"1", "2"})
	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "1", Deleted: true}}, found)
}

func TestRecordedLookUpHasItsRecords(t *testing.T) {
	t.Parallel()

	c := connect(t, answering(200, string(recording(t, "amp-labs-fixtures", "read", "objects-api", "contacts-batch.json"))))
	found, err := c.Find(t.Context(), contacts, crm.KeyEmail, []string{"BH@hubspot.com", "emailmaria@hubspot.com"})
	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "110338039632", Email: "bh@hubspot.com"}, {ID: "110323586992", Email: "emailmaria@hubspot.com"}}, found)

	c = connect(t, answering(200, string(recording(t, "amp-labs-fixtures", "read", "objects-api", "contacts-response.json"))))
	page, next, err := c.List(t.Context(), contacts, "")
	require.NoError(t, err)
	require.Equal(t, "394", next)
	require.Equal(t, crm.Found{ID: "1", Email: "a@example.com"}, page[0])
	require.Len(t, page, 3)
}

func TestPagesAreListedUntilTheLast(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.URL.Path != "/crm/objects/2026-03/deals" || q.Get("limit") != "100" || q.Get("properties") != "lockstep_external_id,hs_merged_object_ids" {
			t.Errorf("asked for %s", r.URL)
		}
		if q.Get("after") == "a&b=" {
			answering(200, `{"results":[{"id":"2","properties":{"lockstep_external_id":"k.b"}}]}`)(w, r)
			return
		}
		answering(200, `{"results":[{"id":"1","properties":{"lockstep_external_id":null}}],"paging":{"next":{"after":"a&b=","link":"https://evil.example/"}}}`)(w, r)
	})
	first, next, err := c.List(t.Context(), deals, "")
	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "1"}}, first)
	last, next, err := c.List(t.Context(), deals, next)
	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "2", ExternalID: "k.b"}}, last)
	require.Empty(t, next)
}

func TestCountingStopsAtTheLimit(t *testing.T) {
	t.Parallel()

	const there = 230
	for limit, want := range map[int]struct{ n, calls int }{
		0: {1, 1}, 1: {1, 1}, 5: {5, 1}, 100: {100, 1}, 150: {150, 2}, 230: {230, 3}, 1000: {230, 3},
	} {
		calls := 0
		c := connect(t, func(w http.ResponseWriter, r *http.Request) {
			calls++
			size, _ := strconv.Atoi(r.URL.Query().Get("limit"))
			from, _ := strconv.Atoi(r.URL.Query().Get("after"))
			to, paging := min(from+size, there), ""
			if to < there {
				paging = fmt.Sprintf(`,"paging":{"next":{"after":"%d"}}`, to)
			}
			answering(200, `{"results":[`+strings.TrimSuffix(strings.Repeat(`{"id":"1"},`, to-from), ",")+`]`+paging+`}`)(w, r)
		})
		n, err := c.Count(t.Context(), contacts, limit)
		require.NoError(t, err)
		require.Equal(t, want.n, n, limit)
		require.Equal(t, want.calls, calls, limit)
	}
}

func TestReadThatBreaksOffCanBeMadeAgain(t *testing.T) {
	t.Parallel()

	for name, answer := range map[string]http.HandlerFunc{
		"unavailable":  answering(503, `{"status":"error","message":"m"}`),
		"not JSON":     answering(200, "<html>"),
		"cut short":    answering(200, `{"results":[`),
		"cut off":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"in part only": answering(207, `{"results":[],"errors":[{"category":"INTERNAL_ERROR","message":"ada@example.com"}]}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := connect(t, answer)
			_, err := c.Find(t.Context(), contacts, crm.KeyEmail, []string{"ada@example.com"})
			require.Equal(t, crm.KindUnavailable, crm.KindOf(err))
			require.NotContains(t, err.Error(), "ada")
		})
	}
}

func TestValueThatCannotBeIsNobodys(t *testing.T) {
	t.Parallel()

	c := connect(t, answering(207, `{"results":[{"id":"1","properties":{"email":"ada@example.com"}}],"errors":[{"category":"VALIDATION_ERROR","message":"m"}]}`))
	found, err := c.Find(t.Context(), contacts, crm.KeyEmail, []string{"ada@example.com", "a@b"})
	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "1", Email: "ada@example.com"}}, found)

	c = connect(t, answering(207, `{"results":[],"errors":[{"category":"VALIDATION_ERROR","message":"m"}]}`))
	found, err = c.Find(t.Context(), contacts, crm.KeyID, []string{"1"})
	require.NoError(t, err)
	require.Empty(t, found, "that nobody can have it is not that it is gone")
}

func TestLookUpsThatCannotBe(t *testing.T) {
	t.Parallel()

	c := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	_, err := c.Find(t.Context(), companies, crm.KeyEmail, []string{"ada@example.com"})
	require.Equal(t, crm.KindUnsupported, crm.KindOf(err))
	_, err = c.Find(t.Context(), "contacts/batch", crm.KeyID, []string{"1"})
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
	_, err = c.Find(t.Context(), contacts, crm.KeyEmail, make([]string, findBatch+1))
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
	_, err = c.Count(t.Context(), "", 1)
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
	_, _, err = c.List(t.Context(), "../", "")
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
	for key, values := range map[crm.Key][]string{
		crm.KeyID:         {"", "'", "not an id", "12a", strings.Repeat("1", 21)},
		crm.KeyEmail:      {"", "\n", "@", "a@", "@b", "a b@c", "a@b@c", "a@b;c@d", `\`, strings.Repeat("x", 255) + "@b"},
		crm.KeyExternalID: {"", strings.Repeat("x", 256)},
	} {
		found, err := c.Find(t.Context(), contacts, key, values)
		require.NoError(t, err)
		require.Empty(t, found)
	}
}
