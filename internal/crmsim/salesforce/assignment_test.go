package salesforce_test

import (
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim/salesforce"
)

// leads is an org whose active assignment rule gives leads to Sam, the other
// active user, and Sam's id.
func leads(t *testing.T) (s *sandbox, sam string) {
	t.Helper()
	s = open(t, salesforce.Options{})
	sam, _ = s.rows("SELECT Id FROM User WHERE FirstName = 'Sam'")[0]["Id"].(string)
	s.order(http.MethodPut, "/assignment-rule", fields{"owner": sam})
	return s, sam
}

// saying is the header that switches assignment rules, or none.
func saying(value string) map[string]string {
	if value == "" {
		return nil
	}
	return map[string]string{"Sforce-Auto-Assign": value}
}

func (s *sandbox) newLead(header string, more fields) string {
	s.tb.Helper()
	lead := fields{"attributes": fields{"type": "Lead"}, "LastName": "Hayes", "Company": "Acme"}
	maps.Copy(lead, more)
	got := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(lead), saying(header)))[0]
	require.True(s.tb, got.Success)
	return got.ID
}

func (s *sandbox) ownerOf(object, id string) any {
	s.tb.Helper()
	return s.rows("SELECT OwnerId FROM " + object + " WHERE Id = '" + id + "'")[0]["OwnerId"]
}

func TestAnActiveRuleAssignsLeadsUnlessToldNotTo(t *testing.T) {
	t.Parallel()

	s, sam := leads(t)
	for header, owner := range map[string]string{"": sam, "TRUE": sam, "01Q000000000001AAA": sam, "FALSE": s.user, "false": s.user} {
		require.Equal(t, owner, s.ownerOf("Lead", s.newLead(header, nil)), "%q", header)
	}
	require.Equal(t, s.user, s.ownerOf("Lead", s.newLead("FALSE", fields{"OwnerId": s.user})))
	require.Equal(t, sam, s.ownerOf("Lead", s.newLead("", fields{"OwnerId": s.user})), "the rule has its way")

	got := s.results(s.call(http.MethodPost, "/composite/sobjects", collection(contact("", nil))))[0]
	require.Equal(t, s.user, s.ownerOf("Contact", got.ID), "contacts have no such rules")
}

func TestAnUpdateRunsTheRuleAgainUnlessToldNotTo(t *testing.T) {
	t.Parallel()

	s, sam := leads(t)
	id := s.newLead("FALSE", nil)
	for _, c := range []struct{ header, owner string }{{"FALSE", s.user}, {"", sam}} {
		r := s.call(http.MethodPatch, "/sobjects/Lead/"+id, fields{"Title": "CTO"}, saying(c.header))
		require.Equal(t, http.StatusNoContent, r.status, r.text())
		require.Equal(t, c.owner, s.ownerOf("Lead", id), "%q", c.header)
	}
	got := s.results(s.call(http.MethodPatch, "/composite/sobjects/Lead/Id", collection(
		fields{"attributes": fields{"type": "Lead"}, "Id": id, "OwnerId": s.user}), saying("FALSE")))
	require.True(t, got[0].Success)
	require.Equal(t, s.user, s.ownerOf("Lead", id), "an upsert is told the same way")
}

func TestARuleIsTheOrgsOwnAndCanBeTakenAway(t *testing.T) {
	t.Parallel()

	s, _ := leads(t)
	s.order(http.MethodPut, "/assignment-rule", fields{"owner": ""})
	require.Equal(t, s.user, s.ownerOf("Lead", s.newLead("", nil)))

	sam, _ := s.rows("SELECT Id FROM User WHERE FirstName = 'Sam'")[0]["Id"].(string)
	s.order(http.MethodPut, "/assignment-rule", fields{"owner": sam})
	s.connect(url.Values{"org": {"sandbox"}})
	require.Equal(t, s.user, s.ownerOf("Lead", s.newLead("", nil)))

	gus, _ := s.rows("SELECT Id FROM User WHERE FirstName = 'Gus'")[0]["Id"].(string)
	for owner, want := range map[string]int{gus: http.StatusBadRequest, s.newLead("", nil): http.StatusBadRequest, "nobody": http.StatusNotFound} {
		r, err := s.send(http.MethodPut, s.admin+"/_sim/salesforce/assignment-rule", fields{"owner": owner}, nil)
		require.NoError(t, err)
		require.Equal(t, want, r.status, owner)
	}
}
