package rest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
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
