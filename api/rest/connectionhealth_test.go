package rest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// FEATURES: Q01, Q02, Q04, Q05, J08
func TestHealthExplainsWhatKeepsRecordsFromTheCRM(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n3\n4\n5\n")
	c := b.connection(t, lockstep.StatusLive)
	path := "/v1/connections/" + c.ID.String()
	health := func() ConnectionHealth {
		return read[ConnectionHealth](b.ask(t, http.MethodGet, path+"/health", ""), http.StatusOK)
	}
	require.Equal(t, ConnectionHealth{
		State: ConnectionHealthStateInStep, Headline: "Everything is in step.", Summary: "Nothing had to be sent in the last 24 hours.", Problems: []ProblemCard{},
	}, health())

	outcomes := []lockstep.Settlement{
		{Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q1"},
		{Outcome: lockstep.OutcomeFailed, Problem: "validation_rule", Detail: "planted"},
		{Outcome: lockstep.OutcomeFailed, Problem: "validation_rule"},
		{Outcome: lockstep.OutcomeSkipped, Problem: lockstep.CodeMissingEmail},
		{Outcome: lockstep.OutcomeWaiting, Problem: lockstep.CodeQuotaSpent},
	}
	b.settle(t, c, func(i int, row lockstep.Claimed) lockstep.Settlement {
		out := outcomes[i]
		out.RecordID, out.Revision = row.RecordID, row.Revision
		return out
	})
	h := health()
	require.Equal(t, ConnectionHealthStateNeedsAttention, h.State)
	require.Equal(t, "2 records need somebody's attention.", h.Headline)
	require.Equal(t, "In the last 24 hours 1 record was synced, 2 are waiting or were skipped, and 2 failed.", h.Summary)
	require.Equal(t, DayCounts{Synced: 1, WaitingOrSkipped: 2, Failed: 2}, h.Last24Hours)
	require.Len(t, h.Problems, 3)
	rule := h.Problems[0]
	require.Equal(t, explanation(lockstep.Explain("validation_rule")), rule.Problem)
	require.EqualValues(t, 2, rule.Records)
	require.Equal(t, []string{"2", "3"}, rule.Examples)
	require.Len(t, read[FailedPage](b.ask(t, http.MethodGet, rule.List, ""), http.StatusOK).Items, 2)
	require.Nil(t, h.Problems[1].Retry, "it was left alone on purpose")
	require.NotNil(t, h.Problems[2].Retry)

	b.supervisors.told = nil
	a := b.ask(t, string(rule.Retry.Method), rule.Retry.Href, `{"problem": "`+*rule.Retry.Body.Problem+`"}`)
	require.Equal(t, http.StatusAccepted, a.Code)
	require.Contains(t, b.supervisors.told[0], "retry validation_rule")

	require.NoError(t, b.store.PutMapping(t.Context(), c.WorkspaceID, c.ID, lockstep.Mapping{Object: crm.Contact, Type: "Lead", Version: 1}))
	load(t, b, "external_id,City\n1,London\n")
	h = health()
	require.EqualValues(t, 1, h.Freshness.Pending)
	require.NotNil(t, h.Freshness.PendingSince)
	require.GreaterOrEqual(t, h.Freshness.PendingSeconds, int64(0))

	require.NoError(t, b.store.SetStatus(t.Context(), c.WorkspaceID, c.ID, lockstep.StatusUnauthorized, "The login was revoked"))
	h = health()
	require.Equal(t, ConnectionHealthStateStopped, h.State)
	require.Equal(t, "Nothing is sent until somebody connects the CRM again. The login was revoked.", h.Headline)
	require.Nil(t, h.Problems[0].Retry, "nothing can be sent")
}

func TestHealthSaysWhereAConnectionStands(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for status, want := range map[lockstep.Status]ConnectionHealthState{
		lockstep.StatusConnecting: ConnectionHealthStateSettingUp, lockstep.StatusSettingUp: ConnectionHealthStateSettingUp, lockstep.StatusReady: ConnectionHealthStateSettingUp,
		lockstep.StatusLive: ConnectionHealthStateInStep, lockstep.StatusPaused: ConnectionHealthStatePaused, lockstep.StatusUnauthorized: ConnectionHealthStateStopped,
		lockstep.StatusError: ConnectionHealthStateStopped, lockstep.StatusDisconnected: ConnectionHealthStateStopped,
	} {
		c := b.connection(t, status)
		h := read[ConnectionHealth](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/health", ""), http.StatusOK)
		require.Equal(t, want, h.State, status)
		require.Regexp(t, `\.$`, h.Headline)
	}
}

func TestNumbersAreReadByPeople(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 records", 1: "1 record", 999: "999 records", 1000: "1,000 records", 1234567: "1,234,567 records"} {
		require.Equal(t, want, counted(n, "record", "records"))
	}
}
