package e2e_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
)

// simRecord is a record as the sandbox has it.
type simRecord struct {
	Object     string         `json:"object"`
	ID         string         `json:"id"`
	ExternalID string         `json:"external_id"`
	Deleted    bool           `json:"deleted"`
	Writes     int            `json:"writes"`
	Fields     map[string]any `json:"fields"`
}

// simCall is a call as the sandbox had it.
type simCall struct {
	N       int       `json:"n"`
	At      time.Time `json:"at"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Kind    string    `json:"kind"`
	Created int       `json:"created"`
	Updated int       `json:"updated"`
	Status  int       `json:"status"`
	Fault   string    `json:"fault"`
	Applied bool      `json:"applied"`
}

// records returns all records of the sandbox, deleted ones included, by id.
func (w *world) records(t testing.TB) map[string]simRecord {
	t.Helper()
	out := make(map[string]simRecord)
	w.lines(t, "records", func(line []byte) {
		var r simRecord
		require.NoError(t, json.Unmarshal(line, &r))
		out[r.ID] = r
	})
	return out
}

// landed returns the sandbox's live records that carry an external id of this
// workspace, and fails the test when two share one.
func (w *world) landed(t testing.TB) map[string]simRecord {
	t.Helper()
	out := make(map[string]simRecord)
	for _, r := range w.records(t) {
		converted := r.Fields["IsConverted"] == true // a lead that lives on as a contact
		if r.Deleted || converted || !lockstep.OwnExternalID(w.conn.WorkspaceKey, r.ExternalID) {
			continue
		}
		_, twice := out[r.ExternalID]
		require.False(t, twice, "one record for each external id")
		out[r.ExternalID] = r
	}
	return out
}

// stamped returns the live record that carries the external id of one of ours.
func (w *world) stamped(t testing.TB, externalID string) simRecord {
	t.Helper()
	return w.landed(t)[lockstep.ExternalID(w.conn.WorkspaceKey, externalID)]
}

// calls returns the calls that the sandbox has had, of one kind or all.
func (w *world) calls(t testing.TB, kind string) []simCall {
	t.Helper()
	var out []simCall
	w.lines(t, "calls?kind="+kind, func(line []byte) {
		var c simCall
		require.NoError(t, json.Unmarshal(line, &c))
		out = append(out, c)
	})
	return out
}

// dataCalls counts the calls that are not about tokens.
func (w *world) dataCalls(t testing.TB) int {
	t.Helper()
	return len(w.calls(t, "")) - len(w.calls(t, "auth"))
}

// seed adds contacts to the CRM behind Lockstep's back and returns their ids.
func (w *world) seed(t testing.TB, fields ...map[string]any) []string {
	t.Helper()
	seeds := make([]map[string]any, len(fields))
	for i, f := range fields {
		seeds[i] = map[string]any{"object": w.vendor.contact, "fields": f}
	}
	body, err := json.Marshal(seeds)
	require.NoError(t, err)
	var made struct{ IDs []string }
	w.sim(t, http.MethodPost, "records", string(body), &made)
	require.Len(t, made.IDs, len(fields))
	return made.IDs
}

// person is a contact as the CRM keeps it.
func (w *world) person(email, lastName string) map[string]any {
	return map[string]any{w.vendor.email: email, w.vendor.lastName: lastName}
}

// fault puts faults in force.
func (w *world) fault(t testing.TB, specs ...string) {
	t.Helper()
	for _, spec := range specs {
		w.sim(t, http.MethodPost, "faults", fmt.Sprintf(`{"spec":%q}`, spec), nil)
	}
}

// lift removes all faults, and with them their marks.
func (w *world) lift(t testing.TB) {
	t.Helper()
	w.sim(t, http.MethodDelete, "faults", "", nil)
}

// struck counts how often each of the faults in force has struck.
func (w *world) struck(t testing.TB) []int {
	t.Helper()
	var status []struct{ Fired int }
	w.sim(t, http.MethodGet, "faults", "", &status)
	out := make([]int, len(status))
	for i, s := range status {
		out[i] = s.Fired
	}
	return out
}

// sim calls the administration of the world's CRM and reads what it answers.
func (w *world) sim(t testing.TB, method, path, body string, answer any) {
	t.Helper()
	w.admin(t, method, string(w.vendor.name)+"/"+path, body, answer)
}

// admin calls the sandbox's administration.
func (w *world) admin(t testing.TB, method, path, body string, answer any) {
	t.Helper()
	resp := w.call(t, method, path, body)
	defer resp.Body.Close()
	if answer != nil {
		require.NoError(t, json.NewDecoder(resp.Body).Decode(answer))
	}
}

func (w *world) call(t testing.TB, method, path, body string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.sandbox.Admin+"/_sim/"+path, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(t, err)
	if resp.StatusCode >= http.StatusBadRequest {
		answer, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s %s: %s: %s", method, path, resp.Status, answer)
	}
	return resp
}

func (w *world) lines(t testing.TB, path string, each func([]byte)) {
	t.Helper()
	resp := w.call(t, http.MethodGet, string(w.vendor.name)+"/"+path, "")
	defer resp.Body.Close()
	scanner := bufio.NewScanner(resp.Body)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		each(scanner.Bytes())
	}
	require.NoError(t, scanner.Err())
}

// row is a record of ours and where it stands.
type row struct {
	ID         string
	ExternalID string
	State      lockstep.State
	CRMType    string
	CRMID      string
	Problem    lockstep.Code
	Detail     string
	LastName   string
}

// ledger returns every row of the connection's ledger, by our external id.
func (w *world) ledger(t testing.TB) map[string]row {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), `SELECT r.id::text, r.external_id, l.state, coalesce(l.crm_type, ''), coalesce(l.crm_id, ''),
			coalesce(l.problem, ''), coalesce(l.detail, ''), coalesce(r.fields ->> 'last_name', '')
		FROM ledger l JOIN records r ON r.id = l.record_id WHERE l.connection_id = $1`, w.conn.ID)
	require.NoError(t, err)
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	require.NoError(t, err)
	out := make(map[string]row, len(all))
	for _, r := range all {
		out[r.ExternalID] = r
	}
	return out
}

// count returns how many rows are in a state.
func (w *world) count(t testing.TB, state lockstep.State) int {
	t.Helper()
	n := 0
	const count = `SELECT count(*) FROM ledger WHERE connection_id = $1 AND state = $2`
	require.NoError(t, w.pool.QueryRow(t.Context(), count, w.conn.ID, state).Scan(&n))
	return n
}

// requireTrue compares the ledger with the sandbox's own records, row by row: a
// record that says it landed is there once, as it is now; one that says it did
// not, is not; and nothing of ours is there that the ledger does not know.
// Nothing has been deleted, ever.
func (w *world) requireTrue(t testing.TB) {
	t.Helper()
	all, own := w.records(t), w.landed(t)
	for external, r := range w.ledger(t) {
		stamp := lockstep.ExternalID(w.conn.WorkspaceKey, external)
		there, stamped := own[stamp]
		delete(own, stamp)
		require.NotEqual(t, lockstep.StatePending, r.State, "%s has its outcome", external)
		if r.CRMID == "" {
			require.NotEqual(t, lockstep.StateSynced, r.State, external)
			require.False(t, stamped, "%s is %s, and in the CRM", external, r.State)
			continue
		}
		linked, ok := all[r.CRMID]
		require.True(t, ok && !linked.Deleted, "%s is %s, and not in the CRM", external, r.State)
		require.Equal(t, r.CRMType, linked.Object, external)
		require.True(t, linked.ID == there.ID || !stamped && !lockstep.OwnExternalID(w.conn.WorkspaceKey, linked.ExternalID),
			"%s is linked to %s, and stamped on %s", external, r.CRMID, there.ID)
		if r.State == lockstep.StateSynced {
			require.Equal(t, r.LastName, linked.Fields[w.vendor.lastName], "%s is in the CRM as it is now", external)
		}
	}
	require.Empty(t, own, "all that is in the CRM is in the ledger")
	for _, c := range w.calls(t, "write") {
		require.False(t, c.Method == http.MethodDelete || strings.HasSuffix(c.Path, "/archive"), "nothing is ever deleted: %s %s", c.Method, c.Path)
	}
}

// requireLanded compares the ledger with the sandbox's own records and requires
// every record to be there.
func (w *world) requireLanded(t testing.TB) {
	t.Helper()
	w.requireTrue(t)
	for external, r := range w.ledger(t) {
		require.Equal(t, lockstep.StateSynced, r.State, "%s: %s", external, r.Problem)
	}
}
