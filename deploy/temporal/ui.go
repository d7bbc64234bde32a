package main

import (
	"context"
	"fmt"
	"net/http"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// startUI starts Temporal's Web UI for the server of this process and returns its
// URL. It serves until the process ends.
func startUI(p ports, namespace string) string {
	host := p.ui.Addr().String()
	if p.ui.Addr().Is6() {
		host = "[" + host + "]"
	}
	ui := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: p.frontend.String(),
		Host:                host,
		Port:                int(p.ui.Port()),
		EnableUI:            true,
		DefaultNamespace:    namespace,
		CORS:                uiconfig.CORS{CookieInsecure: true}, // plain HTTP, on this machine only
		DisableNewsFetch:    true,                                // no calls to the outside
		HideLogs:            true,
	}))
	go func() { _ = ui.Start() }() // when it cannot listen it says why and ends the process
	return "http://" + p.ui.String()
}

func awaitUI(ctx context.Context, url string) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	}
	if err := until(ctx, ask); err != nil {
		return fmt.Errorf("opening the Web UI: %w", err)
	}
	return nil
}
