package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// redacted is what a Text shows to everyone who does not ask for it by name.
const redacted = "[redacted]"

// Text is a string that no printing, logging or encoding shows: only Reveal
// does. The zero Text is empty. Texts are not comparable in a useful way;
// compare what they reveal.
type Text struct {
	value *string // behind a pointer, so that printing a struct around it shows an address at most
}

// NewText returns value as a Text.
func NewText(value string) Text { return Text{value: &value} }

// Reveal returns the secret. Hand it to what needs it and keep it nowhere.
func (t Text) Reveal() string {
	if t.value == nil {
		return ""
	}
	return *t.value
}

// Empty tells whether there is nothing to reveal.
func (t Text) Empty() bool { return t.Reveal() == "" }

// String returns [redacted].
func (t Text) String() string { return redacted }

// GoString returns [redacted].
func (t Text) GoString() string { return redacted }

// Format writes [redacted], whatever the verb: fmt asks String for some verbs
// only, and would print the fields for the others.
func (t Text) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, redacted) }

// MarshalText returns [redacted].
func (t Text) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns "[redacted]".
func (t Text) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// LogValue returns [redacted].
func (t Text) LogValue() slog.Value { return slog.StringValue(redacted) }
