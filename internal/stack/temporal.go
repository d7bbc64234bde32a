package stack

import (
	"context"
	"fmt"
)

// TemporalConfig says what Temporal server to run.
type TemporalConfig struct {
	Bin       string // the program made from deploy/temporal
	DB        string // the file that keeps everything; in memory if empty
	Namespace string // "default" if empty

	// Port is the server's and UIPort the Web UI's, on 127.0.0.1; a taken one
	// moves to the next that is free. Port 0 takes any free one.
	Port   int
	UIPort int

	Log    string
	Exited func(*ExitError) // see Command
}

// Temporal is a local Temporal server with its Web UI. Its addresses stay over
// restarts.
type Temporal struct {
	*Process

	Address   string // host:port, for clients
	UI        string // URL of the Web UI
	Namespace string
}

// StartTemporal returns when the namespace can be used.
func StartTemporal(ctx context.Context, cfg TemporalConfig) (*Temporal, error) {
	if cfg.Namespace == "" {
		cfg.Namespace = "default"
	}
	wanted, err := preferred(map[string]int{"address": cfg.Port, "ui": cfg.UIPort})
	if err != nil {
		return nil, fmt.Errorf("starting temporal: %w", err)
	}

	var at struct {
		Address string `json:"address"`
		UI      string `json:"ui"`
	}
	args := func(address, ui string) []string {
		return []string{"--address", address, "--ui", ui, "--db", cfg.DB, "--namespace", cfg.Namespace}
	}
	p, err := Start(ctx, Command{
		Name:      "temporal",
		Path:      cfg.Bin,
		Args:      args(wanted["address"], wanted["ui"]),
		Log:       cfg.Log,
		Announces: &at,
		Exited:    cfg.Exited,
	})
	if err != nil {
		return nil, err
	}
	t := &Temporal{Process: p, Address: at.Address, UI: at.UI, Namespace: cfg.Namespace}
	host, err := hostOf(at.UI)
	if err != nil {
		return nil, fmt.Errorf("starting temporal: %w", err)
	}
	p.command.Args = args(t.Address, host) // others know the addresses now
	return t, nil
}
