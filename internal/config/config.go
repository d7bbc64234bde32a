package config

import (
	"errors"
	"net"
	"time"

	"go.uber.org/zap/zapcore"

	"lockstep/internal/crm"
	"lockstep/internal/secret"
)

// Process is what every process needs to know.
type Process struct {
	// DatabaseURL is where PostgreSQL is: DATABASE_URL.
	DatabaseURL secret.Text

	// Keyring seals grants: the keyset in the file that LOCKSTEP_KEYSET_FILE
	// names, or the one in base64 in LOCKSTEP_KEYSET.
	Keyring *secret.Keyring

	// Temporal is where Temporal is.
	Temporal Temporal

	// Apps are Lockstep's registrations with the vendors: of each vendor that
	// LOCKSTEP_<VENDOR>_CLIENT_ID is set for.
	Apps map[crm.Vendor]App

	// Reserve is the percentage of every vendor limit that is left to the
	// customer's other applications: LOCKSTEP_RESERVE, 0 to 50, default 10.
	Reserve int

	// LogLevel is the least level that is logged: LOCKSTEP_LOG_LEVEL, one of
	// debug, info, warn and error, default info.
	LogLevel zapcore.Level

	// MetricsAddress is what metrics, and a probe that tells that the process
	// lives, are served on, such as 127.0.0.1:9464: LOCKSTEP_METRICS_ADDRESS,
	// empty for neither. Whoever reaches it reads how much is synced, not what.
	MetricsAddress string

	// QueuePrefix stands in front of every task queue's name, so that tests
	// can share a Temporal: LOCKSTEP_QUEUE_PREFIX, default empty.
	QueuePrefix string
}

// Temporal says where Temporal is, in the words of its own environment
// configuration. Both names are empty when they are not set, because a profile
// in Temporal's configuration file may say more than a default.
type Temporal struct {
	Address   string // TEMPORAL_ADDRESS
	Namespace string // TEMPORAL_NAMESPACE

	// Getenv is the environment, where package dial finds the rest.
	Getenv func(string) string
}

// App is Lockstep's registration with one vendor. It has the fields of
// oauth.App and converts to it.
type App struct {
	ClientID     string      // LOCKSTEP_<VENDOR>_CLIENT_ID
	ClientSecret secret.Text // LOCKSTEP_<VENDOR>_CLIENT_SECRET
	RedirectURL  string      // derived from the public URL; empty where no browser comes
	LoginURL     string      // LOCKSTEP_<VENDOR>_LOGIN_URL; empty for the vendor's own
}

// Worker is what the worker needs to know.
type Worker struct {
	Process

	// Drain is how long running activities may go on once the worker is told
	// to stop: LOCKSTEP_DRAIN, default 30s.
	Drain time.Duration
}

// API is what the API needs to know.
type API struct {
	Process

	// Address is what the API listens on: LOCKSTEP_ADDRESS, default
	// 127.0.0.1:8080.
	Address string

	// PublicURL is where browsers reach the API: LOCKSTEP_PUBLIC_URL, by
	// default Address over plain HTTP. No trailing slash.
	PublicURL string

	// TemporalUI is where people reach Temporal's Web UI, for links to it:
	// LOCKSTEP_TEMPORAL_UI, without a trailing slash; empty for no links.
	TemporalUI string
}

// RedirectPath is where vendors send browsers back to, below the public URL.
const RedirectPath = "/v1/oauth/callback"

// LoadWorker returns the worker's settings, or one error that names every
// setting at fault and what to do about it.
func LoadWorker(getenv func(string) string) (Worker, error) {
	e := env{get: getenv}
	cfg := Worker{
		Process: e.process(),
		Drain:   e.duration("LOCKSTEP_DRAIN", 30*time.Second, time.Second, 10*time.Minute),
	}
	return cfg, errors.Join(e.faults...)
}

// LoadAPI returns the API's settings, or one error that names every setting
// at fault and what to do about it.
func LoadAPI(getenv func(string) string) (API, error) {
	e := env{get: getenv}
	cfg := API{
		Process:    e.process(),
		Address:    e.address("LOCKSTEP_ADDRESS", "127.0.0.1:8080"),
		TemporalUI: e.url("LOCKSTEP_TEMPORAL_UI", ""),
	}
	cfg.PublicURL = e.url("LOCKSTEP_PUBLIC_URL", localURL(cfg.Address))
	for vendor, app := range cfg.Apps {
		app.RedirectURL = cfg.PublicURL + RedirectPath
		cfg.Apps[vendor] = app
	}
	return cfg, errors.Join(e.faults...)
}

func (e *env) process() Process {
	return Process{
		DatabaseURL: e.database("DATABASE_URL"),
		Keyring:     e.keyring("LOCKSTEP_KEYSET_FILE", "LOCKSTEP_KEYSET"),
		Temporal: Temporal{
			Address:   e.get("TEMPORAL_ADDRESS"),
			Namespace: e.get("TEMPORAL_NAMESPACE"),
			Getenv:    e.get,
		},
		Apps:           e.apps(crm.Salesforce, crm.HubSpot),
		Reserve:        e.percent("LOCKSTEP_RESERVE", 10, 50),
		LogLevel:       e.level("LOCKSTEP_LOG_LEVEL", zapcore.InfoLevel),
		MetricsAddress: e.address("LOCKSTEP_METRICS_ADDRESS", ""),
		QueuePrefix:    e.get("LOCKSTEP_QUEUE_PREFIX"),
	}
}

// localURL returns where a browser on this machine finds what listens on
// address. An address for all interfaces is reached over the loopback.
func localURL(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "" // reported where the address was read
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
