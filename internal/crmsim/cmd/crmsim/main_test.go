package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestItPrintsItsAddressesServesAndStops(t *testing.T) {
	t.Parallel()

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	read, write := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, []string{"--fault", "503:every=7", "--rate", "190/10s", "--daily", "15000", "--latency", "1ms"}, write)
	}()

	line, err := bufio.NewReader(read).ReadBytes('\n')
	require.NoError(t, err)
	var addresses map[string]string
	require.NoError(t, json.Unmarshal(line, &addresses))
	require.Len(t, addresses, 3)

	for target, want := range map[string]int{
		addresses["salesforce"] + "/services/data":             http.StatusOK,
		addresses["salesforce"] + "/services/data/v63.0/query": http.StatusUnauthorized,
		addresses["hubspot"] + "/oauth/authorize":              http.StatusBadRequest,
		addresses["hubspot"] + "/account-info/v3/details":      http.StatusUnauthorized,
		addresses["admin"] + "/_sim/salesforce/faults":         http.StatusOK,
		addresses["admin"] + "/_sim/hubspot/faults":            http.StatusOK,
		addresses["admin"] + "/_sim/nope/faults":               http.StatusNotFound,
		addresses["admin"] + "/_sim/clock":                     http.StatusOK,
	} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
		require.NoError(t, err)
		res, err := (&http.Client{}).Do(req)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		require.Equal(t, want, res.StatusCode, target)
	}
	stop()
	require.NoError(t, <-done)
}

func TestEveryBadFlagIsNamedAtOnce(t *testing.T) {
	t.Parallel()

	err := run(t.Context(), []string{"--fault", "nope", "--fault", "503:every=x", "--rate", "fast"}, io.Discard)
	require.ErrorContains(t, err, `"nope"`)
	require.ErrorContains(t, err, `"503:every=x"`)
	require.ErrorContains(t, err, `"fast"`)
	require.Error(t, run(t.Context(), []string{"--salesforce", "127.0.0.1:99999"}, io.Discard))
	require.Error(t, run(t.Context(), []string{"--hubspot", "127.0.0.1:99999"}, io.Discard))
	require.Error(t, run(t.Context(), []string{"extra"}, io.Discard))
}
