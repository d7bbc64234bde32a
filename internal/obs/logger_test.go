package obs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"lockstep/internal/obs"
)

const planted = "planted-secret"

// line returns the only line that log has written, as an object.
func line(t *testing.T, out *bytes.Buffer) map[string]any {
	t.Helper()

	require.Equal(t, 1, strings.Count(out.String(), "\n"), out.String())
	var entry map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &entry))
	return entry
}

func TestEntryIsOneObjectOnOneLine(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	obs.Logger(&out, zap.InfoLevel).Named("worker").Info("claimed\nrows",
		zap.Int("rows", 200), zap.Duration("took", 1500*time.Millisecond), zap.Error(errors.New("no")), zap.Stringer("level", zap.InfoLevel))
	entry := line(t, &out)
	require.Equal(t, "claimed\nrows", entry["msg"])
	require.Equal(t, "info", entry["level"])
	require.Equal(t, "worker", entry["logger"])
	require.InDelta(t, 200, entry["rows"], 0)
	require.Equal(t, "1.5s", entry["took"])
	require.Equal(t, "no", entry["error"])
	written, err := time.Parse(time.RFC3339Nano, entry["time"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), written, time.Hour)
}

func TestEveryEntryOfTheLevelIsWritten(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	log := obs.Logger(&out, zap.WarnLevel)
	for range 1000 {
		log.Info("quiet")
		log.Warn("the same")
	}
	require.Equal(t, 1000, strings.Count(out.String(), "\n"), "nothing is sampled")
	require.NotContains(t, out.String(), "quiet")
}

// account is an object that marshals itself.
type account struct{}

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (account) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("id", "00D")
	enc.AddString("access_token", planted)
	return enc.AddReflected("owner", struct{ Name, Email string }{"shown", planted})
}

func TestWhatIsNamedLikeASecretIsRedacted(t *testing.T) {
	t.Parallel()

	type person struct {
		ID    int64  `json:"id"`
		Email string `json:"email"`
	}
	for name, field := range map[string]zapcore.Field{
		"a string":            zap.String("access_token", planted),
		"another case":        zap.String("Authorization", planted),
		"another separator":   zap.String("Api-Key", planted),
		"within a longer one": zap.String("customer.email.address", planted),
		"bytes":               zap.ByteString("client_secret", []byte(planted)),
		"strings":             zap.Strings("cookies", []string{planted}),
		"an error":            zap.NamedError("token", errors.New(planted)),
		"a struct's member":   zap.Any("person", person{1, planted}),
		"a pointer's member":  zap.Any("person", &person{1, planted}),
		"a map's member":      zap.Any("header", map[string][]string{"Authorization": {planted}}),
		"within a list":       zap.Any("people", []person{{1, planted}}),
		"an object's member":  zap.Object("account", account{}),
		"an inlined member":   zap.Inline(account{}),
		"an object in a list": zap.Objects("accounts", []account{{}}),
		"a dictionary":        zap.Dict("a", zap.Dict("b", zap.String("password", planted))),
		"what has no JSON":    zap.Any("odd", map[string]any{"f": func() {}, "token": planted}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var out bytes.Buffer
			log := obs.Logger(&out, zap.DebugLevel)
			log.Info("m", field)
			log.With(field).Info("m")
			log.WithLazy(field).Info("m")
			log.With(zap.Namespace("inner"), field).Info("m")
			obs.Slog(log).Info("m", "group", slog.GroupValue(slog.String("token", planted)), field.Key, "shown")
			require.NotContains(t, out.String(), planted)
			require.Contains(t, out.String(), "[redacted]")
		})
	}
}

func TestEverythingElseIsLeftAsItIs(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	fields := []zapcore.Field{
		zap.String("connection", "c-1"), zap.Int64("big", 1<<60), zap.Bool("ok", true), zap.Strings("objects", []string{"contact"}),
		zap.Any("counts", struct {
			Landed int64 `json:"landed"`
		}{1 << 60}),
		zap.String("token", planted),
	}
	obs.Logger(&out, zap.DebugLevel).Info("m", fields...)
	require.Contains(t, out.String(), `"connection":"c-1","big":1152921504606846976,"ok":true,"objects":["contact"],"counts":{"landed":1152921504606846976},"token":"[redacted]"`)
	require.Equal(t, planted, fields[5].String, "the caller's fields are the caller's")
}

func TestSlogWritesThroughTheLogger(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	log := obs.Slog(obs.Logger(&out, zap.InfoLevel).Named("temporal").With(zap.String("process", "worker")))
	log.Debug("quiet")
	log.With("Namespace", "default").Error("Activity error.", "Attempt", 2, "TaskToken", planted)
	entry := line(t, &out)
	require.Equal(t, "Activity error.", entry["msg"])
	require.Equal(t, "temporal", entry["logger"])
	require.Equal(t, "worker", entry["process"])
	require.Equal(t, "default", entry["Namespace"])
	require.InDelta(t, 2, entry["Attempt"], 0)
	require.Equal(t, "[redacted]", entry["TaskToken"])
	require.NotContains(t, entry, "stacktrace")
}
