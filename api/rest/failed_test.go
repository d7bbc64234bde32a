package rest

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
)

// FEATURES: R01
func TestWhatHasNotArrivedIsListedWithTheReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n3\n4\n5\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	lease := lockstep.Lease{WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, RunID: run.ID, Epoch: c.Epoch, Token: uuid.New()}
	claimed, err := b.store.Claim(t.Context(), lease, uuid.Nil, 10, time.Minute)
	require.NoError(t, err)
	_, err = b.store.Settle(t.Context(), lease, []lockstep.Settlement{
		{RecordID: claimed[0].RecordID, Revision: 1, Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q1"},
		{RecordID: claimed[1].RecordID, Revision: 1, Outcome: lockstep.OutcomeFailed, Problem: "validation_rule", Detail: "no such thing"},
		{RecordID: claimed[2].RecordID, Revision: 1, Outcome: lockstep.OutcomeSkipped, Problem: lockstep.CodeMissingEmail},
		{RecordID: claimed[3].RecordID, Revision: 1, Outcome: lockstep.OutcomeWaiting, Problem: lockstep.CodeQuotaSpent},
	})
	require.NoError(t, err) // the fifth is claimed, and nothing yet
	path := "/v1/connections/" + c.ID.String() + "/failed"
	ids := func(query string) (out []string, next *string) {
		page := read[FailedPage](b.ask(t, http.MethodGet, path+query, ""), http.StatusOK)
		for _, item := range page.Items {
			out = append(out, item.ExternalID)
		}
		return out, page.Next
	}

	all, next := ids("")
	require.Equal(t, []string{"2", "3", "4"}, all)
	require.Nil(t, next)
	first, next := ids("?limit=2")
	require.Equal(t, []string{"2", "3"}, first)
	rest, next := ids("?limit=2&after=" + *next)
	require.Equal(t, []string{"4"}, rest)
	require.Nil(t, next)
	for query, want := range map[string][]string{
		"?outcome=failed": {"2"}, "?outcome=skipped": {"3"}, "?outcome=waiting": {"4"}, "?problem=missing_email": {"3"},
		"?problem=missing_email&outcome=failed": nil, "?problem=unicorn": nil,
	} {
		got, _ := ids(query)
		require.Equal(t, want, got, query)
	}

	item := read[FailedPage](b.ask(t, http.MethodGet, path+"?outcome=failed", ""), http.StatusOK).Items[0]
	require.NotNil(t, item.SettledAt)
	item.SettledAt = nil
	problem := explanation(lockstep.Explain("validation_rule"))
	require.Equal(t, Failed{
		RecordID: claimed[1].RecordID, ExternalID: "2", Object: "contact", Outcome: FailedOutcomeFailed, Problem: &problem, Detail: "no such thing", RunID: &run.ID,
	}, item)
	for _, bad := range []string{"?outcome=created", "?after=1", "?limit=0", "?problem="} {
		b.ask(t, http.MethodGet, path+bad, "").problem(http.StatusBadRequest, "request_invalid")
	}
}
