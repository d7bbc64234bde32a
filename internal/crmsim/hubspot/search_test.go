package hubspot_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/hubspot"
)

// searchable is an emulator whose index hears of everything at once, and whose
// clock moves on by a second whenever it is looked at, so that no search is one
// too many.
func searchable(t *testing.T) *sandbox {
	t.Helper()
	var looks atomic.Int64
	now := func() time.Time {
		return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(looks.Add(1)) * time.Second)
	}
	return ready(t, hubspot.Options{SearchLag: -1, TokenLifetime: 24 * time.Hour, Settings: crmsim.Settings{Clock: crmsim.NewClock(now)}})
}

type found struct {
	Total   int
	Results []result
	Paging  *struct{ Next struct{ After string } }
}

func (s *sandbox) search(body any) found {
	s.tb.Helper()
	r := s.call(http.MethodPost, searchPath, body)
	require.Equal(s.tb, http.StatusOK, r.status, r.text())
	var f found
	r.into(s.tb, &f)
	return f
}

// where is a search with one group of one filter.
func where(property, operator string, value any, more ...fields) fields {
	filter := fields{"propertyName": property, "operator": operator}
	switch v := value.(type) {
	case nil:
	case []string:
		filter["values"] = v
	default:
		filter["value"] = v
	}
	for _, m := range more {
		maps.Copy(filter, m)
	}
	return fields{"filterGroups": []fields{{"filters": []fields{filter}}}, "limit": 200, "properties": []string{marker}}
}

// externals returns the external ids found, sorted.
func (f found) externals(t *testing.T) []string {
	t.Helper()
	ids := []string{}
	for _, r := range f.Results {
		ids = append(ids, value(t, r, marker))
	}
	slices.Sort(ids)
	return ids
}

func TestFiltersFindWhatTheySay(t *testing.T) {
	t.Parallel()

	s := searchable(t)
	s.upsert(
		contact("a", fields{"firstname": "Ada Lovelace", "associatedcompanyid": 5, "closedate": "2026-01-01", "email": "ada@one.example.com"}),
		contact("b", fields{"firstname": "Bob", "associatedcompanyid": 40, "closedate": "2026-02-01", "email": "bob@two.example.com"}),
		contact("c", fields{"firstname": "ada"}),
	)
	for _, c := range []struct {
		property, operator string
		value              any
		more               fields
		want               []string
	}{
		{"firstname", "EQ", "ADA", nil, []string{"c"}},
		{"firstname", "NEQ", "bob", nil, []string{"a", "c"}},
		{"associatedcompanyid", "GT", "5", nil, []string{"b"}},
		{"associatedcompanyid", "GTE", 5, nil, []string{"a", "b"}},
		{"associatedcompanyid", "LT", "40", nil, []string{"a"}},
		{"closedate", "LTE", "2026-01-15T00:00:00-08:00", nil, []string{"a"}},
		{"closedate", "BETWEEN", "1767225600000", fields{"highValue": "2026-02-01"}, []string{"a", "b"}},
		{marker, "IN", []string{"a", "c", "z"}, nil, []string{"a", "c"}},
		{marker, "NOT_IN", []string{"a", "c"}, nil, []string{"b"}},
		{"email", "HAS_PROPERTY", nil, nil, []string{"a", "b"}},
		{"email", "NOT_HAS_PROPERTY", nil, nil, []string{"c"}},
		{"firstname", "CONTAINS_TOKEN", "ada", nil, []string{"a", "c"}},
		{"firstname", "CONTAINS_TOKEN", "love*", nil, []string{"a"}},
		{"email", "CONTAINS_TOKEN", "*two.example.com", nil, []string{"b"}},
		{"firstname", "NOT_CONTAINS_TOKEN", "*o*", nil, []string{"c"}},
		{"hs_email_domain", "EQ", "one.example.com", nil, []string{"a"}},
	} {
		got := s.search(where(c.property, c.operator, c.value, c.more))
		require.Equal(t, c.want, got.externals(t), "%s %s %v", c.property, c.operator, c.value)
		require.Equal(t, len(c.want), got.Total)
	}
	both := fields{"limit": "10", "properties": []string{marker}, "filterGroups": []fields{
		{"filters": []fields{{"propertyName": "firstname", "operator": "EQ", "value": "bob"}}},
		{"filters": []fields{
			{"propertyName": "firstname", "operator": "CONTAINS_TOKEN", "value": "ada"}, {"propertyName": "email", "operator": "HAS_PROPERTY"},
		}},
	}}
	require.Equal(t, []string{"a", "b"}, s.search(both).externals(t), "groups add, filters narrow")
	require.Equal(t, []string{"a"}, s.search(fields{"query": "lovelace one.example", "properties": []string{marker}}).externals(t))
}

func TestSearchesThatCannotBeCarriedOutAreRefused(t *testing.T) {
	t.Parallel()

	s := searchable(t)
	filter := fields{"propertyName": "email", "operator": "HAS_PROPERTY"}
	group := func(n int) fields { return fields{"filters": slices.Repeat([]fields{filter}, n)} }
	for name, body := range map[string]any{
		"not JSON": "{", "unknown property": where("nope", "EQ", "x"), "unknown operator": where("email", "LIKE", "x"), "no value": where("email", "EQ", nil),
		"no values": where("email", "IN", nil), "half a range": where("closedate", "BETWEEN", "1"), "limit": fields{"limit": 201},
		"limit text": fields{"limit": "many"}, "past the end": fields{"limit": 200, "after": "9801"}, "bad after": fields{"after": "x"},
		"too many groups": fields{"filterGroups": slices.Repeat([]fields{group(1)}, 6)}, "too many filters": fields{"filterGroups": []fields{group(7)}},
		"too many in all": fields{"filterGroups": slices.Repeat([]fields{group(5)}, 4)},
		"unknown sort":    fields{"sorts": []fields{{"propertyName": "nope", "direction": "ASCENDING"}}}, "strange sort": fields{"sorts": []int{5}},
	} {
		require.Equal(t, http.StatusBadRequest, s.call(http.MethodPost, searchPath, body).status, name)
	}
	require.Equal(t, http.StatusOK, s.call(http.MethodPost, searchPath, fields{"limit": 200, "after": "9800"}).status)
}

func TestFoundRecordsComeInOrderAndByPage(t *testing.T) {
	t.Parallel()

	s := searchable(t)
	for i := range 7 {
		s.upsert(contact("w."+strconv.Itoa(i), fields{"associatedcompanyid": (i * 3) % 7}))
	}
	body := fields{
		"limit": 3, "properties": []string{"associatedcompanyid"}, "sorts": []fields{{"propertyName": "associatedcompanyid", "direction": "DESCENDING"}},
	}
	var order []string
	for {
		page := s.search(body)
		require.Equal(t, 7, page.Total)
		for _, r := range page.Results {
			order = append(order, value(t, r, "associatedcompanyid"))
		}
		if page.Paging == nil {
			break
		}
		body["after"] = page.Paging.Next.After
	}
	require.Equal(t, []string{"6", "5", "4", "3", "2", "1", "0"}, order)
	byDate := s.search(fields{"limit": 1, "sorts": []string{"lastmodifieddate"}})
	require.Equal(t, s.search(fields{"limit": 1, "sorts": []string{"-lastmodifieddate"}, "after": 6}).Results[0].ID, byDate.Results[0].ID)
	require.Equal(t, keysOf(first(t, recorded(t, "search/contacts/1-first-page.json"), "results")["properties"]),
		keysOf(first(t, s.call(http.MethodPost, searchPath, fields{}).anything(t), "results")["properties"]))
}

// What is written is found once the index has heard of it, and until then as
// it was before.
func TestTheIndexLagsBehind(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := ready(t, hubspot.Options{Settings: crmsim.Settings{Clock: crmsim.NewClock(func() time.Time { return now })}})
	named := func(name string) int { return s.search(where("firstname", "EQ", name)).Total }
	made := s.upsert(contact("w.1", fields{"firstname": "first"}))["0"]
	require.Zero(t, named("first"))
	now = now.Add(1999 * time.Millisecond)
	require.Zero(t, named("first"))
	now = now.Add(time.Millisecond)
	require.Equal(t, 1, named("first"))

	s.upsert(contact("w.1", fields{"firstname": "second"}))
	now = now.Add(time.Second)
	s.upsert(contact("w.1", fields{"firstname": "third"}))
	require.Equal(t, []int{1, 0, 0}, []int{named("first"), named("second"), named("third")})
	now = now.Add(time.Second)
	require.Equal(t, []int{0, 1, 0}, []int{named("first"), named("second"), named("third")})
	now = now.Add(time.Second)
	require.Equal(t, []int{0, 0, 1}, []int{named("first"), named("second"), named("third")})

	s.call(http.MethodDelete, contactsPath+"/"+made.ID, nil)
	require.Equal(t, 1, named("third"))
	now = now.Add(2 * time.Second)
	require.Zero(t, named("third"))

	s.order(http.MethodPut, "/search-lag", fields{"lag": "0s"})
	s.upsert(contact("w.2", fields{"firstname": "fourth"}))
	require.Equal(t, 1, named("fourth"))
	s.refusal(http.StatusConflict, http.MethodPost, "/crm/v3/properties/contacts", property(marker))
}

func TestOnlyFiveSearchesASecond(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := listen(t, hubspot.Options{Settings: crmsim.Settings{Clock: crmsim.NewClock(func() time.Time { return now })}})
	for _, token := range []string{"", private} {
		if token == "" {
			s.connect(nil)
		} else {
			s.token = token
			now = now.Add(time.Second)
		}
		for i := range 5 {
			r := s.call(http.MethodPost, searchPath, fields{})
			require.Equal(t, http.StatusOK, r.status, fmt.Sprint(i))
			require.Empty(t, r.header.Get("X-HubSpot-RateLimit-Max"))
			require.Equal(t, token != "", r.header.Get("X-HubSpot-RateLimit-Daily") != "", "as recorded")
		}
		r := s.call(http.MethodPost, "/crm/objects/2026-03/contacts/search", fields{})
		require.Equal(t, http.StatusTooManyRequests, r.status)
		require.Equal(t, map[string]any{"status": "error", "message": "You have reached your secondly limit.", "category": "RATE_LIMITS"}, r.anything(t))
		require.Empty(t, r.header.Get("Retry-After"))
		require.Equal(t, http.StatusOK, s.call(http.MethodGet, contactsPath, nil).status, "nothing else is held up")
	}
}
