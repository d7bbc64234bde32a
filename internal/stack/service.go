package stack

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// ServiceConfig says what worker or API to run.
type ServiceConfig struct {
	Name   string // in messages
	Bin    string // the program
	Env    []string
	Log    string
	Grace  time.Duration    // to end when asked; see Command
	Exited func(*ExitError) // see Command
}

func (cfg ServiceConfig) command(announces any) Command {
	return Command{
		Name: cfg.Name, Path: cfg.Bin, Env: cfg.Env, Log: cfg.Log,
		Announces: announces, Grace: cfg.Grace, Exited: cfg.Exited,
	}
}

// StartWorker returns when the worker polls for tasks.
func StartWorker(ctx context.Context, cfg ServiceConfig) (*Process, error) {
	var says struct {
		Ready bool `json:"ready"`
	}
	return Start(ctx, cfg.command(&says))
}

// API is the HTTP API. Its address stays over restarts.
type API struct {
	*Process

	URL string
}

// StartAPI starts the API on 127.0.0.1, at port or the next free one, and
// returns when it answers. Port 0 takes any free one.
func StartAPI(ctx context.Context, cfg ServiceConfig, port int) (*API, error) {
	wanted, err := preferred(map[string]int{"api": port})
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", cfg.Name, err)
	}
	var at struct {
		API string `json:"api"`
	}
	c := cfg.command(&at)
	c.Env = append(slices.Clone(cfg.Env), "LOCKSTEP_ADDRESS="+wanted["api"])
	c.Ready = func(ctx context.Context) error { return answers(ctx, at.API) }
	p, err := Start(ctx, c)
	if err != nil {
		return nil, err
	}
	host, err := hostOf(at.API)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", cfg.Name, err)
	}
	p.command.Env = append(slices.Clone(cfg.Env), "LOCKSTEP_ADDRESS="+host) // others know the address now
	return &API{Process: p, URL: at.API}, nil
}
