package rest

import (
	"net/http"
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

// FEATURES: B01
func TestChecklistFollowsWhatWasDone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	at := func() (done []bool, current string, got Connection) {
		got = read[Connection](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String(), ""), http.StatusOK)
		for _, step := range got.Checklist {
			done = append(done, step.Done)
			if step.Current {
				current = step.ID
			}
		}
		return done, current, got
	}

	live := c
	for status, want := range map[lockstep.Status][]bool{
		lockstep.StatusConnecting: {false, false, false, false}, lockstep.StatusReady: {true, false, false, false},
	} {
		c = b.connection(t, status)
		done, current, _ := at()
		require.Equal(t, want, done)
		require.Equal(t, map[bool]string{false: "connect", true: "starting_point"}[done[0]], current)
	}
	c = live
	done, current, got := at()
	require.Equal(t, []bool{true, true, false, false}, done)
	require.Equal(t, "mapping", current)
	require.Nil(t, got.ApprovedMappingVersion)
	require.Nil(t, got.ProvenAt)

	require.NoError(t, b.store.PutMapping(t.Context(), c.WorkspaceID, c.ID, lockstep.Mapping{Object: crm.Contact, Type: "Lead", Version: 1}))
	require.NoError(t, b.store.ApproveMapping(t.Context(), c.WorkspaceID, c.ID, crm.Contact, 1))
	done, current, got = at()
	require.Equal(t, []bool{true, true, true, false}, done)
	require.Equal(t, "test_contact", current)
	require.EqualValues(t, 1, *got.ApprovedMappingVersion)

	require.NoError(t, b.store.Proven(t.Context(), c.WorkspaceID, c.ID))
	done, current, got = at()
	require.Equal(t, []bool{true, true, true, true}, done)
	require.Empty(t, current)
	require.NotNil(t, got.ProvenAt)
}

func TestConnectionShowsTheRunThatPeopleFollow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)
	test := lockstep.Run{ID: uuid.Must(uuid.NewV7()), WorkspaceID: c.WorkspaceID, ConnectionID: c.ID, Kind: lockstep.RunTestContact, LinkUp: lockstep.LinkUpLate}
	_, err := b.store.BeginTest(t.Context(), test, lockstep.Record{ID: uuid.Must(uuid.NewV7()), Object: crm.Contact, ExternalID: "test", Fields: make(map[string]any)})
	require.NoError(t, err)

	current := func() uuid.UUID {
		return read[Connection](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String(), ""), http.StatusOK).CurrentRun.ID
	}
	require.Equal(t, run.ID, current(), "an import, whatever comes and goes beside it")
	_, err = b.store.FinishRun(t.Context(), run, lockstep.RunCancelled, "")
	require.NoError(t, err)
	require.Equal(t, test.ID, current())
}

// FEATURES: A11
func TestConnectionSaysHowItIsAndWhy(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for status, reason := range map[lockstep.Status]string{
		lockstep.StatusDisconnected: "A person has disconnected it.",
		lockstep.StatusError:        "The connected user may not create the field in which Lockstep keeps its ids.",
		lockstep.StatusUnauthorized: "The CRM no longer accepts the login.",
		lockstep.StatusPaused:       "A person has paused it.",
	} {
		c := b.connection(t, lockstep.StatusLive)
		if status == lockstep.StatusDisconnected {
			require.NoError(t, b.store.Disconnect(t.Context(), c.WorkspaceID, c.ID, reason))
		} else {
			require.NoError(t, b.store.SetStatus(t.Context(), c.WorkspaceID, c.ID, status, reason))
		}
		got := read[Connection](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String(), ""), http.StatusOK)
		require.Equal(t, Status(status), got.Status)
		require.Equal(t, reason, got.StatusReason)
		require.Equal(t, "Acme Inc.", got.Account.Name, "whose it is stays known")
		again := read[Authorization](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/authorize", ""), http.StatusOK)
		require.NotEmpty(t, again.AuthorizeURL, "it can be connected again")
	}
}

// FEATURES: V14
func TestConnectionShowsWhichScopesItsLoginLacks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	for _, missing := range [][]string{nil, {}, {"crm.schemas.contacts.write"}} {
		b.signIns.lacks = missing
		got := read[Connection](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String(), ""), http.StatusOK).MissingScopes
		if missing == nil {
			require.Nil(t, got)
			continue
		}
		require.Equal(t, missing, *got)
	}
}

// FEATURES: A07, A11, I03
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

// FEATURES: S05
func TestReconnectingMakesAFreshLink(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusUnauthorized)

	first := read[Authorization](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/authorize", ""), http.StatusOK)
	second := read[Authorization](b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/authorize", ""), http.StatusOK)
	require.NotEqual(t, first.AuthorizeURL, second.AuthorizeURL)
	require.Len(t, b.supervisors.told, 2, "a supervisor that has given up is started again")
}

// FEATURES: S04
func TestWhatWasDisconnectedCanBeConnectedAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusDisconnected)

	b.visit(t, b.link(t, c))
	require.Empty(t, b.supervisors.told, "nobody waits for what was disconnected")
	require.Equal(t, http.StatusOK, b.visit(t, "/v1/oauth/callback?state=s&code=c").Code)
	require.Equal(t, []string{"complete " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)
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
