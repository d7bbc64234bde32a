package hubspot_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/hubspot"
)

// calls returns the log of calls of a kind.
func (s *sandbox) calls(kind crmsim.CallKind) []crmsim.Call {
	s.tb.Helper()
	var all []crmsim.Call
	for line := range strings.SplitSeq(strings.TrimSpace(s.order(http.MethodGet, "/calls?kind="+string(kind), nil).text()), "\n") {
		var c crmsim.Call
		reply{body: []byte(line)}.into(s.tb, &c)
		all = append(all, c)
	}
	return all
}

// writes returns the log of calls that write.
func (s *sandbox) writes() []crmsim.Call {
	s.tb.Helper()
	return s.calls(crmsim.CallWrite)
}

// pass lets time pass.
func (s *sandbox) pass(d string) {
	s.tb.Helper()
	r, err := s.send(http.MethodPost, s.admin+"/_sim/clock", fields{"advance": d}, nil)
	require.NoError(s.tb, err)
	require.Equal(s.tb, http.StatusOK, r.status, r.text())
}

// faulty is an account with its property provisioned and faults in force.
func faulty(t *testing.T, specs ...string) *sandbox {
	t.Helper()
	s := ready(t, hubspot.Options{Settings: crmsim.Settings{SlowFor: time.Millisecond}})
	for _, spec := range specs {
		s.order(http.MethodPost, "/faults", fields{"spec": spec})
	}
	return s
}

func TestACutBeforeAppliesNothing(t *testing.T) {
	t.Parallel()

	s := faulty(t, "cut-before")
	_, err := s.try(http.MethodPost, upsertPath, traced(contact("w.1", nil)))
	require.Error(t, err)
	require.Zero(t, s.stats().Records["contacts"])
	call := s.writes()[0]
	require.Equal(t, crmsim.FaultCutBefore, call.Fault)
	require.Zero(t, call.Status)
	require.False(t, call.Applied)
	require.Equal(t, 1, call.Records)
}

func TestACutAfterHasApplied(t *testing.T) {
	t.Parallel()

	s := faulty(t, "cut-after:every=2")
	s.upsert(contact("w.1", nil))
	_, err := s.try(http.MethodPost, upsertPath, traced(contact("w.2", nil)))
	require.Error(t, err)
	require.Equal(t, 2, s.stats().Records["contacts"])
	call := s.writes()[1]
	require.Equal(t, crmsim.FaultCutAfter, call.Fault)
	require.True(t, call.Applied)
	require.Equal(t, 1, call.Created)
	require.False(t, s.upsert(contact("w.2", nil))["0"].New)
}

func TestUnavailableAndLimitedAnswers(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		spec   string
		status int
		landed int
	}{
		{"503", http.StatusServiceUnavailable, 0},
		{"429", http.StatusTooManyRequests, 0},
		{"429-after", http.StatusTooManyRequests, 1},
	} {
		s := faulty(t, c.spec)
		r := s.call(http.MethodPost, upsertPath, traced(contact("w.1", nil)))
		require.Equal(t, c.status, r.status)
		require.Equal(t, "error", r.anything(t)["status"])
		if c.status == http.StatusTooManyRequests {
			require.Equal(t, "TEN_SECONDLY_ROLLING", r.anything(t)["policyName"])
			require.Empty(t, r.header.Get("Retry-After"))
		}
		require.Equal(t, c.landed, s.stats().Records["contacts"], c.spec)
		require.Equal(t, c.landed == 1, s.writes()[0].Applied)
		require.Equal(t, 1, s.stats().Faults[crmsim.FaultKind(c.spec)])
		require.Equal(t, http.StatusOK, s.call(http.MethodPost, readPath, batch(fields{"id": "1"})).status/100*100, "reads are left alone")
	}
}

func TestAnExpiredTokenIsOneThatIsDead(t *testing.T) {
	t.Parallel()

	s := faulty(t, "expire:rows=1")
	for range 2 {
		require.Equal(t, "EXPIRED_AUTHENTICATION", s.call(http.MethodGet, contactsPath, nil).anything(t)["category"])
	}
	require.Equal(t, 1, s.stats().Faults[crmsim.FaultExpire])
}

func TestPoisonedRecordsFailAloneUntilHealed(t *testing.T) {
	t.Parallel()

	s := faulty(t, "poison:every=2")
	failed := []string{}
	for n := range 4 {
		inputs := make([]fields, 5)
		for i := range inputs {
			inputs[i] = contact(fmt.Sprintf("w.%d.%d", n, i), nil)
		}
		for _, bad := range s.write(upsertPath, traced(inputs...)).Errors {
			require.Equal(t, "VALIDATION_ERROR", bad.Category)
			failed = append(failed, fmt.Sprintf("w.%d.%s", n, bad.Context["objectWriteTraceId"][0]))
		}
	}
	require.Equal(t, []string{"w.1.2", "w.3.2"}, failed)
	var status []crmsim.FaultStatus
	s.order(http.MethodGet, "/faults", nil).into(t, &status)
	require.Equal(t, failed, status[0].Marked)
	require.Equal(t, 18, s.stats().Records["contacts"])

	s.refusal(http.StatusBadRequest, http.MethodPost, upsertPath, batch(contact("w.1.2", nil), contact("w.9", nil)))
	s.refusal(http.StatusBadRequest, http.MethodPost, contactsPath, fields{"properties": fields{marker: "w.3.2"}})
	require.Equal(t, 18, s.stats().Records["contacts"])
	s.order(http.MethodPost, "/heal", nil)
	require.True(t, s.upsert(contact("w.1.2", nil))["0"].New)
}

func TestAMarkedRecordIsKnownByItsIDToo(t *testing.T) {
	t.Parallel()

	s := faulty(t)
	id := s.upsert(contact("w.1", nil))["0"].ID
	s.order(http.MethodPost, "/faults", fields{"spec": "poison:rows=1"})
	o := s.write(updatePath, traced(fields{"id": id, "properties": fields{"firstname": "x"}}))
	require.Equal(t, []string{"0"}, o.Errors[0].Context["objectWriteTraceId"])
	var status []crmsim.FaultStatus
	s.order(http.MethodGet, "/faults", nil).into(t, &status)
	require.Equal(t, []string{"w.1"}, status[0].Marked)
}

func TestAMarkedRecordFailsItsWholeCall(t *testing.T) {
	t.Parallel()

	for kind, status := range map[crmsim.FaultKind]int{
		crmsim.FaultWhole: http.StatusBadRequest, crmsim.FaultBroken: http.StatusInternalServerError,
	} {
		s := faulty(t, string(kind)+":rows=1")
		inputs := make([]fields, 7)
		for i := range inputs {
			inputs[i] = contact(fmt.Sprint("w.", i), nil)
		}
		f := s.refusal(status, http.MethodPost, upsertPath, traced(inputs...))
		require.Empty(t, f.Context, "nobody is named")
		require.Zero(t, s.stats().Records["contacts"])
		require.False(t, s.writes()[0].Applied)
		s.upsert(slices.Delete(inputs, 3, 4)...)
		s.refusal(status, http.MethodPost, upsertPath, traced(contact("w.3", nil)))
		s.order(http.MethodPost, "/heal", nil)
		s.upsert(contact("w.3", nil))
	}
}

// A lock holds the whole call, and every other that has the record, until its
// time is over.
func TestALockedRecordRefusesItsCallsForTwoSeconds(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := ready(t, hubspot.Options{Settings: crmsim.Settings{Clock: crmsim.NewClock(func() time.Time { return now })}})
	id := s.upsert(contact("w.1", nil))["0"].ID
	s.order(http.MethodPost, "/faults", fields{"spec": "lock:rows=1"})
	inputs := func() []fields { return []fields{contact("w.0", nil), contact("w.1", nil), contact("w.2", nil)} }
	s.refusal(http.StatusLocked, http.MethodPost, upsertPath, traced(inputs()...))
	require.Equal(t, 1, s.stats().Records["contacts"])

	now = now.Add(time.Second)
	s.refusal(http.StatusLocked, http.MethodPost, upsertPath, traced(inputs()...))
	s.refusal(http.StatusLocked, http.MethodPatch, contactsPath+"/"+id, fields{"properties": fields{}})
	require.Len(t, s.upsert(contact("w.2", nil)), 1, "others are free")
	now = now.Add(time.Second)
	require.Len(t, s.upsert(inputs()...), 3)
	require.Equal(t, 1, s.stats().Faults[crmsim.FaultLock])
}

func TestASlowAnswerIsRightAllTheSame(t *testing.T) {
	t.Parallel()

	s := faulty(t, "slow")
	require.True(t, s.upsert(contact("w.1", nil))["0"].New)
	require.Equal(t, crmsim.FaultSlow, s.writes()[0].Fault)
}

func TestFaultsLeaveConfigurationAlone(t *testing.T) {
	t.Parallel()

	fault, err := crmsim.ParseFault("503")
	require.NoError(t, err)
	s := ready(t, hubspot.Options{Settings: crmsim.Settings{Faults: []crmsim.Fault{fault}}})
	require.Equal(t, http.StatusNoContent, s.call(http.MethodPost, "/crm/v3/objects/contacts/batch/archive", batch(fields{"id": "1"})).status)
	require.Zero(t, s.stats().Faults[crmsim.FaultUnavailable])
}

// A conflict may be made to take the whole batch down, as is told of upserts.
func TestAConflictMayRefuseATracedBatchToo(t *testing.T) {
	t.Parallel()

	s := ready(t, hubspot.Options{})
	s.upsert(contact("held", fields{"email": "held@example.com"}))
	s.order(http.MethodPut, "/conflicts", fields{"whole": true})
	f := s.refusal(http.StatusConflict, http.MethodPost, upsertPath, traced(contact("w.1", nil), contact("w.2", fields{"email": "held@example.com"})))
	require.Equal(t, "Contact already exists", f.Message)
	o := s.write(upsertPath, traced(contact("w.1", nil), contact("w.2", fields{"email": "nowhere"})))
	require.Len(t, o.Results, 1, "what is not valid is still refused alone")
	s.order(http.MethodPut, "/conflicts", fields{"whole": false})
	require.Len(t, s.write(upsertPath, traced(contact("w.1", nil), contact("w.2", fields{"email": "held@example.com"}))).Errors, 1)
}

// Each kind of token has its own limit and its own headers.
func TestAccountsAreLimitedByTheKindOfToken(t *testing.T) {
	t.Parallel()

	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := listen(t, hubspot.Options{Settings: crmsim.Settings{Clock: crmsim.NewClock(func() time.Time { return now })}})
	s.connect(nil)
	oauth := s.token
	for token, limit := range map[string]int{oauth: 110, private: 190} {
		s.token = token
		for i := range limit {
			r := s.call(http.MethodGet, contactsPath, nil)
			require.Equal(t, http.StatusOK, r.status)
			require.Equal(t, strconv.Itoa(limit), r.header.Get("X-HubSpot-RateLimit-Max"))
			require.Equal(t, strconv.Itoa(limit-i-1), r.header.Get("X-HubSpot-RateLimit-Remaining"))
			require.Equal(t, "10000", r.header.Get("X-HubSpot-RateLimit-Interval-Milliseconds"))
			require.Equal(t, token == private, r.header.Get("X-HubSpot-RateLimit-Daily") == "625000")
			require.Equal(t, token == private, r.header.Get("X-HubSpot-RateLimit-Daily-Remaining") != "")
		}
		r := s.call(http.MethodGet, contactsPath, nil)
		require.Equal(t, http.StatusTooManyRequests, r.status)
		require.Equal(t, map[string]any{
			"status": "error", "message": "You have reached your ten_secondly_rolling limit.", "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING",
		}, r.anything(t))
		require.Equal(t, "0", r.header.Get("X-HubSpot-RateLimit-Remaining"))
		require.Empty(t, r.header.Get("Retry-After"))
	}
	now = now.Add(10 * time.Second)
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, contactsPath, nil).status)
	s.token = oauth
	s.connect(map[string][]string{"account": {"sandbox"}})
	require.Equal(t, "109", s.call(http.MethodGet, contactsPath, nil).header.Get("X-HubSpot-RateLimit-Remaining"), "each account has its own")
}

func TestLimitsThatAreNamedHoldForBothKindsOfToken(t *testing.T) {
	t.Parallel()

	s := listen(t, hubspot.Options{})
	s.connect(nil)
	s.order(http.MethodPut, "/limits", fields{"rate": "2/1h", "daily": 5})
	for _, token := range []string{s.token, private} {
		s.token = token
		for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests} {
			r := s.call(http.MethodGet, contactsPath, nil)
			require.Equal(t, want, r.status)
			require.Equal(t, "3600000", r.header.Get("X-HubSpot-RateLimit-Interval-Milliseconds"))
		}
	}
	s.order(http.MethodPut, "/limits", fields{"rate": ""})
	require.Equal(t, http.StatusOK, s.call(http.MethodGet, contactsPath, nil).status)
	r := s.call(http.MethodGet, contactsPath, nil)
	require.Equal(t, http.StatusTooManyRequests, r.status)
	require.Equal(t, "DAILY", r.anything(t)["policyName"])
	require.Equal(t, "You have reached your daily limit.", r.anything(t)["message"])
	require.Equal(t, "DAILY", s.call(http.MethodPost, searchPath, fields{}).anything(t)["policyName"])
}
