package adapter_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm/adapter"
)

type measured struct {
	op     string
	status int
}

type meter struct {
	mu    sync.Mutex
	calls []measured
}

func (m *meter) Call(_ context.Context, op string, status int, _ time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()

	m.calls = append(m.calls, measured{op, status})
}

func TestCallsAreMeasuredByOp(t *testing.T) {
	t.Parallel()

	base, _ := vendor(t, "new")
	m := &meter{}
	client := adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: &tokens{list: []string{"old", "new"}}, Meter: m})
	_, err := patch(adapter.WithOp(t.Context(), "v.write"), t, client, base)
	require.NoError(t, err)
	_, err = patch(t.Context(), t, client, "http://127.0.0.1:1")
	require.Error(t, err)

	require.Equal(t, []measured{{"v.write", http.StatusUnauthorized}, {"v.write", http.StatusOK}, {"", 0}}, m.calls)
}
