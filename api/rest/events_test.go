package rest

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/lockstep"
)

// FEATURES: Q03, Q04
func TestSyncLogIsNarrowed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load(t, b, "external_id\n1\n2\n")
	c := b.connection(t, lockstep.StatusLive)
	b.fail(t, c)
	path := "/v1/connections/" + c.ID.String() + "/events"
	events := func(query url.Values) []Event {
		return read[EventPage](b.ask(t, http.MethodGet, path+"?"+query.Encode(), ""), http.StatusOK).Items
	}
	failed := events(url.Values{"outcome": {"failed"}})
	require.Len(t, failed, 2)
	of := failed[0]

	mine := events(url.Values{"record": {of.RecordID.String()}})
	require.Equal(t, []Event{of}, mine)
	require.Empty(t, events(url.Values{"record": {uuid.NewString()}}))
	require.NotEmpty(t, events(url.Values{"since": {of.At.Format(time.RFC3339Nano)}}))
	require.Empty(t, events(url.Values{"since": {of.At.Add(time.Hour).Format(time.RFC3339)}}))
	require.Empty(t, events(url.Values{"until": {of.At.Add(-time.Hour).Format(time.RFC3339)}}))
	for _, bad := range []string{"record=1", "since=yesterday", "until=2026-13-01T00:00:00Z", "since=", "before=x"} {
		b.ask(t, http.MethodGet, path+"?"+bad, "").problem(http.StatusBadRequest, "request_invalid")
	}
}
