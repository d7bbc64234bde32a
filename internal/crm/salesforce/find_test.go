package salesforce

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func TestFurtherPagesAreRead(t *testing.T) {
	t.Parallel()

	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/services/data/v63.0/query":
			// The shape of restforce-fixtures/sobject/query_paginated_first_page_response.json.
			answering(200, `{"totalSize":2,"done":false,"nextRecordsUrl":"/services/data/v63.0/query/01gD-2000","records":[
				{"attributes":{"type":"Account","url":"/services/data/v63.0/sobjects/Account/001"},"Id":"0014S000007NxmlQAC","Lockstep_External_Id__c":"k.a","IsDeleted":false,"MasterRecordId":null}]}`)(w, r)
		case "/services/data/v63.0/query/01gD-2000":
			answering(200, `{"totalSize":2,"done":true,"records":[{"Id":"0014S000007Nx5BQAS","Lockstep_External_Id__c":"k.a"}]}`)(w, r)
		default:
			t.Errorf("asked for %s", r.URL)
		}
	})
	found, err := c.Find(t.Context(), "Account", crm.KeyExternalID, []string{"k.a"})

	require.NoError(t, err)
	require.Equal(t, []crm.Found{{ID: "0014S000007NxmlQAC", ExternalID: "k.a"}, {ID: "0014S000007Nx5BQAS", ExternalID: "k.a"}}, found)
}

func TestNextPageStaysOnTheAccountsHost(t *testing.T) {
	t.Parallel()

	for _, next := range []string{
		"https://evil.example/services/data/v63.0/query/1", "//evil.example/services/data/v63.0/query/1",
		"@evil.example/services/data/v63.0/query/1", ".evil.example/services/data/v63.0/query/1",
		"/services/data/../oauth2/revoke?/query/", "/services/apexrest/query/1", "",
	} {
		c := connect(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/services/data/v63.0/query" {
				t.Errorf("asked for %s", r.URL)
			}
			answering(200, `{"totalSize":2,"done":false,"nextRecordsUrl":"`+next+`","records":[]}`)(w, r)
		})
		_, _, err := c.List(t.Context(), "Lead", "")
		require.Equal(t, crm.KindUnavailable, crm.KindOf(err), next)
		if next != "" {
			_, _, err = c.List(t.Context(), "Lead", next)
			require.Equal(t, crm.KindInternal, crm.KindOf(err), next)
		}
	}
}

func TestTypesAreAskedForWhatTheyHave(t *testing.T) {
	t.Parallel()

	for typ, want := range map[string]string{
		"Contact":     "SELECT Id, IsDeleted, Lockstep_External_Id__c, Email, MasterRecordId FROM Contact",
		"Lead":        "SELECT Id, IsDeleted, Lockstep_External_Id__c, Email, MasterRecordId, IsConverted, ConvertedContactId FROM Lead",
		"Account":     "SELECT Id, IsDeleted, Lockstep_External_Id__c, MasterRecordId FROM Account",
		"Opportunity": "SELECT Id, IsDeleted, Lockstep_External_Id__c FROM Opportunity",
	} {
		s, err := shapeOf(typ)
		require.NoError(t, err)
		require.Equal(t, want, s.selection())
		for column := range strings.SplitSeq(strings.TrimPrefix(want[:strings.Index(want, " FROM")], "SELECT "), ", ") {
			if column != externalIDField {
				require.Contains(t, recordedFields(t, typ+".json"), column)
			}
		}
	}
}

func TestReadThatBreaksOffCanBeMadeAgain(t *testing.T) {
	t.Parallel()

	for name, answer := range map[string]http.HandlerFunc{
		"unavailable": answering(503, `[{"errorCode":"SERVER_UNAVAILABLE","message":"Server Unavailable"}]`),
		"not JSON":    answering(200, "<html>"),
		"cut short":   answering(200, `{"totalSize":1,"done":true,"records":[`),
		"cut off":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			c := connect(t, answer)
			_, err := c.Find(t.Context(), "Lead", crm.KeyEmail, []string{"ada@example.com"})
			require.Equal(t, crm.KindUnavailable, crm.KindOf(err))
			require.NotContains(t, err.Error(), "ada")
		})
	}
}

func TestLookUpsThatCannotBe(t *testing.T) {
	t.Parallel()

	c := connect(t, func(http.ResponseWriter, *http.Request) { t.Error("called") })
	_, err := c.Find(t.Context(), "Account", crm.KeyEmail, []string{"ada@example.com"})
	require.Equal(t, crm.KindUnsupported, crm.KindOf(err))
	_, err = c.Find(t.Context(), "Account, Lead", crm.KeyID, []string{"0014S000007NxmlQAC"})
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
	_, err = c.Find(t.Context(), "Lead", crm.KeyEmail, make([]string, findBatch+1))
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
	found, err := c.Find(t.Context(), "Lead", crm.KeyID, []string{"", "x' OR Id != '", "0014S000007NxmlQA'"})
	require.NoError(t, err)
	require.Empty(t, found)
}

// TestMovesAreFollowedToTheirEnd has records that were merged again, in a ring,
// and into something the user may not see.
func TestMovesAreFollowedToTheirEnd(t *testing.T) {
	t.Parallel()

	merged := map[string]string{ // loser → winner; "" is alive
		"A": "B", "B": "C", "C": "D", "D": "", "X": "C", "Y": "D",
		"R": "S", "S": "R", "H": "I", // I is hidden
	}
	id := func(letter string) string { return "003" + strings.Repeat(letter, 15) }
	c := connect(t, func(w http.ResponseWriter, r *http.Request) {
		var rows []string
		for loser, winner := range merged {
			if !strings.Contains(r.URL.Query().Get("q"), id(loser)) {
				continue
			}
			master := "null"
			if winner != "" {
				master = `"` + id(winner) + `"`
			}
			rows = append(rows, `{"Id":"`+id(loser)+`","IsDeleted":`+map[bool]string{true: "false", false: "true"}[winner == ""]+`,"MasterRecordId":`+master+`}`)
		}
		answering(200, `{"done":true,"records":[`+strings.Join(rows, ",")+`]}`)(w, r)
	})
	var asked []string
	for letter := range merged {
		asked = append(asked, id(letter))
	}
	found, err := c.Find(t.Context(), "Contact", crm.KeyID, asked)

	require.NoError(t, err)
	require.Len(t, found, len(merged))
	for _, f := range found {
		switch f.ID[3:4] {
		case "D":
			require.Nil(t, f.MovedTo)
		case "R", "S":
			require.NotNil(t, f.MovedTo)
		case "H":
			require.Equal(t, &crm.Moved{Type: "Contact", ID: id("I")}, f.MovedTo)
		default:
			require.Equal(t, &crm.Moved{Type: "Contact", ID: id("D")}, f.MovedTo, f.ID)
		}
	}
}
