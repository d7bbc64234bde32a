package obs

import (
	"io"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// Logger returns a logger of the given level and above. It writes each entry to
// w at once, as one JSON object on one line, and may be used concurrently.
func Logger(w io.Writer, level zapcore.Level) *zap.Logger {
	encoder := zap.NewProductionEncoderConfig()
	encoder.TimeKey = "time"
	encoder.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	encoder.EncodeDuration = zapcore.StringDurationEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(encoder), zapcore.Lock(zapcore.AddSync(w)), level)
	return zap.New(Redact(core))
}

// Slog returns log for those who speak slog: Temporal's client and workers.
func Slog(log *zap.Logger) *slog.Logger {
	never := slog.LevelError + 1 // Temporal logs a failed activity as an error, which no stack trace explains
	return slog.New(zapslog.NewHandler(log.Core(), zapslog.WithName(log.Name()), zapslog.AddStacktraceAt(never)))
}
