package adapter_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()

	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

func get(t *testing.T, client *http.Client, url string) (answer, error) {
	t.Helper()

	return send(t.Context(), t, client, http.MethodGet, url)
}

func TestAnswerIsReadUpToTheBound(t *testing.T) {
	t.Parallel()

	const bound = 1000
	for name, tc := range map[string]struct {
		size    int
		chunked bool
		refused bool
	}{
		"just fits":                 {size: bound},
		"just fits, length unknown": {size: bound, chunked: true},
		"one more":                  {size: bound + 1, refused: true},
		"one more, length unknown":  {size: bound + 1, chunked: true, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if tc.chunked {
					w.(http.Flusher).Flush()
				}
				_, _ = io.WriteString(w, strings.Repeat("x", tc.size))
			})
			got, err := get(t, adapter.Client(http.DefaultTransport, adapter.Chain{MaxBytes: bound}), base)
			require.Equal(t, tc.refused, err != nil)
			if !tc.refused {
				require.Len(t, got.body, tc.size)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()

	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("redirected to another host") })
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/there", http.StatusTemporaryRedirect)
		case "/elsewhere":
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		}
	})
	client := adapter.Client(http.DefaultTransport, adapter.Chain{})

	got, err := get(t, client, base+"/here")
	require.NoError(t, err)
	require.Equal(t, "/there", got.path)

	_, err = get(t, client, base+"/elsewhere")
	require.ErrorContains(t, err, "redirect is not followed")
	_, err = get(t, client, base+"/loop")
	require.ErrorContains(t, err, "redirect is not followed")
	_, err = patch(t.Context(), t, client, base+"/here")
	require.ErrorContains(t, err, "redirect is not followed")
}

// silent is a vendor that takes a call and never answers.
type silent struct{}

func (silent) RoundTrip(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestDeadlineOfACallIsNotTheCallersContext(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		_, err := patch(t.Context(), t, adapter.Client(silent{}, adapter.Chain{Timeout: time.Minute}), "https://vendor.test")

		require.Equal(t, time.Minute, time.Since(start))
		require.Equal(t, crm.KindUnknown, crm.KindOf(adapter.LostWrite(t.Context(), "v.write", err)))
	})
}
