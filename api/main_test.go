package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/crm"
)

func TestSettingsAreCheckedBeforeAnythingIsOpened(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), func(string) string { return "" }, io.Discard, io.Discard)
	require.ErrorContains(t, err, "DATABASE_URL")
	require.ErrorContains(t, err, "LOCKSTEP_KEYSET_FILE")
}

func TestPortThatWasFreeIsTold(t *testing.T) {
	t.Parallel()
	addr := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4711}
	apps := func() map[crm.Vendor]config.App { return salesforceApp(config.App{RedirectURL: "as configured"}) }

	cfg := reachedAt(config.API{PublicURL: "http://127.0.0.1:0", Process: config.Process{Apps: apps()}}, addr)
	require.Equal(t, "http://127.0.0.1:4711", cfg.PublicURL)
	require.Equal(t, "http://127.0.0.1:4711/v1/oauth/callback", cfg.Apps[crm.Salesforce].RedirectURL)
	cfg = reachedAt(config.API{PublicURL: "https://lockstep.example", Process: config.Process{Apps: apps()}}, addr)
	require.Equal(t, "https://lockstep.example", cfg.PublicURL)
	require.Equal(t, "as configured", cfg.Apps[crm.Salesforce].RedirectURL)
}

func TestShuttingDownLetsAnswersFinish(t *testing.T) {
	t.Parallel()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan struct{})
	served := make(chan error, 1)
	go func() {
		served <- serve(ctx, listener, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(asked)
			<-ctx.Done()
			_, _ = w.Write([]byte("finished"))
		}), zap.NewNop())
	}()
	go func() {
		<-asked
		stop()
	}()

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String(), nil)
	require.NoError(t, err)
	resp, err := new(http.Client).Do(req)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "finished", string(body))
	require.NoError(t, <-served)
}
