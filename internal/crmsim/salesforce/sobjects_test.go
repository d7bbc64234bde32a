package salesforce_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/salesforce"
)

func TestOneRecordIsCreatedReadChangedAndDeleted(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	made := s.call(http.MethodPost, "/sobjects/Contact/", fields{"LastName": "Hayes", "MailingCity": "Bonn"})
	require.Equal(t, http.StatusCreated, made.status)
	var got result
	made.into(t, &got)
	path := "/sobjects/Contact/" + got.ID
	require.Equal(t, version+path, made.header.Get("Location"))

	changed := s.call(http.MethodPatch, path, fields{"FirstName": "Jaime"})
	require.Equal(t, http.StatusNoContent, changed.status)
	require.Empty(t, changed.body)

	var read map[string]any
	s.call(http.MethodGet, path, nil).into(t, &read)
	require.Equal(t, "Jaime Hayes", read["Name"])
	require.Equal(t, "Bonn", read["MailingAddress"].(map[string]any)["city"])
	require.Nil(t, read["Email"])
	require.Equal(t, map[string]any{"type": "Contact", "url": version + path}, read["attributes"])

	require.JSONEq(t, `{"attributes":{"type":"Contact","url":"`+version+path+`"},"LastName":"Hayes","Id":"`+got.ID+`"}`,
		s.call(http.MethodGet, path+"?fields=LastName,Id", nil).text())
	require.Equal(t, http.StatusNoContent, s.call(http.MethodDelete, path, nil).status)

	gone := s.call(http.MethodGet, path, nil)
	require.Equal(t, http.StatusNotFound, gone.status)
	require.JSONEq(t, `[{"message":"entity is deleted","errorCode":"ENTITY_IS_DELETED","fields":[]}]`, gone.text())
}

// What is read has the members that were recorded, in an org without custom
// fields.
func TestAReadRecordHasTheRecordedMembers(t *testing.T) {
	t.Parallel()

	var exchanges []struct {
		Request  struct{ Method, Path string }
		Response struct {
			Status int
			Body   any
		}
	}
	recording(t, "wire-recordings-grouparoo.json", &exchanges)
	s := open(t, salesforce.Options{})
	made := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(
		contact("", nil), fields{"attributes": fields{"type": "Lead"}, "LastName": "x", "Company": "y"})))
	for i, object := range []string{"Contact", "Lead"} {
		var got map[string]any
		s.call(http.MethodGet, "/sobjects/"+object+"/"+made[i].ID, nil).into(t, &got)
		compared := 0
		for _, e := range exchanges {
			want, ok := e.Response.Body.(map[string]any)
			if !ok || e.Request.Method != http.MethodGet || e.Response.Status != http.StatusOK || want["attributes"] == nil {
				continue
			}
			if want["attributes"].(map[string]any)["type"] != object {
				continue
			}
			compared++
			for key, value := range want {
				if len(key) > 3 && key[len(key)-3:] == "__c" {
					continue
				}
				require.Contains(t, got, key, object)
				require.IsType(t, value != nil && key == "Id", got[key] != nil && key == "Id")
			}
		}
		require.Positive(t, compared, object)
	}
}

func TestOneRecordIsUpsertedByItsExternalID(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.provision("Contact")
	path := "/sobjects/Contact/" + marker + "/w.1%2F%C3%A9"
	made := s.call(http.MethodPatch, path, fields{"LastName": "Hayes"})
	require.Equal(t, http.StatusCreated, made.status)
	var first, second result
	made.into(t, &first)
	require.True(t, first.Created)

	changed := s.call(http.MethodPatch, path, fields{"FirstName": "Jaime"})
	require.Equal(t, http.StatusOK, changed.status)
	changed.into(t, &second)
	require.Equal(t, first.ID, second.ID)
	require.False(t, second.Created)

	var read map[string]any
	s.call(http.MethodGet, path, nil).into(t, &read)
	require.Equal(t, "w.1/é", read[marker])

	inBody := s.call(http.MethodPatch, path, fields{marker: "w.2", "LastName": "x"})
	require.Equal(t, []string{"INVALID_FIELD"}, inBody.errorCodes(t))
	require.Equal(t, http.StatusNotFound, s.call(http.MethodPatch, "/sobjects/Contact/"+marker+"/w.9?updateOnly=true", fields{"LastName": "x"}).status)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodGet, "/sobjects/Contact/"+marker+"/w.9", nil).status)
	require.Equal(t, http.StatusNoContent, s.call(http.MethodDelete, path, nil).status)
	require.Equal(t, http.StatusNotFound, s.call(http.MethodDelete, path, nil).status)
}

func TestSingleRecordsAreRefusedOnTop(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	unknown := s.call(http.MethodPost, "/sobjects/Account", fields{"Name": "x", "AccountNumer": "1"})
	require.Equal(t, http.StatusBadRequest, unknown.status)
	require.JSONEq(t, `[{"message":"No such column 'AccountNumer' on sobject of type Account","errorCode":"INVALID_FIELD"}]`, unknown.text())

	readOnly := s.call(http.MethodPost, "/sobjects/Account", fields{"Name": "x", "MasterRecordId": nil})
	var recorded, got any
	recording(t, "amp-labs-fixtures/invalid-field-upsert.json", &recorded)
	readOnly.into(t, &got)
	require.Equal(t, recorded, got)

	for path, want := range map[string]string{
		"/sobjects/Contact/23foo":              `[{"message":"Provided external ID field does not exist or is not accessible: 23foo","errorCode":"NOT_FOUND"}]`,
		"/sobjects/Contact/0035g000000000zAAA": `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`,
		"/sobjects/Contact/rid/1":              `[{"message":"Provided external ID field does not exist or is not accessible: rid","errorCode":"NOT_FOUND"}]`,
		"/nonsense":                            `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`,
	} {
		r := s.call(http.MethodGet, path, nil)
		require.Equal(t, http.StatusNotFound, r.status, path)
		require.JSONEq(t, want, r.text(), path)
	}
	require.Equal(t, []string{"METHOD_NOT_ALLOWED"}, s.call(http.MethodPut, "/sobjects/Contact", nil).errorCodes(t))
	require.Equal(t, []string{"METHOD_NOT_ALLOWED"}, s.call(http.MethodPost, "/query", nil).errorCodes(t))
	require.Equal(t, []string{"INVALID_TYPE_FOR_OPERATION"}, s.call(http.MethodPost, "/sobjects/User", fields{"LastName": "x", "Username": "y"}).errorCodes(t))
}

func TestAnyVersionIsSpoken(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	for path, want := range map[string]int{"v42.0": http.StatusOK, "v66.0": http.StatusOK, "v6": http.StatusNotFound, "63.0": http.StatusNotFound} {
		r, err := s.send(http.MethodGet, s.url+"/services/data/"+path+"/limits", nil, map[string]string{"Authorization": "Bearer " + s.token})
		require.NoError(t, err)
		require.Equal(t, want, r.status, path)
	}
}

func TestCountsAreAsRecorded(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	require.JSONEq(t, `{"sObjects":[]}`, s.call(http.MethodGet, "/limits/recordCount?sObjects=Contact", nil).text())
	s.call(http.MethodPost, "/sobjects/Contact", fields{"LastName": "x"})
	require.JSONEq(t, `{"sObjects":[{"count":1,"name":"Contact"}]}`, s.call(http.MethodGet, "/limits/recordCount?sObjects=Contact,Lead", nil).text())
}
