package salesforce_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/salesforce"
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

// faulty is an org with its field provisioned and a fault in force.
func faulty(t *testing.T, specs ...string) *sandbox {
	t.Helper()
	s := open(t, salesforce.Options{Settings: crmsim.Settings{SlowFor: time.Millisecond}})
	s.provision("Contact")
	for _, spec := range specs {
		s.order(http.MethodPost, "/faults", fields{"spec": spec})
	}
	return s
}

func TestACutBeforeAppliesNothing(t *testing.T) {
	t.Parallel()

	s := faulty(t, "cut-before")
	_, err := s.try(http.MethodPatch, upsertPath, collection(contact("w.1", nil)))
	require.Error(t, err)
	require.Zero(t, s.stats().Records["Contact"])
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
	_, err := s.try(http.MethodPatch, upsertPath, collection(contact("w.2", nil)))
	require.Error(t, err)
	require.Equal(t, 2, s.stats().Records["Contact"])
	call := s.writes()[1]
	require.Equal(t, crmsim.FaultCutAfter, call.Fault)
	require.True(t, call.Applied)
	require.Equal(t, 1, call.Created)
	require.False(t, s.upsert(contact("w.2", nil))[0].Created)
}

func TestUnavailableAndLimitedAnswers(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		spec, code string
		status     int
		landed     int
	}{
		{"503", "SERVER_UNAVAILABLE", http.StatusServiceUnavailable, 0},
		{"429", "REQUEST_LIMIT_EXCEEDED", http.StatusForbidden, 0},
		{"429-after", "REQUEST_LIMIT_EXCEEDED", http.StatusForbidden, 1},
	} {
		s := faulty(t, c.spec)
		r := s.call(http.MethodPatch, upsertPath, collection(contact("w.1", nil)))
		require.Equal(t, c.status, r.status)
		require.Equal(t, []string{c.code}, r.errorCodes(t))
		require.Equal(t, c.landed, s.stats().Records["Contact"], c.spec)
		require.Equal(t, c.landed == 1, s.writes()[0].Applied)
		require.Equal(t, 1, s.stats().Faults[crmsim.FaultKind(c.spec)])
		require.Equal(t, http.StatusOK, s.query("SELECT Id FROM Contact").status, "reads are left alone")
	}
}

func TestAnExpiredTokenIsOneThatIsDead(t *testing.T) {
	t.Parallel()

	s := faulty(t, "expire:rows=1")
	for range 2 {
		r := s.query("SELECT Id FROM Contact")
		require.Equal(t, []string{"INVALID_SESSION_ID"}, r.errorCodes(t))
	}
	require.Equal(t, 1, s.stats().Faults[crmsim.FaultExpire])
}

func TestPoisonedRecordsFailAloneUntilHealed(t *testing.T) {
	t.Parallel()

	s := faulty(t, "poison:every=2")
	failed := []string{}
	for batch := range 4 {
		records := make([]fields, 5)
		for i := range records {
			records[i] = contact(fmt.Sprintf("w.%d.%d", batch, i), nil)
		}
		for i, got := range s.upsert(records...) {
			if !got.Success {
				require.Equal(t, "FIELD_CUSTOM_VALIDATION_EXCEPTION", got.code())
				failed = append(failed, fmt.Sprintf("w.%d.%d", batch, i))
			}
		}
	}
	require.Equal(t, []string{"w.1.2", "w.3.2"}, failed)
	var status []crmsim.FaultStatus
	s.order(http.MethodGet, "/faults", nil).into(t, &status)
	require.Equal(t, failed, status[0].Marked)
	require.Equal(t, 18, s.stats().Records["Contact"])

	require.False(t, s.upsert(contact("w.1.2", nil))[0].Success)
	single := s.call(http.MethodPatch, "/sobjects/Contact/"+marker+"/w.3.2", fields{"LastName": "x"})
	require.Equal(t, []string{"FIELD_CUSTOM_VALIDATION_EXCEPTION"}, single.errorCodes(t))
	s.order(http.MethodPost, "/heal", nil)
	require.True(t, s.upsert(contact("w.1.2", nil))[0].Success)
}

func TestAMarkedRecordIsKnownByItsIDToo(t *testing.T) {
	t.Parallel()

	s := faulty(t)
	id := s.upsert(contact("w.1", nil))[0].ID
	s.order(http.MethodPost, "/faults", fields{"spec": "poison:rows=1"})
	update := collection(fields{"attributes": fields{"type": "Contact"}, "Id": id, "LastName": "x"})
	require.Equal(t, "FIELD_CUSTOM_VALIDATION_EXCEPTION", s.results(s.call(http.MethodPatch, "/composite/sobjects", update))[0].code())
	var status []crmsim.FaultStatus
	s.order(http.MethodGet, "/faults", nil).into(t, &status)
	require.Equal(t, []string{"w.1"}, status[0].Marked)
}

func TestAMarkedRecordFailsItsWholeCall(t *testing.T) {
	t.Parallel()

	for kind, want := range map[crmsim.FaultKind]struct {
		status int
		code   string
	}{
		crmsim.FaultWhole:  {http.StatusBadRequest, "FIELD_CUSTOM_VALIDATION_EXCEPTION"},
		crmsim.FaultBroken: {http.StatusInternalServerError, "UNKNOWN_EXCEPTION"},
	} {
		s := faulty(t, string(kind)+":rows=1")
		records := make([]fields, 7)
		for i := range records {
			records[i] = contact(fmt.Sprint("w.", i), nil)
		}
		r := s.call(http.MethodPatch, upsertPath, collection(records...))
		require.Equal(t, want.status, r.status)
		require.Equal(t, []string{want.code}, r.errorCodes(t))
		require.Zero(t, s.stats().Records["Contact"])
		require.False(t, s.writes()[0].Applied)

		records = slices.Delete(records, 3, 4)
		for _, got := range s.upsert(records...) {
			require.True(t, got.Success)
		}
		require.Equal(t, want.status, s.call(http.MethodPatch, upsertPath, collection(contact("w.3", nil))).status)
		s.order(http.MethodPost, "/heal", nil)
		require.True(t, s.upsert(contact("w.3", nil))[0].Success)
	}
}

func TestALockedRecordLandsTheNextTime(t *testing.T) {
	t.Parallel()

	s := faulty(t, "lock:every=2")
	records := []fields{contact("w.1", nil), contact("w.2", nil), contact("w.3", nil)}
	require.True(t, s.upsert(records...)[1].Success)
	got := s.upsert(records...)
	require.Equal(t, "UNABLE_TO_LOCK_ROW", got[1].code())
	require.True(t, got[0].Success && got[2].Success)
	require.True(t, s.upsert(records...)[1].Success)
}

func TestASlowAnswerIsRightAllTheSame(t *testing.T) {
	t.Parallel()

	s := faulty(t, "slow")
	require.True(t, s.upsert(contact("w.1", nil))[0].Created)
	require.Equal(t, crmsim.FaultSlow, s.writes()[0].Fault)
}

func TestFaultsLeaveConfigurationAlone(t *testing.T) {
	t.Parallel()

	fault, err := crmsim.ParseFault("503")
	require.NoError(t, err)
	s := open(t, salesforce.Options{Settings: crmsim.Settings{Faults: []crmsim.Fault{fault}}})
	s.provision("Contact")
	require.Empty(t, s.stats().Calls[crmsim.CallWrite])
}

func TestAccountsAreLimited(t *testing.T) {
	t.Parallel()

	s := open(t, salesforce.Options{})
	s.order(http.MethodPut, "/limits", fields{"rate": "2/1h"})
	for _, want := range []int{http.StatusOK, http.StatusOK, http.StatusForbidden} {
		require.Equal(t, want, s.query("SELECT Id FROM Contact").status)
	}
	r := s.query("SELECT Id FROM Contact")
	require.JSONEq(t, `[{"message":"ConcurrentRequests (Concurrent API Requests) Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, r.text())
	require.Equal(t, 2, s.stats().Throttled)

	s.order(http.MethodPut, "/limits", fields{"rate": "", "daily": 3})
	r = s.query("SELECT Id FROM Contact")
	require.Equal(t, http.StatusOK, r.status)
	require.Equal(t, "api-usage=3/3", r.header.Get("Sforce-Limit-Info"))
	r = s.query("SELECT Id FROM Contact")
	require.JSONEq(t, `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, r.text())
	require.Equal(t, http.StatusForbidden, r.status)

	var left map[string]struct{ Max, Remaining int }
	s.order(http.MethodPut, "/limits", fields{"daily": 10})
	s.call(http.MethodGet, "/limits", nil).into(t, &left)
	require.Equal(t, struct{ Max, Remaining int }{10, 6}, left["DailyApiRequests"])
}
