package rest

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: P01, P02, L03
func TestTestContactAnswersWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusReady)
	page := "https://acme.lightning.force.com/lightning/r/Lead/00Q1/view"
	b.supervisors.tested = flow.TestContactResult{
		Run: uuid.Must(uuid.NewV7()), Outcome: lockstep.OutcomeCreated, CRMType: "Lead", CRMID: "00Q1", URL: page, Elapsed: 120 * time.Millisecond,
	}

	got := read[TestContact](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/test-contact", "", "Idempotency-Key", "once"), http.StatusOK)
	require.GreaterOrEqual(t, got.ElapsedMs, int64(0))
	got.ElapsedMs = 0
	workflow := "http://ui.example/namespaces/default/workflows/test-contact%2F" + c.ID.String() + "%2Fonce"
	require.Equal(t, TestContact{
		RunID: b.supervisors.tested.Run, Outcome: TestContactOutcomeCreated, PushMs: 120, CRMType: "Lead", CRMID: "00Q1", URL: &page, TemporalURL: &workflow,
	}, got)
	require.Equal(t, []string{"test once " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)
}

// FEATURES: P02
func TestTestContactThatDoesNotArriveIsExplained(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)

	for problem, outcome := range map[lockstep.Code]lockstep.Outcome{
		"validation_rule": lockstep.OutcomeFailed, lockstep.CodeUnavailable: lockstep.OutcomeWaiting, lockstep.CodeSameRecord: lockstep.OutcomeSkipped,
	} {
		b.supervisors.tested = flow.TestContactResult{Outcome: outcome, Problem: problem}
		got := read[TestContact](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/test-contact", ""), http.StatusOK)
		require.Equal(t, TestContactOutcome(outcome), got.Outcome)
		require.Equal(t, explanation(lockstep.Explain(problem)), *got.Problem)
		require.Nil(t, got.URL)
	}
}

func TestTestContactTakesAConnectionThatIsSetUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for status, fix := range map[lockstep.Status]string{
		lockstep.StatusConnecting: "sign in", lockstep.StatusSettingUp: "Wait", lockstep.StatusPaused: "Resume", lockstep.StatusUnauthorized: "sign in",
		lockstep.StatusError: "sign in", lockstep.StatusDisconnected: "sign in",
	} {
		c := b.connection(t, status)
		p := b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/test-contact", "").problem(http.StatusConflict, flow.RefusedNotReady)
		require.Contains(t, p.Detail, strings.ReplaceAll(string(status), "_", " "))
		require.Contains(t, p.Fix, fix, status)
	}
	require.Empty(t, b.supervisors.told)
}

// FEATURES: P03
func TestKeysOfTestContactsCanStandInTheWebUI(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	under := func(key string) string {
		b.supervisors.told = nil
		read[TestContact](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/test-contact", "", "Idempotency-Key", key), http.StatusOK)
		return strings.Fields(b.supervisors.told[0])[1]
	}

	require.Equal(t, "A-z_0.9", under("A-z_0.9"))
	hashed := under("ada@example.com")
	again, err := testContactKey("ada@example.com")
	require.NoError(t, err)
	require.Equal(t, hashed, again, "the same key is the same test contact, also when nobody remembers the request")
	require.NotEqual(t, hashed, under("bob@example.com"))
	for _, odd := range []string{"carol@example.com", "../import/1", "with spaces", strings.Repeat("k", 65)} {
		require.Regexp(t, "^~[0-9a-f]{64}$", under(odd))
	}
	fresh := under("")
	require.NoError(t, uuid.Validate(fresh))
	require.NotEqual(t, fresh, under(""), "without a key each is one of its own")
}
