package crmsim_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crmsim"
)

func TestTimePassesOnceForAllVendors(t *testing.T) {
	t.Parallel()

	clk := newClock()
	shared, own := crmsim.NewClock(clk.now), crmsim.NewClock(clk.now)
	var vendors []crmsim.Vendor
	for name, clock := range map[string]*crmsim.Clock{"a": shared, "b": shared, "c": own} {
		vendors = append(vendors, crmsim.Vendor{Name: name, Rig: crmsim.NewRig(crmsim.Settings{Clock: clock})})
	}
	admin := crmsim.Admin(vendors...)
	ask := func(method, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, "/_sim/clock", strings.NewReader(body)))
		return w
	}

	require.JSONEq(t, `{"now":"2026-03-02T12:00:00Z","ahead":"24h0m0s"}`, ask(http.MethodPost, `{"advance":"24h"}`).Body.String())
	for _, v := range vendors {
		require.Equal(t, clk.now().Add(24*time.Hour), v.Rig.Clock.Now(), v.Name)
	}
	clk.pass(time.Second)
	require.JSONEq(t, `{"now":"2026-03-02T12:00:01Z","ahead":"24h0m0s"}`, ask(http.MethodGet, "").Body.String())

	for _, bad := range []string{`{"advance":"-1h"}`, `{"advance":"0s"}`, `{"advance":"soon"}`, `{}`, `nonsense`} {
		require.Equal(t, http.StatusBadRequest, ask(http.MethodPost, bad).Code, bad)
	}
	require.Equal(t, 24*time.Hour, shared.Ahead())
}
