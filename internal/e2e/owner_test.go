package e2e_test

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

// somebody returns the id of a person that records can be given to.
func (w *world) somebody(t *testing.T, name string) string {
	t.Helper()
	owners, err := w.store.Owners(t.Context(), w.conn.WorkspaceID, w.conn.ID)
	require.NoError(t, err)
	for _, o := range owners {
		if o.Active && strings.HasPrefix(o.Name, name) {
			return o.ID
		}
	}
	require.Fail(t, "nobody of that name", "%s among %d", name, len(owners))
	return ""
}

// reassign gives a record of the CRM to somebody else, as people there do.
func (w *world) reassign(t *testing.T, typ, id, owner string) {
	t.Helper()
	writer, err := crm.As[crm.Writer](w.open(t, w.connection(t), w.secrets[0]))
	require.NoError(t, err)
	outcomes, err := writer.Write(t.Context(), crm.Batch{Type: typ, Match: crm.ByID, Writes: []crm.Write{
		{Ref: "one", ID: id, Fields: map[string]any{w.vendor.owner: owner}},
	}})
	require.NoError(t, err)
	require.Nil(t, outcomes[0].Err)
}

// FEATURES: D01, D02
func TestOwnerIsGivenToNewRecordsAloneAndReassignmentsStick(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, v vendor) {
		w := begin(t, options{vendor: v, contacts: 20})
		ada, sam := w.somebody(t, "Ada"), w.somebody(t, "Sam")
		known := w.seed(t, w.person("c00003@example.com", "Before"))[0]
		was := w.records(t)[known].Fields[v.owner]
		require.NoError(t, w.store.SetSettings(t.Context(), w.conn.WorkspaceID, w.conn.ID, lockstep.Settings{OwnerID: &sam}))
		w.signal(t, flow.SignalSettings)
		w.imported(t)
		for external, r := range w.ledger(t) {
			if r.CRMID != known {
				require.Equal(t, sam, w.records(t)[r.CRMID].Fields[v.owner], external)
			}
		}
		require.Equal(t, was, w.records(t)[known].Fields[v.owner], "who was there keeps whom they had")

		moved := w.ledger(t)["C-00008"].CRMID
		w.reassign(t, v.contact, moved, ada)
		w.load(t, changed(contacts(0, 20), "Changed")...)
		w.load(t, contacts(20, 22)...)
		w.sync(t)
		require.Equal(t, ada, w.records(t)[moved].Fields[v.owner], "a re-assignment sticks")
		require.Equal(t, sam, w.stamped(t, "C-00021").Fields[v.owner])
		w.requireLanded(t)
	})
}

// FEATURES: D02, L02
func TestUnsetOwnerLeavesNewLeadsToTheCRMsOwnRulesAndUpdatesNeverRunThem(t *testing.T) {
	t.Parallel()
	w := begin(t, options{contacts: 20, target: "Lead"})
	ada, sam := w.somebody(t, "Ada"), w.somebody(t, "Sam")
	w.sim(t, http.MethodPut, "assignment-rule", fmt.Sprintf(`{"owner":%q}`, sam), nil)
	w.imported(t)
	for external, r := range w.landed(t) {
		require.Equal(t, sam, r.Fields["OwnerId"], external)
	}

	moved := w.ledger(t)["C-00008"].CRMID
	w.reassign(t, "Lead", moved, ada)
	w.load(t, changed(contacts(0, 20), "Changed")...)
	w.load(t, contacts(20, 22)...)
	w.sync(t)
	require.Equal(t, ada, w.records(t)[moved].Fields["OwnerId"])
	require.Equal(t, sam, w.stamped(t, "C-00021").Fields["OwnerId"], "new ones go by the rule, in a CRM that is not empty too")
	w.requireLanded(t)
}
