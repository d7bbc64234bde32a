package hubspot_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/hubspot"
)

const contactsPath = "/crm/v3/objects/contacts"

func TestOneRecordLivesAndIsArchived(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	r := s.call(http.MethodPost, contactsPath, fields{"properties": fields{"email": "a@example.com", marker: "w/1 x"}})
	require.Equal(t, http.StatusCreated, r.status, r.text())
	var made result
	r.into(t, &made)

	r = s.call(http.MethodPatch, contactsPath+"/"+made.ID, fields{"properties": fields{"lastname": "Hayes"}})
	require.Equal(t, http.StatusOK, r.status)
	for _, path := range []string{made.ID, "a%40example.com?idProperty=email", "w%2F1%20x?idProperty=" + marker} {
		r = s.call(http.MethodGet, contactsPath+"/"+path, nil)
		require.Equal(t, http.StatusOK, r.status, path)
		require.Equal(t, "Hayes", r.anything(t)["properties"].(map[string]any)["lastname"], path)
	}
	require.Equal(t, []string{"createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"}, keysOf(r.anything(t)["properties"]))
	r = s.call(http.MethodGet, contactsPath+"/"+made.ID+"?properties=phone,nope&properties=email", nil)
	require.Equal(t, []string{"createdate", "email", "hs_object_id", "lastmodifieddate", "phone"}, keysOf(r.anything(t)["properties"]))

	for range 2 {
		require.Equal(t, http.StatusNoContent, s.call(http.MethodDelete, contactsPath+"/"+made.ID, nil).status)
	}
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, contactsPath+"/"+made.ID, nil).status)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodPatch, contactsPath+"/"+made.ID, fields{"properties": fields{}}).status)
	r = s.call(http.MethodGet, contactsPath+"/"+made.ID+"?archived=true", nil)
	require.Equal(t, http.StatusOK, r.status)
	require.Equal(t, true, r.anything(t)["archived"])
	again := s.upsert(contact("w/1 x", fields{"email": "a@example.com"}))["0"]
	require.True(t, again.New, "an archived record holds neither address nor external id")
}

func TestARecordThatIsNotThere(t *testing.T) {
	t.Parallel()

	s := open(t, hubspot.Options{})
	for _, method := range []string{http.MethodGet, http.MethodPatch} {
		r := s.call(method, contactsPath+"/123", fields{"properties": fields{"firstname": "x"}})
		require.Equal(t, http.StatusNotFound, r.status)
		require.Equal(t, map[string]any{"status": "error", "message": "resource not found"}, r.anything(t))
		r = s.call(method, contactsPath+"/who", fields{"properties": fields{"firstname": "x"}})
		require.Equal(t, http.StatusNotFound, r.status)
		require.Equal(t, map[string]any{
			"status": "error", "message": "Object not found.  objectId are usually numeric.", "category": "OBJECT_NOT_FOUND",
			"context": map[string]any{"id": []any{"who"}},
		}, r.anything(t))
		s.refusal(http.StatusBadRequest, method, contactsPath+"/x?idProperty=lastname", fields{"properties": fields{}})
	}
	for _, body := range []any{"", fields{}, "[", fields{"properties": fields{"nope": 1}}} {
		s.refusal(http.StatusBadRequest, http.MethodPost, contactsPath, body)
	}
}

func TestAListIsReadPageByPage(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	inputs := make([]fields, 25)
	for i := range inputs {
		inputs[i] = contact(fmt.Sprint("w.", i), nil)
	}
	made := s.upsert(inputs...)
	s.call(http.MethodDelete, contactsPath+"/"+made["7"].ID, nil)

	seen := make(map[string]int)
	path := contactsPath + "?limit=10&properties=" + marker
	for path != "" {
		r := s.call(http.MethodGet, path, nil)
		var page struct {
			Results []result
			Paging  *struct{ Next struct{ After, Link string } }
		}
		r.into(t, &page)
		for _, one := range page.Results {
			seen[value(t, one, marker)]++
		}
		path = ""
		if page.Paging != nil {
			require.Contains(t, page.Paging.Next.Link, "after="+page.Paging.Next.After)
			path = strings.TrimPrefix(page.Paging.Next.Link, s.url)
			require.True(t, strings.HasPrefix(path, contactsPath), "the link keeps the spelling")
		}
	}
	require.Len(t, seen, 24)
	require.NotContains(t, seen, "w.7")

	var all, gone struct{ Results []result }
	s.call(http.MethodGet, contactsPath+"?limit=100", nil).into(t, &all)
	require.Len(t, all.Results, 24)
	s.call(http.MethodGet, contactsPath+"?archived=true", nil).into(t, &gone)
	require.Len(t, gone.Results, 1)
	require.Equal(t, made["7"].ID, gone.Results[0].ID)
	for _, query := range []string{"limit=101", "limit=0", "limit=x", "after=x"} {
		s.refusal(http.StatusBadRequest, http.MethodGet, contactsPath+"?"+query, nil)
	}
}

// Both ids mean the new record from then on, for whoever reads and whoever
// writes; what the first had no value for is the second's.
func TestAMergeAnswersANewID(t *testing.T) {
	t.Parallel()

	for name, mergeBy := range map[string]func(s *sandbox, winner, loser string){
		"the API": func(s *sandbox, winner, loser string) {
			r := s.call(http.MethodPost, "/crm/objects/2026-03/contacts/merge", fields{"primaryObjectId": winner, "objectIdToMerge": loser})
			require.Equal(s.tb, http.StatusOK, r.status, r.text())
		},
		"the administration": func(s *sandbox, winner, loser string) {
			s.order(http.MethodPost, "/merge", fields{"winner": winner, "loser": loser})
		},
	} {
		s := ready(t, hubspot.Options{})
		made := s.upsert(
			contact("w.1", fields{"email": "one@example.com", "firstname": "One"}),
			contact("w.2", fields{"email": "two@example.com", "firstname": "Two", "phone": "2"}),
		)
		winner, loser := made["0"].ID, made["1"].ID
		mergeBy(s, winner, loser)

		read := s.write(readPath, fields{"inputs": []fields{{"id": winner}, {"id": loser}}, "properties": []string{
			"email", "firstname", "phone", marker, "hs_merged_object_ids", "hs_additional_emails",
		}})
		require.Len(t, read.Results, 1, name)
		one := read.Results[0]
		require.NotContains(t, []string{winner, loser}, one.ID)
		for property, want := range map[string]string{
			"email": "one@example.com", "firstname": "One", "phone": "2", marker: "w.1",
			"hs_merged_object_ids": winner + ";" + loser, "hs_additional_emails": "two@example.com",
		} {
			require.Equal(t, want, value(t, one, property), name)
		}

		var patched result
		s.call(http.MethodPatch, contactsPath+"/"+loser, fields{"properties": fields{"lastname": "x"}}).into(t, &patched)
		require.Equal(t, one.ID, patched.ID)
		updated := s.write(updatePath, traced(fields{"id": winner, "properties": fields{"lastname": "y"}})).Results[0]
		require.Equal(t, one.ID, updated.ID)
		require.Equal(t, "0", updated.ObjectWriteTraceID)
		require.False(t, s.upsert(contact("w.1", nil))["0"].New)
		require.True(t, s.upsert(contact("w.2", nil))["0"].New, "the second's external id is nobody's")
		s.refusal(http.StatusConflict, http.MethodPost, contactsPath, fields{"properties": fields{"email": "two@example.com"}})

		var list struct{ Results []result }
		s.call(http.MethodGet, contactsPath+"?archived=true", nil).into(t, &list)
		require.Empty(t, list.Results, "who was merged is not archived")
		require.Equal(t, map[string]int{"contacts": 2}, s.stats().Records)
		require.Equal(t, map[string]int{"contacts": 2}, s.stats().Deleted)

		third := s.upsert(contact("w.3", nil))["0"].ID
		mergeBy(s, third, winner)
		r := s.call(http.MethodGet, contactsPath+"/"+loser+"?properties=hs_merged_object_ids", nil)
		merged := r.anything(t)["properties"].(map[string]any)["hs_merged_object_ids"].(string)
		for _, id := range []string{winner, loser, one.ID, third} {
			require.Contains(t, merged, id, name)
		}
	}
	s := open(t, hubspot.Options{})
	s.refusal(http.StatusNotFound, http.MethodPost, "/crm/v3/objects/contacts/merge", fields{"primaryObjectId": "1", "objectIdToMerge": "2"})
	s.refusal(http.StatusBadRequest, http.MethodPost, "/crm/v3/objects/contacts/merge", "{")
}
