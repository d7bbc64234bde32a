package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

func TestConnectingBeginsWithALink(t *testing.T) {
	t.Parallel()
	b := setup(t)

	a := b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce", "targets": {"contact": "Lead"}}`, "Idempotency-Key", "k")
	c := read[NewConnection](a, http.StatusCreated)
	require.Equal(t, "/v1/connections/"+c.ID.String(), a.Header().Get("Location"))
	require.Equal(t, StatusConnecting, c.Status)
	require.Equal(t, "Salesforce", c.Label)
	require.Equal(t, Targets{"contact": "Lead"}, c.Targets)
	require.Nil(t, c.Account)
	require.Nil(t, c.StartingPoint)
	require.Regexp(t, "^"+publicURL+"/v1/connect/[A-Z2-7]{26}$", c.AuthorizeURL)
	require.WithinDuration(t, time.Now().Add(patience), c.ExpiresAt, time.Minute)
	require.Equal(t, "http://ui.example/namespaces/default/workflows/connection%2F"+c.ID.String(), *c.TemporalURL)
	require.Equal(t, []string{"connect", "starting_point", "mapping", "test_contact"}, []string{c.Checklist[0].ID, c.Checklist[1].ID, c.Checklist[2].ID, c.Checklist[3].ID})
	require.True(t, c.Checklist[0].Current)
	require.Equal(t, []string{"start " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)

	got := read[Connection](b.ask(t, http.MethodGet, a.Header().Get("Location"), ""), http.StatusOK)
	require.Equal(t, c.ID, got.ID)
	list := read[ConnectionList](b.ask(t, http.MethodGet, "/v1/connections", ""), http.StatusOK)
	require.Equal(t, []Connection{got}, list.Items)
}

func TestConnectionThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)

	p := b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "unicorn"}`).problem(http.StatusUnprocessableEntity, "vendor_unknown")
	require.Contains(t, p.Detail, "salesforce")
	p = b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce", "targets": {"contact": "Case"}}`).problem(http.StatusUnprocessableEntity, "target_unknown")
	require.Equal(t, "Choose one of: Contact, Lead.", p.Fix)
	b.ask(t, http.MethodPost, "/v1/connections", `{"vendor": "salesforce", "targets": {"unicorn": "Case"}}`).problem(http.StatusUnprocessableEntity, "target_unknown")
	require.Empty(t, read[ConnectionList](b.ask(t, http.MethodGet, "/v1/connections", ""), http.StatusOK).Items)
}

func TestConnectionShowsItsAccountAndItsRun(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)

	got := read[Connection](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String(), ""), http.StatusOK)
	require.Equal(t, &Account{ID: c.Account.ID, Name: "Acme Inc.", Environment: "production", Edition: "Enterprise Edition"}, got.Account)
	require.Equal(t, StartingPointImport, *got.StartingPoint)
	require.Equal(t, run.ID, got.CurrentRun.ID)
	require.EqualValues(t, 2, got.CurrentRun.Counts.Total)
	require.True(t, got.Checklist[0].Done)
	require.True(t, got.Checklist[1].Done)
	require.True(t, got.Checklist[2].Current)
}

func TestReconnectingMakesAFreshLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusUnauthorized)

	first := read[Authorization](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/authorize", ""), http.StatusOK)
	second := read[Authorization](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/authorize", ""), http.StatusOK)
	require.NotEqual(t, first.AuthorizeURL, second.AuthorizeURL)
	require.Len(t, b.supervisors.told, 2, "a supervisor that has given up is started again")
}

func TestSignalsAreOnlySentWhereTheyMakeSense(t *testing.T) {
	t.Parallel()
	type outcome struct {
		status int
		told   string
	}
	ok := func(signal string) outcome { return outcome{http.StatusAccepted, signal} }
	already, no := outcome{http.StatusAccepted, ""}, outcome{http.StatusConflict, ""}
	tests := map[string]map[lockstep.Status]outcome{
		"pause": {
			lockstep.StatusLive: ok("pause"), lockstep.StatusPaused: already, lockstep.StatusReady: no, lockstep.StatusConnecting: no,
			lockstep.StatusSettingUp: no, lockstep.StatusUnauthorized: no, lockstep.StatusError: no, lockstep.StatusDisconnected: no,
		},
		"resume": {
			lockstep.StatusPaused: ok("resume"), lockstep.StatusLive: already, lockstep.StatusReady: no, lockstep.StatusConnecting: no,
			lockstep.StatusSettingUp: no, lockstep.StatusUnauthorized: no, lockstep.StatusError: no, lockstep.StatusDisconnected: no,
		},
		"resync": {
			lockstep.StatusLive: ok("resync"), lockstep.StatusPaused: no, lockstep.StatusReady: no, lockstep.StatusConnecting: no,
			lockstep.StatusSettingUp: no, lockstep.StatusUnauthorized: no, lockstep.StatusError: no, lockstep.StatusDisconnected: no,
		},
	}
	b := setup(t)
	for command, outcomes := range tests {
		for status, want := range outcomes {
			b.supervisors.told = nil
			c := b.connection(t, status)
			a := b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/"+command, "")
			require.Equal(t, want.status, a.Code, "%s while %s", command, status)
			if want.status == http.StatusConflict {
				p := a.problem(http.StatusConflict, "connection_not_live")
				require.Contains(t, p.Detail, strings.ReplaceAll(string(status), "_", " "))
			}
			var told []string
			if want.told != "" {
				told = []string{want.told + " " + flow.ConnectionID(c.ID) + " salesforce"}
			}
			require.Equal(t, told, b.supervisors.told, "%s while %s", command, status)
		}
	}
}

func TestResyncWaitsForTheImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)

	b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/resync", "").problem(http.StatusConflict, "import_open")
	_, err := b.store.FinishRun(t.Context(), run, lockstep.RunCompleted, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/resync", "").Code)
}

func TestChoosingAStartingPointIsTheSupervisorsDecision(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusReady)
	path := "/v1/connections/" + c.ID.String() + "/starting-point"
	run := uuid.Must(uuid.NewV7())
	b.supervisors.started = flow.Started{Run: &run}

	chosen := read[StartingPointChosen](b.ask(t, http.MethodPost, path, `{"choice": "import"}`, "Idempotency-Key", "once"), http.StatusOK)
	require.Equal(t, StartingPointChosen{StartingPoint: StartingPointImport, RunID: &run}, chosen)
	require.Equal(t, []string{"choose import once " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)
	b.supervisors.started = flow.Started{}
	chosen = read[StartingPointChosen](b.ask(t, http.MethodPost, path, `{"choice": "skip"}`), http.StatusOK)
	require.Nil(t, chosen.RunID)

	for code, status := range map[string]int{flow.RefusedNotReady: 409, flow.RefusedChosen: 409, flow.RefusedChoice: 422} {
		b.supervisors.err = &Error{Code: lockstep.Code(code)}
		b.ask(t, http.MethodPost, path, `{"choice": "skip"}`).problem(status, code)
	}
	b.supervisors.err = &Error{Code: lockstep.CodeUnauthorized, Kind: crm.KindUnauthorized}
	p := b.ask(t, http.MethodPost, path, `{"choice": "skip"}`).problem(http.StatusConflict, "authorization_lost")
	require.Equal(t, lockstep.Explain(lockstep.CodeUnauthorized).Fix, p.Fix)
	b.ask(t, http.MethodPost, path, `{"choice": "later"}`).problem(http.StatusBadRequest, "request_invalid")

	waiting := b.connection(t, lockstep.StatusConnecting)
	b.ask(t, http.MethodPost, "/v1/connections/"+waiting.ID.String()+"/starting-point", `{"choice": "skip"}`).problem(http.StatusConflict, flow.RefusedNotReady)
}

func TestSupervisorsThatDoNotAnswerAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	b.supervisors.err = &Error{Code: "supervisor_unreachable", Err: fmt.Errorf("planted: %w", &crm.Error{Kind: crm.KindUnavailable})}

	for _, command := range []string{"pause", "resync", "authorize"} {
		b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/"+command, "").problem(http.StatusServiceUnavailable, "supervisor_unreachable")
	}
	require.Equal(t, 3, b.logs.FilterMessage("failing").Len())
}
