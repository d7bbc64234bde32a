package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"lockstep/internal/client"
)

func TestKillsFallAtEqualParts(t *testing.T) {
	t.Parallel()

	var told []string
	k := &killer{ctx: t.Context(), kills: 3, say: func(format string, args ...any) { told = append(told, fmt.Sprintf(format, args...)) }}
	fell := func(done int64) bool {
		before := k.done
		require.NoError(t, k.seen(client.Run{Counts: client.Counts{Total: 1000, Done: done}}))
		return k.done > before
	}

	require.False(t, fell(0))
	require.False(t, fell(249))
	require.True(t, fell(250))
	require.False(t, fell(499), "the second one is not due")
	require.True(t, fell(760), "the second one is late")
	require.True(t, fell(760), "and so is the third")
	require.False(t, fell(999), "there is no fourth")
	require.Contains(t, told[0], "killed the worker (1 of 3) at 250 of 1,000")
	require.Contains(t, told[1], "working again")
}

func TestKillsThatComeTooLateDoNotFall(t *testing.T) {
	t.Parallel()

	k := &killer{ctx: t.Context(), kills: 1, say: func(string, ...any) {}}
	now := time.Now()
	require.NoError(t, k.seen(client.Run{Counts: client.Counts{Total: 10, Done: 10}, FinishedAt: &now}))
	require.Zero(t, k.done)
}
