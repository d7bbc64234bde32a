package config

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"lockstep/internal/crm"
	"lockstep/internal/secret"
)

// env reads settings and collects what is wrong with them. An empty setting is
// one that is not set. A fault names the setting and the fix; it quotes no
// value that may be secret.
type env struct {
	get    func(string) string
	faults []error
}

func (e *env) fault(name, format string, args ...any) {
	e.faults = append(e.faults, fmt.Errorf("%s %w", name, fmt.Errorf(format, args...)))
}

func (e *env) database(name string) secret.Text {
	value := e.get(name)
	switch u, err := url.Parse(value); {
	case value == "":
		e.fault(name, "is not set: set it to PostgreSQL's connection string, such as postgres://lockstep@127.0.0.1:5432/lockstep")
	case strings.Contains(value, "://") && (err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql"):
		e.fault(name, "is not a PostgreSQL connection string: it starts with postgres://, and special characters in the password are percent-encoded")
	}
	return secret.NewText(value)
}

// keyring reads a keyset from the file that one setting names, or from the
// other setting.
func (e *env) keyring(file, value string) *secret.Keyring {
	path, data := e.get(file), []byte(e.get(value))
	name := value
	switch {
	case path == "" && len(data) == 0:
		e.fault(file, "is not set: set it to the path of a keyset file, or set %s to a keyset in base64", value)
		return nil
	case path != "" && len(data) != 0:
		e.fault(file, "is set and so is %s: keep one of them", value)
		return nil
	case path != "":
		var err error
		if data, err = secret.ReadKeyset(path); err != nil {
			e.fault(file, "cannot be used: %w", err)
			return nil
		}
		name = file
	}
	ring, err := secret.ParseKeyring(data)
	if err != nil {
		e.fault(name, "cannot be used: %w", err)
	}
	return ring
}

// apps reads the registrations with vendors. A vendor of which nothing is set
// is left out; one of which only a part is set is a fault.
func (e *env) apps(vendors ...crm.Vendor) map[crm.Vendor]App {
	apps := make(map[crm.Vendor]App)
	for _, vendor := range vendors {
		prefix := "LOCKSTEP_" + strings.ToUpper(string(vendor)) + "_"
		app := App{
			ClientID:     e.get(prefix + "CLIENT_ID"),
			ClientSecret: secret.NewText(e.get(prefix + "CLIENT_SECRET")),
			LoginURL:     e.url(prefix+"LOGIN_URL", ""),
		}
		switch {
		case app.ClientID == "" && app.ClientSecret.Empty():
			if app.LoginURL != "" {
				e.fault(prefix+"LOGIN_URL", "is set without %sCLIENT_ID: set that and %sCLIENT_SECRET to those of your app, or remove it", prefix, prefix)
			}
			continue
		case app.ClientID == "":
			e.fault(prefix+"CLIENT_ID", "is not set, but %sCLIENT_SECRET is: set both to those of your app", prefix)
		case app.ClientSecret.Empty():
			e.fault(prefix+"CLIENT_SECRET", "is not set, but %sCLIENT_ID is: set both to those of your app", prefix)
		}
		apps[vendor] = app
	}
	return apps
}

// url returns an absolute address of a web server, without a trailing slash.
func (e *env) url(name, fallback string) string {
	value := e.get(name)
	if value == "" {
		return fallback
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		e.fault(name, "is not a web address: set it to one such as https://example.com, without a user, a query or a fragment")
		return fallback
	}
	return strings.TrimRight(value, "/")
}

func (e *env) address(name, fallback string) string {
	value := e.get(name)
	if value == "" {
		return fallback
	}
	if _, port, err := net.SplitHostPort(value); err != nil || port == "" {
		e.fault(name, "is %q: set it to a host and a port, such as %s", value, cmp.Or(fallback, "127.0.0.1:9464"))
		return fallback
	}
	return value
}

func (e *env) duration(name string, fallback, least, most time.Duration) time.Duration {
	value := e.get(name)
	if value == "" {
		return fallback
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < least || d > most {
		e.fault(name, "is %q: set it to a duration from %s to %s, such as %s", value, least, most, fallback)
		return fallback
	}
	return d
}

func (e *env) percent(name string, fallback, most int) int {
	value := e.get(name)
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > most {
		e.fault(name, "is %q: set it to a whole number from 0 to %d, a percentage", value, most)
		return fallback
	}
	return n
}

func (e *env) level(name string, fallback zapcore.Level) zapcore.Level {
	value := e.get(name)
	switch strings.ToLower(value) {
	case "":
		return fallback
	case "debug":
		return zapcore.DebugLevel
	case "info":
		return zapcore.InfoLevel
	case "warn":
		return zapcore.WarnLevel
	case "error":
		return zapcore.ErrorLevel
	}
	e.fault(name, "is %q: set it to debug, info, warn or error", value)
	return fallback
}
