// Command crmsim serves the CRM sandbox: one address per vendor and one for
// administration, printed as one line of JSON when all of them listen. It runs
// until it is interrupted.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/crmsim"
	"lockstep/internal/crmsim/hubspot"
	"lockstep/internal/crmsim/salesforce"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "crmsim:", err)
		os.Exit(1)
	}
}

// flags are the command line as it is given.
type flags struct {
	admin                 string
	salesforce, hubspot   string
	latency, tokenLatency time.Duration
	rate                  string
	daily                 int
	faults                []string
	client                crmsim.Client
	tokenLifetime         time.Duration
	rotate                bool
	searchLag             time.Duration
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	var f flags
	cmd := &cobra.Command{
		Use:           "crmsim",
		Short:         "Serve the CRM sandbox",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.serve(cmd.Context(), stdout)
		},
	}
	set := cmd.Flags()
	set.StringVar(&f.admin, "admin", "127.0.0.1:0", "address of the administration")
	set.StringVar(&f.salesforce, "salesforce", "127.0.0.1:0", "address of Salesforce")
	set.StringVar(&f.hubspot, "hubspot", "127.0.0.1:0", "address of HubSpot")
	set.DurationVar(&f.latency, "latency", 0, "added to every data call")
	set.DurationVar(&f.tokenLatency, "token-latency", 0, "added to every call to a token endpoint")
	set.StringVar(&f.rate, "rate", "", "limit of each account, such as 190/10s (default the vendor's own)")
	set.IntVar(&f.daily, "daily", 0, "calls allowed in 24 hours (default the vendor's own)")
	set.StringArrayVar(&f.faults, "fault", nil, "KIND[:every=N|rows=N|p=F], may be repeated")
	set.StringVar(&f.client.ID, "client-id", "lockstep-sandbox", "OAuth client id that is accepted")
	set.StringVar(&f.client.Secret, "client-secret", "lockstep-sandbox-secret", "and its secret")
	set.StringArrayVar(&f.client.RedirectURIs, "redirect-uri", nil, "registered redirect URI, may be repeated (default any on the loopback)")
	set.StringArrayVar(&f.client.Scopes, "scope", nil, "scope that the app may ask for, may be repeated (default all that the vendor has)")
	set.DurationVar(&f.tokenLifetime, "token-lifetime", 0, "lifetime of an access token (default the vendor's own)")
	set.BoolVar(&f.rotate, "rotate-refresh-tokens", true, "Salesforce: a refresh kills the refresh token it used and hands out another")
	set.DurationVar(&f.searchLag, "search-lag", 2*time.Second, "HubSpot: how long the search index takes to hear of a write")
	cmd.SetArgs(args)
	return cmd.ExecuteContext(ctx)
}

func (f flags) serve(ctx context.Context, stdout io.Writer) error {
	settings, err := f.settings()
	if err != nil {
		return err
	}
	force := salesforce.New(salesforce.Options{
		Settings: settings, Client: f.client, TokenLifetime: f.tokenLifetime, KeepRefreshTokens: !f.rotate,
	})
	spot := hubspot.New(hubspot.Options{
		Settings: settings, Client: f.client, TokenLifetime: f.tokenLifetime, SearchLag: cmp.Or(f.searchLag, -1),
	})
	server, err := crmsim.Listen(ctx, f.admin,
		crmsim.Place{Vendor: force.Vendor(), Address: f.salesforce}, crmsim.Place{Vendor: spot.Vendor(), Address: f.hubspot})
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(server.Addresses); err != nil {
		return errors.Join(fmt.Errorf("printing addresses: %w", err), server.Close())
	}
	return server.Serve(ctx)
}

// settings reads what is common to all vendors, and names every fault at once.
func (f flags) settings() (crmsim.Settings, error) {
	rate, err := crmsim.ParseRate(f.rate)
	errs := []error{err}
	s := crmsim.Settings{
		Terms: crmsim.Terms{Rate: rate, Daily: f.daily, Latency: f.latency, TokenLatency: f.tokenLatency},
		Clock: crmsim.NewClock(time.Now),
		// A client that keeps ids over a restart must not find another's record
		// under one: more ids are taken to be spent than a life can have used.
		Issued: int(time.Since(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).Seconds()) * 500,
	}
	for _, spec := range f.faults {
		fault, err := crmsim.ParseFault(spec)
		errs = append(errs, err)
		s.Faults = append(s.Faults, fault)
	}
	return s, errors.Join(errs...)
}
