package alert

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

// server returns a server of ours, and a Sender that may send to it.
func server(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *Sender) {
	t.Helper()
	s := httptest.NewTLSServer(handler)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	sender := NewSender(Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, &tls.Config{RootCAs: roots})
	sender.now = func() time.Time { return time.Unix(1_700_000_000, 0) }
	return s, sender
}

// FEATURES: S06
func TestAlertIsSigned(t *testing.T) {
	t.Parallel()
	type request struct {
		header http.Header
		body   []byte
	}
	got := make(chan request, 1)
	s, sender := server(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- request{r.Header, body}
	})
	e := Event{
		ID: uuid.New(), Type: "connection.unauthorized", At: time.Unix(1_700_000_000, 0).UTC(), Workspace: uuid.New(), Connection: uuid.New(),
		Vendor: "salesforce", Status: "unauthorized", Reason: "The login was revoked.", Fix: "Reconnect.",
	}
	require.NoError(t, sender.Send(t.Context(), Target{URL: s.URL + "/hook", Secret: []byte("secret")}, e))

	r := <-got
	var read Event
	require.NoError(t, json.Unmarshal(r.body, &read))
	require.Equal(t, e, read)
	require.Equal(t, e.ID.String(), r.header.Get(HeaderEvent))
	require.Equal(t, Sign([]byte("secret"), time.Unix(1_700_000_000, 0), r.body), r.header.Get(HeaderSignature))
	require.NotEqual(t, Sign([]byte("another"), time.Unix(1_700_000_000, 0), r.body), r.header.Get(HeaderSignature))
}

func TestSignatureIsOneThatOthersCanMake(t *testing.T) {
	t.Parallel()
	// printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
	require.Equal(t, "t=1700000000,v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686", Sign([]byte("secret"), time.Unix(1_700_000_000, 0), []byte(`{"a":1}`)))
}

func TestAnswerSaysWhetherToSendAgain(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]crm.Kind{
		200: "", 204: "", 302: crm.KindInvalid, 400: crm.KindInvalid, 404: crm.KindInvalid, 410: crm.KindInvalid,
		408: crm.KindUnavailable, 429: crm.KindUnavailable, 500: crm.KindUnavailable, 503: crm.KindUnavailable,
	} {
		s, sender := server(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		})
		err := sender.Send(t.Context(), Target{URL: s.URL}, Event{})
		require.Equal(t, want, crm.KindOf(err), status)
		s.Close()
		err = sender.Send(t.Context(), Target{URL: s.URL + "/planted"}, Event{})
		require.Equal(t, crm.KindUnavailable, crm.KindOf(err))
		require.NotContains(t, err.Error(), "planted")
	}
}

func TestNothingIsSentToOurOwnNetwork(t *testing.T) {
	t.Parallel()
	s, _ := server(t, func(http.ResponseWriter, *http.Request) { t.Error("it was asked") })
	sender := NewSender(Guard{}, nil)
	require.Equal(t, crm.KindInvalid, crm.KindOf(sender.Send(t.Context(), Target{URL: s.URL}, Event{})))
	require.Equal(t, crm.KindInvalid, crm.KindOf(sender.Send(t.Context(), Target{URL: "http://8.8.8.8"}, Event{})))
}
