package rest

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// owned returns a live connection whose CRM has an active user and one who has
// left.
func (b *bundle) owned(t *testing.T) lockstep.Connection {
	t.Helper()
	c := b.connection(t, lockstep.StatusLive)
	require.NoError(t, b.store.PutOwners(t.Context(), c.WorkspaceID, c.ID, []crm.Owner{
		{ID: "005A", Name: "Ada", Email: "ada@acme.example", Active: true}, {ID: "005B", Name: "Bob", Email: "bob@acme.example"},
	}))
	return c
}

// FEATURES: D01
func TestOwnersAreThoseThatWereDiscovered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.owned(t)

	got := read[OwnerList](b.ask(t, http.MethodGet, "/v1/connections/"+c.ID.String()+"/owners", ""), http.StatusOK)
	require.Equal(t, OwnerList{CanList: true, Items: []Owner{
		{ID: "005A", Name: "Ada", Email: "ada@acme.example", Active: true}, {ID: "005B", Name: "Bob", Email: "bob@acme.example"},
	}}, got)
	mute := b.connection(t, lockstep.StatusLive)
	got = read[OwnerList](b.ask(t, http.MethodGet, "/v1/connections/"+mute.ID.String()+"/owners", ""), http.StatusOK)
	require.Equal(t, OwnerList{Items: []Owner{}}, got)
}

// FEATURES: D01, D02
func TestOwnerIsOneOfTheActiveOwners(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.owned(t)
	path := "/v1/connections/" + c.ID.String()

	got := read[Connection](b.ask(t, http.MethodPatch, path, `{"owner_id": "005A"}`), http.StatusOK)
	require.Equal(t, "005A", *got.OwnerID)
	require.Equal(t, []string{"settings " + flow.ConnectionID(c.ID) + " salesforce"}, b.supervisors.told)
	for _, id := range []string{"005B", "005C"} { // who has left, and who never was
		p := b.ask(t, http.MethodPatch, path, `{"owner_id": "`+id+`"}`).problem(http.StatusUnprocessableEntity, "owner_unknown")
		require.Contains(t, p.Fix, path+"/owners")
	}
	got = read[Connection](b.ask(t, http.MethodPatch, path, `{"sync_every_seconds": 60}`), http.StatusOK)
	require.Equal(t, "005A", *got.OwnerID, "what is not given stays")
	got = read[Connection](b.ask(t, http.MethodPatch, path, `{"owner_id": null}`), http.StatusOK)
	require.Nil(t, got.OwnerID)
	require.Equal(t, got, read[Connection](b.ask(t, http.MethodGet, path, ""), http.StatusOK))
}

// FEATURES: J09
func TestSyncFrequencyIsAdjusted(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	path := "/v1/connections/" + c.ID.String()

	got := read[Connection](b.ask(t, http.MethodGet, path, ""), http.StatusOK)
	require.EqualValues(t, lockstep.SyncEveryDefault/time.Second, got.SyncEverySeconds)
	for every, body := range map[time.Duration]string{lockstep.SyncEveryLeast: `{"sync_every_seconds": 60}`, lockstep.SyncEveryMost: `{"sync_every_seconds": 86400}`} {
		got = read[Connection](b.ask(t, http.MethodPatch, path, body), http.StatusOK)
		require.EqualValues(t, every/time.Second, got.SyncEverySeconds)
		kept, err := b.store.Connection(t.Context(), c.WorkspaceID, c.ID)
		require.NoError(t, err)
		require.Equal(t, every, kept.SyncEvery)
	}
	require.Len(t, b.supervisors.told, 2)
	for _, body := range []string{
		`{}`, `{"sync_every_seconds": 59}`, `{"sync_every_seconds": 86401}`, `{"sync_every_seconds": 90.5}`, `{"sync_every_seconds": null}`,
		`{"sync_every_seconds": "60"}`, `{"owner_id": ""}`, `{"owner_id": 5}`, `{"owner_id": "x", "unicorn": 1}`, `[]`, `null`,
	} {
		b.ask(t, http.MethodPatch, path, body).problem(http.StatusBadRequest, "request_invalid")
	}
	require.Len(t, b.supervisors.told, 2)

	gone := b.connection(t, lockstep.StatusDisconnected)
	read[Connection](b.ask(t, http.MethodPatch, "/v1/connections/"+gone.ID.String(), `{"sync_every_seconds": 600}`), http.StatusOK)
	require.Len(t, b.supervisors.told, 2, "what was disconnected has no supervisor, and gets none for this")
}

// FEATURES: H01
func TestWhatSyncsIsSwitchedOffAndOn(t *testing.T) {
	t.Parallel()
	b := setup(t)
	c := b.connection(t, lockstep.StatusLive)
	path := "/v1/connections/" + c.ID.String()

	got := read[Connection](b.ask(t, http.MethodGet, path, ""), http.StatusOK)
	require.Equal(t, Switches{Contacts: true, Emails: true, Calls: true, Meetings: true}, got.Syncs, "all is on by default")
	read[Connection](b.ask(t, http.MethodPatch, path, `{"syncs": {"contacts": false, "calls": false}}`), http.StatusOK)
	got = read[Connection](b.ask(t, http.MethodPatch, path, `{"syncs": {"calls": true, "meetings": false}}`), http.StatusOK)
	require.Equal(t, Switches{Emails: true, Calls: true}, got.Syncs, "what is not named stays")
	for _, command := range []string{"sync", "resync", "retry"} {
		p := b.ask(t, http.MethodPost, path+"/"+command, "").problem(http.StatusConflict, "contacts_switched_off")
		require.Contains(t, p.Fix, path)
	}
	ready := b.connection(t, lockstep.StatusReady)
	there := "/v1/connections/" + ready.ID.String()
	read[Connection](b.ask(t, http.MethodPatch, there, `{"syncs": {"contacts": false}}`), http.StatusOK)
	b.ask(t, http.MethodPost, there+"/starting-point", `{"choice": "import"}`).problem(http.StatusConflict, "contacts_switched_off")
	health := read[ConnectionHealth](b.ask(t, http.MethodGet, path+"/health", ""), http.StatusOK)
	require.Equal(t, ConnectionHealthStatePaused, health.State)
	require.Contains(t, health.Headline, "switched off")
	for _, body := range []string{`{"syncs": {}}`, `{"syncs": null}`, `{"syncs": {"deals": true}}`, `{"syncs": {"contacts": "no"}}`} {
		b.ask(t, http.MethodPatch, path, body).problem(http.StatusBadRequest, "request_invalid")
	}
}
