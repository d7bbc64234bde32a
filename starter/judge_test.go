package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

// scene is an API and a sandbox that say what a test has them say.
type scene struct {
	workspace client.Workspace
	run       client.Run
	events    []client.Event // oldest first
	kept      []kept
}

// trueScene is one in which the ledger and the CRM agree: two created, one
// updated, one failed, one skipped that is linked.
func trueScene() *scene {
	s := &scene{workspace: client.Workspace{Key: "abcdefgh", Records: client.RecordCounts{Contact: 5}}}
	s.run = client.Run{ID: uuid.New(), ConnectionID: uuid.New(), Counts: client.Counts{
		Total: 5, Done: 5, Landed: 3, Created: 2, Updated: 1, Failed: 1, Skipped: 1,
	}}
	for i, outcome := range []string{"created", "created", "updated", "failed", "skipped"} {
		record, n := uuid.New(), strconv.Itoa(i+1)
		e := client.Event{ID: n, RecordID: &record, RunID: &s.run.ID, ExternalID: "c" + n, Object: "contact", Outcome: outcome}
		if outcome != "failed" && outcome != "skipped" {
			e.CRMType, e.CRMID = "Contact", "003"+n
			s.keep("003"+n, "abcdefgh.c"+n)
		}
		s.events = append(s.events, e)
	}
	s.events = append(s.events, client.Event{ID: "6", RunID: &s.run.ID, Outcome: "import_completed"})
	s.keep("003other", "zzzzzzzz.c1") // another workspace's
	return s
}

func (s *scene) keep(id, externalID string) {
	s.kept = append(s.kept, kept{Object: "Contact", ID: id, ExternalID: &externalID})
}

func (s *scene) judge(t *testing.T) verdict {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/workspace", func(w http.ResponseWriter, _ *http.Request) { reply200(w, s.workspace) })
	mux.HandleFunc("GET /v1/connections/{id}/events", func(w http.ResponseWriter, r *http.Request) {
		page := client.EventPage{Items: []client.Event{}}
		before, limit := len(s.events)+1, 2
		if b := r.FormValue("before"); b != "" {
			before, _ = strconv.Atoi(b)
		}
		for _, e := range slices.Backward(s.events[:before-1]) {
			if page.Items = append(page.Items, e); len(page.Items) == limit {
				page.Next = &e.ID
				break
			}
		}
		reply200(w, page)
	})
	mux.HandleFunc("GET /_sim/salesforce/records", func(w http.ResponseWriter, _ *http.Request) {
		for _, k := range s.kept {
			_ = json.NewEncoder(w).Encode(k)
		}
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	r, err := dialAPI(server.URL, "lsk_test")
	require.NoError(t, err)
	v, err := judge(t.Context(), r, sandbox{address: server.URL, vendor: "salesforce"}, s.run)
	require.NoError(t, err)
	return v
}

func reply200(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func TestLedgerAndCRMThatAgreeAreTrue(t *testing.T) {
	t.Parallel()

	v := trueScene().judge(t)
	require.Empty(t, v.findings)
	require.Zero(t, v.untruths)
	require.EqualValues(t, 3, v.landed)
	require.Zero(t, v.duplicates)
}

func TestEveryUntruthIsFound(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		change     func(*scene)
		finding    string
		duplicates int64
	}{
		"made twice under one id": {
			change:  func(s *scene) { s.keep("0039", "abcdefgh.c1") },
			finding: `Record c1 is created as 0031, and the CRM has it at ["0031" "0039"].`, duplicates: 1,
		},
		"made twice, once without id": {
			change:  func(s *scene) { s.kept = append(s.kept, kept{Object: "Contact", ID: "0039"}) },
			finding: "The CRM has a Contact without an external id: 0039.", duplicates: 1,
		},
		"not there": {
			change:  func(s *scene) { s.kept = s.kept[1:] },
			finding: `Record c1 is created as 0031, and the CRM has it at [].`,
		},
		"there and deleted": {
			change:  func(s *scene) { s.kept[0].Deleted = true },
			finding: `Record c1 is created as 0031, and the CRM has it at [].`,
		},
		"there as another": {
			change:  func(s *scene) { s.kept[0].ID = "0039" },
			finding: `Record c1 is created as 0031, and the CRM has it at ["0039"].`,
		},
		"failed and there": {
			change:  func(s *scene) { s.keep("0034", "abcdefgh.c4") },
			finding: `Record c4 is failed, and the CRM has it at ["0034"].`,
		},
		"nobody's": {
			change:  func(s *scene) { s.keep("0039", "abcdefgh.c9") },
			finding: "The CRM has 1 record with the external id abcdefgh.c9, which is no record's.",
		},
		"without outcome": {
			change: func(s *scene) {
				s.workspace.Records.Contact, s.run.Counts.Total = 6, 6
			},
			finding: "The workspace has 6 records, the run 6, outcomes have 5.",
		},
		"counted wrongly": {
			change:  func(s *scene) { s.run.Counts.Created, s.run.Counts.Updated = 1, 2 },
			finding: "The run counts 1 records created, the ledger has 2.",
		},
		"unknown outcome": {
			change:  func(s *scene) { s.events[3].Outcome = "vanished" },
			finding: `Record c4 has the outcome "vanished", which is none.`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := trueScene()
			test.change(s)
			v := s.judge(t)
			require.Contains(t, v.findings, test.finding)
			require.Equal(t, test.duplicates, v.duplicates)
			require.ErrorContains(t, report{verdict: v}.untrue(), test.finding)
		})
	}
}

func TestLastOutcomeOfARecordStands(t *testing.T) {
	t.Parallel()

	s := trueScene()
	again := s.events[3] // failed, and sent again
	again.ID, again.Outcome, again.CRMType, again.CRMID = "7", "created", "Contact", "0034"
	s.events = append(s.events, again)
	s.keep("0034", "abcdefgh.c4")
	s.run.Counts = client.Counts{Total: 5, Done: 5, Landed: 4, Created: 3, Updated: 1, Skipped: 1}
	require.Empty(t, s.judge(t).findings)
}

func TestRecordThatWasLinkedBeforeMayFail(t *testing.T) {
	t.Parallel()

	s := trueScene()
	s.events[3].CRMType, s.events[3].CRMID = "Contact", "0034"
	s.keep("0034", "abcdefgh.c4")
	require.Equal(t, []string{"The CRM has 4 live records of this workspace, the ledger says 3."}, s.judge(t).findings)
}
