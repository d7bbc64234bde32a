package stack

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// SandboxConfig says what CRM sandbox to run.
type SandboxConfig struct {
	Bin string // the program made from internal/crmsim/cmd/crmsim

	// Ports are the ports on 127.0.0.1 by what is served there: "admin", or a
	// vendor. A taken one moves to the next that is free, 0 takes any free one,
	// and so does what is not named.
	Ports map[string]int

	Latency time.Duration // of every answer
	Rate    string        // of requests, such as "190/10s"; the vendor's own if empty
	Faults  []string      // such as "503:every=50"

	Log    string
	Exited func(*ExitError) // see Command
}

// Sandbox is the CRM sandbox. Its addresses stay over restarts; what was written
// into it does not.
type Sandbox struct {
	*Process

	Admin   string            // URL of the administration
	Vendors map[string]string // URL by vendor
}

// StartSandbox returns when the sandbox serves.
func StartSandbox(ctx context.Context, cfg SandboxConfig) (*Sandbox, error) {
	at, err := preferred(cfg.Ports)
	if err != nil {
		return nil, fmt.Errorf("starting crmsim: %w", err)
	}
	args := func() []string {
		var args []string
		for _, name := range slices.Sorted(maps.Keys(at)) {
			args = append(args, "--"+name, at[name])
		}
		if cfg.Latency > 0 {
			args = append(args, "--latency", cfg.Latency.String())
		}
		if cfg.Rate != "" {
			args = append(args, "--rate", cfg.Rate)
		}
		for _, fault := range cfg.Faults {
			args = append(args, "--fault", fault)
		}
		return args
	}

	urls := make(map[string]string)
	p, err := Start(ctx, Command{
		Name:      "crmsim",
		Path:      cfg.Bin,
		Args:      args(),
		Log:       cfg.Log,
		Announces: &urls,
		Exited:    cfg.Exited,
	})
	if err != nil {
		return nil, err
	}
	for name, url := range urls {
		if at[name], err = hostOf(url); err != nil {
			return nil, fmt.Errorf("starting crmsim: %w", err)
		}
	}
	p.command.Args = args() // others know the addresses now
	s := &Sandbox{Process: p, Admin: urls["admin"], Vendors: urls}
	delete(s.Vendors, "admin")
	return s, nil
}
