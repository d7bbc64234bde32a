package dial

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/obs"
)

// DefaultAddress is where Temporal is looked for when nobody says.
const DefaultAddress = "127.0.0.1:7233"

// patience is how long a server may take to start; pause is between two looks.
const (
	patience = 30 * time.Second
	pause    = 250 * time.Millisecond
)

// Temporal returns a client of the server that cfg, or Temporal's own
// environment configuration, names: TLS, API key, profiles and their file are
// those of every Temporal program (TEMPORAL_GRPC_META_* alone is not read). The
// caller closes it.
//
// It waits up to half a minute, or as long as ctx, for a server that does not
// answer yet, and not at all for one that refuses.
func Temporal(ctx context.Context, cfg config.Temporal, log *zap.Logger) (client.Client, error) {
	return Observed(ctx, cfg, log, nil)
}

// Observed is Temporal for a process whose calls, and whose workers' tasks, are
// measured and traced.
func Observed(ctx context.Context, cfg config.Temporal, log *zap.Logger, seen *obs.Telemetry) (client.Client, error) {
	options, err := optionsFor(cfg)
	if err != nil {
		return nil, fmt.Errorf("reading Temporal's environment configuration: %w", err)
	}
	options.Identity = cmp.Or(log.Name(), "lockstep") + "@" + random()
	options.Logger = sdklog.NewStructuredLogger(obs.Slog(log))
	options.Interceptors = []interceptor.ClientInterceptor{&tagging{}}
	if err := observe(&options, seen, log); err != nil {
		return nil, err
	}
	log = log.With(zap.String("address", options.HostPort), zap.String("namespace", options.Namespace))

	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var why error
	for {
		c, err := client.DialContext(ctx, options)
		if err == nil {
			log.Info("reached Temporal", zap.String("identity", options.Identity))
			return c, nil
		}
		if why == nil {
			log.Info("waiting for Temporal", zap.Error(err))
		}
		if why == nil || ctx.Err() == nil {
			why = err // not that time ran out, which says little
		}
		if refused(err) || !wait(ctx, pause) {
			return nil, fmt.Errorf("reaching Temporal at %s (TEMPORAL_ADDRESS): %w", options.HostPort, why)
		}
	}
}

// optionsFor returns the options that cfg and the environment ask for.
func optionsFor(cfg config.Temporal) (client.Options, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{
		EnvLookup:   lookup(cfg.Getenv),
		DisableFile: cfg.Getenv == nil,
	})
	if err != nil {
		return client.Options{}, err
	}
	options.HostPort = cmp.Or(cfg.Address, options.HostPort, DefaultAddress)
	options.Namespace = cmp.Or(cfg.Namespace, options.Namespace, client.DefaultNamespace)
	return options, nil
}

// lookup is an environment as envconfig wants it; nil is an empty one.
type lookup func(string) string

// Environ implements envconfig.EnvLookup. An environment that can only be asked
// by name has no list.
func (l lookup) Environ() []string { return nil }

// LookupEnv implements envconfig.EnvLookup.
func (l lookup) LookupEnv(name string) (string, bool) {
	if l == nil {
		return "", false
	}
	value := l(name)
	return value, value != ""
}

// refused tells whether the server answered that it will not have us: asking
// again changes nothing.
func refused(err error) bool {
	switch serviceerror.ToStatus(err).Code().String() {
	case "Unauthenticated", "PermissionDenied":
		return true
	}
	return false
}

// wait returns false when ctx ends first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// random tells processes apart in histories, which hold the identity of whoever
// did something: unlike the SDK's own, it says nothing of the machine. Reading
// it cannot fail.
func random() string {
	b := make([]byte, 4)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}
