package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBackoffGrowsByRoundsAndStartsAnewWithAnAnswer(t *testing.T) {
	t.Parallel()
	var b backoff
	now := time.Now()

	for range 10 { // ten calls in flight fail as one
		wait := b.refused(now, 0)
		require.GreaterOrEqual(t, wait, backoffFirst)
		require.Less(t, wait, 2*backoffFirst)
	}
	for range 20 {
		now = now.Add(2 * backoffMost)
		b.refused(now, 0)
	}
	require.GreaterOrEqual(t, b.refused(now, 0), backoffMost)
	require.Less(t, b.refused(now, 0), 2*backoffMost)

	b.answered()
	require.Less(t, b.refused(now, 0), 2*backoffFirst)
}
