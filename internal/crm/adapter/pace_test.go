package adapter_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// permits counts what is taken and observed, and refuses once err is set.
type permits struct {
	mu       sync.Mutex
	taken    int
	observed []int
	err      error
}

func (p *permits) Take(_ context.Context, n int) error {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.taken += n
	return p.err
}

func (p *permits) Observe(_ http.Header, status int) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.observed = append(p.observed, status)
}

func TestEveryCallSentTakesAPermit(t *testing.T) {
	t.Parallel()

	base, _ := vendor(t, "new")
	p := &permits{}
	_, err := patch(t.Context(), t, adapter.Client(http.DefaultTransport, adapter.Chain{Tokens: &tokens{list: []string{"old", "new"}}, Pacer: p}), base)

	require.NoError(t, err)
	require.Equal(t, 2, p.taken)
	require.Equal(t, []int{http.StatusUnauthorized, http.StatusOK}, p.observed)
}

func TestParkedAccountSendsNothing(t *testing.T) {
	t.Parallel()

	base, calls := vendor(t, "")
	parked := &crm.Error{Kind: crm.KindQuota, Op: "pace.take", RetryAfter: time.Hour}
	_, err := patch(t.Context(), t, adapter.Client(http.DefaultTransport, adapter.Chain{Pacer: &permits{err: parked}}), base)

	require.Equal(t, error(parked), adapter.LostWrite(t.Context(), "v.write", err))
	require.Empty(t, calls())
}
