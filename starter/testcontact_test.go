package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func contactThat(outcome client.TestContactOutcome) client.TestContact {
	link := "https://crm.example/Contact/1"
	c := client.TestContact{Outcome: outcome, CRMType: "Contact", CRMID: "1", URL: &link, PushMs: 20}
	if outcome == client.TestContactOutcomeFailed {
		c.CRMID, c.URL = "", nil
		c.Problem = &client.Explanation{Code: "x", Title: "Broken", Meaning: "It broke.", Fix: "Mend it."}
	}
	return c
}

func TestTestContactSaysWhereItIs(t *testing.T) {
	t.Parallel()

	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/test-contact": always(contactThat(client.TestContactOutcomeCreated)),
	})
	code, stdout, stderr := cli(t, env, "test-contact")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "The test contact is created after ")
	require.Contains(t, stdout, "in the CRM: https://crm.example/Contact/1")
}

func TestTestContactsHaveEachAKeyOfTheirOwn(t *testing.T) {
	t.Parallel()

	keys := make(map[string]bool)
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/test-contact": func(w http.ResponseWriter, r *http.Request) {
			keys[r.Header.Get("Idempotency-Key")] = true
			reply200(w, contactThat(client.TestContactOutcomeUpdated))
		},
	})
	code, stdout, stderr := cli(t, env, "test-contact", "--times", "7", "--json")
	require.Equal(t, exitOK, code, stderr)
	require.Len(t, keys, 7)
	said := decoded[trial](t, stdout)
	require.Equal(t, []int{7, 7, 0, 1}, []int{said.Times, said.Arrived, said.Failed, said.Records})
	require.Len(t, said.Contacts, 7)
	require.InDelta(t, 20, said.Push.P95, 0)
	require.Contains(t, stderr, "7 of 7 test contacts arrived.")
}

func TestTestContactThatDoesNotArriveFails(t *testing.T) {
	t.Parallel()

	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/test-contact": inTurn(contactThat(client.TestContactOutcomeUpdated),
			contactThat(client.TestContactOutcomeFailed), contactThat(client.TestContactOutcomeUpdated)),
	})
	code, stdout, stderr := cli(t, env, "test-contact", "--times", "3")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "1 of 3 test contacts did not arrive")
	require.Contains(t, stdout, "Broken: It broke.")
	require.Contains(t, stdout, "Mend it.")
}

func TestTestContactsThatAreSeveralRecordsFail(t *testing.T) {
	t.Parallel()

	first, second := contactThat(client.TestContactOutcomeCreated), contactThat(client.TestContactOutcomeCreated)
	second.CRMID = "2"
	env := stub(t, []client.Connection{live("salesforce")}, map[string]http.HandlerFunc{
		"POST /v1/connections/{id}/test-contact": inTurn(first, second),
	})
	code, _, stderr := cli(t, env, "test-contact", "--times", "2")
	require.Equal(t, exitFailed, code)
	require.Contains(t, stderr, "are 2 records in the CRM")
}

func TestSpreadIsMadeOfValuesThatWere(t *testing.T) {
	t.Parallel()

	var values []float64
	for i := 100; i > 0; i-- {
		values = append(values, float64(i))
	}
	require.Equal(t, spread{P50: 50, P95: 95, Max: 100}, spreadOf(values))
	require.Equal(t, spread{P50: 7, P95: 7, Max: 7}, spreadOf([]float64{7}))
	require.Equal(t, spread{P50: 1, P95: 2, Max: 2}, spreadOf([]float64{2, 1}))
	require.Zero(t, spreadOf(nil))
}
