package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestMethodThatTheDocumentDoesNotHaveIsRefusedAndTheOthersNamed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for method, allowed := range map[string]string{http.MethodOptions: "GET, POST", http.MethodTrace: "GET, POST", "PROPFIND": "GET, POST", http.MethodHead: "GET, POST"} {
		a := b.send(t, httptest.NewRequestWithContext(t.Context(), method, "/v1/keys", nil))
		require.Equal(t, http.StatusMethodNotAllowed, a.Code, method)
		require.Equal(t, []string{allowed}, a.Header().Values("Allow"), method)
		if method != http.MethodHead {
			a.problem(http.StatusMethodNotAllowed, "method_not_allowed")
		}
	}
}

func TestAddressThatGoesOnAfterItsIDIsNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := uuid.NewString()
	for _, target := range []string{"/v1/keys/" + id + "/", "/v1/keys/" + id + "/x/y"} {
		b.ask(t, http.MethodDelete, target, "").problem(http.StatusNotFound, codeNotFound)
	}
	b.ask(t, http.MethodGet, "/v1/connect/a/b", "").problem(http.StatusNotFound, codeNotFound)
	b.ask(t, http.MethodDelete, "/v1/keys/a%2Fb", "").problem(http.StatusBadRequest, codeRequestInvalid)
}
