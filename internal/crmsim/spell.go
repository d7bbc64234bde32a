package crmsim

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// AppendString appends text as a JSON string.
func AppendString(out []byte, text string) []byte {
	plain := true
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		out = append(out, '"')
		out = append(out, text...)
		return append(out, '"')
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	// A string always encodes.
	_ = enc.Encode(text)
	return append(out, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// AppendMember appends the start of an object's member, comma included where
// one is due.
func AppendMember(out []byte, key string) []byte {
	if out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	out = append(out, '"')
	out = append(out, key...)
	return append(out, '"', ':')
}
