package rest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// slow is a body that does not arrive in time, as the server tells it.
type slow struct{}

func (slow) Read([]byte) (int, error) {
	return 0, fmt.Errorf("read tcp 127.0.0.1: %w", os.ErrDeadlineExceeded)
}

func TestSlowBodiesAreToldSo(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for target, kind := range map[string]string{"/v1/connections": "application/json", "/v1/records": "text/csv"} {
		for _, key := range []string{"", target} {
			for _, begun := range []string{"", "external_id\n1\n"} {
				req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, io.MultiReader(strings.NewReader(begun), slow{}))
				req.Header.Set("Content-Type", kind)
				req.Header.Set("Authorization", "Bearer "+b.tenant.key)
				if key != "" {
					req.Header.Set("Idempotency-Key", key)
				}
				b.send(t, req).problem(http.StatusRequestTimeout, "body_too_slow")
			}
		}
	}
}

func TestLoadThatBrokeOffIsMadeOnceUnderItsKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	load := func(body io.Reader) answer {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/records", body)
		req.Header.Set("Content-Type", "text/csv")
		req.Header.Set("Authorization", "Bearer "+b.tenant.key)
		req.Header.Set("Idempotency-Key", "load")
		return b.send(t, req)
	}
	const whole = "external_id,email\n1,a@example.com\n2,b@example.com\n"
	load(io.MultiReader(strings.NewReader(whole[:30]), slow{})).problem(http.StatusRequestTimeout, "body_too_slow")
	require.Equal(t, http.StatusOK, load(strings.NewReader(whole)).Code)
	again := load(strings.NewReader(whole))
	require.Equal(t, http.StatusOK, again.Code)
	require.Equal(t, "true", again.Header().Get("Idempotent-Replayed"))
}
