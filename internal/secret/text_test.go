package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"lockstep/internal/secret"
)

const planted = "planted-secret"

// holder has the text where fmt may not call methods: in an unexported field.
type holder struct {
	Shown  secret.Text
	hidden secret.Text
}

func TestTextShowsItselfToNoVerb(t *testing.T) {
	t.Parallel()

	text := secret.NewText(planted)
	around := holder{Shown: text, hidden: text}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%p", "%T", "%e", "%c", "%U"} {
		for _, v := range []any{text, &text, around, &around, []secret.Text{text}, map[string]secret.Text{"k": text}} {
			out := fmt.Sprintf(verb, v)
			require.NotContains(t, out, planted, "%s of %T", verb, v)
			require.NotContains(t, out, fmt.Sprintf("%x", planted), "%s of %T", verb, v)
		}
	}
	require.Equal(t, "[redacted]", text.String())
	require.Equal(t, "[redacted]", text.GoString())
	require.Equal(t, "[redacted]", fmt.Sprintf("%d", text))
	require.NotEmpty(t, around.hidden.Reveal())
}

func TestTextShowsItselfToNoEncoder(t *testing.T) {
	t.Parallel()

	text := secret.NewText(planted)

	body, err := json.Marshal(map[string]any{"a": text, "b": holder{Shown: text}, "c": map[secret.Text]int{text: 1}})
	require.NoError(t, err)
	require.NotContains(t, string(body), planted)
	require.Contains(t, string(body), "[redacted]")

	plain, err := text.MarshalText()
	require.NoError(t, err)
	require.Equal(t, "[redacted]", string(plain))
}

func TestTextShowsItselfToNoLogger(t *testing.T) {
	t.Parallel()

	text := secret.NewText(planted)
	var out bytes.Buffer

	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "a", text, "b", holder{Shown: text, hidden: text})
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "a", text, "b", holder{Shown: text, hidden: text})
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zap.DebugLevel)
	zap.New(core).Info("m", zap.Any("a", text), zap.Stringer("b", text), zap.Reflect("c", holder{Shown: text, hidden: text}))

	require.NotContains(t, out.String(), planted)
	require.Contains(t, out.String(), "[redacted]")
}

func TestTextRevealsWhatItWasGiven(t *testing.T) {
	t.Parallel()

	require.Equal(t, planted, secret.NewText(planted).Reveal())
	require.False(t, secret.NewText(planted).Empty())
	require.Empty(t, secret.Text{}.Reveal())
	require.True(t, secret.Text{}.Empty())
	require.True(t, secret.NewText("").Empty())
}
