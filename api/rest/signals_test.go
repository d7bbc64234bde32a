package rest

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// FEATURES: J01, R01, R02
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
		"sync": {
			lockstep.StatusLive: ok("sync-now"), lockstep.StatusPaused: no, lockstep.StatusReady: no, lockstep.StatusConnecting: no,
			lockstep.StatusSettingUp: no, lockstep.StatusUnauthorized: no, lockstep.StatusError: no, lockstep.StatusDisconnected: no,
		},
		"retry": {
			lockstep.StatusLive: ok("retry"), lockstep.StatusPaused: no, lockstep.StatusReady: no, lockstep.StatusConnecting: no,
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

// FEATURES: R02
func TestResyncWaitsForTheImport(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n")
	c := b.connection(t, lockstep.StatusLive)
	run := b.run(t, c)

	b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/resync", "").problem(http.StatusConflict, "import_open")
	_, err := b.store.FinishRun(t.Context(), run, lockstep.RunCancelled, "")
	require.NoError(t, err)
	require.Equal(t, http.StatusAccepted, b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/resync", "").Code)
}

// FEATURES: R01
func TestRetryNamesAProblemThatThereIs(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	path := "/v1/connections/" + c.ID.String() + "/retry"

	for body, want := range map[string]string{
		"": "retry", `{}`: "retry", `{"problem": "validation_rule"}`: "retry validation_rule", `{"problem": "crm_unavailable"}`: "retry crm_unavailable",
	} {
		b.supervisors.told = nil
		read[Connection](b.ask(t, http.MethodPost, path, body), http.StatusAccepted)
		require.Equal(t, []string{want + " " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told, body)
	}

	b.supervisors.told = nil
	p := b.ask(t, http.MethodPost, path, `{"problem": "unicorn"}`).problem(http.StatusUnprocessableEntity, "problem_unknown")
	require.Contains(t, p.Detail, "unicorn")
	for _, known := range lockstep.Problems() {
		require.Contains(t, p.Fix, string(known.Code))
	}
	for _, body := range []string{`{"problem": ""}`, `{"problem": null}`, `{"problem": 1}`, `{"problems": "locked"}`, `[]`, `null`, `{`} {
		b.ask(t, http.MethodPost, path, body).problem(http.StatusBadRequest, "request_invalid")
	}
	b.ask(t, http.MethodPost, path, `{}`, "Content-Type", "text/plain").problem(http.StatusUnsupportedMediaType, "media_type_unsupported")
	require.Empty(t, b.supervisors.told)
}

func TestSupervisorsThatDoNotAnswerAreTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	b.supervisors.err = &Error{Code: "supervisor_unreachable", Err: fmt.Errorf("planted: %w", &crm.Error{Kind: crm.KindUnavailable})}

	for _, command := range []string{"pause", "resync", "sync", "retry", "discover", "test-contact", "authorize"} {
		b.ask(t, http.MethodPost, "/v1/connections/"+c.ID.String()+"/"+command, "").problem(http.StatusServiceUnavailable, "supervisor_unreachable")
	}
	require.Equal(t, 7, b.logs.FilterMessage("failing").Len())
}
