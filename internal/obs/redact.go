package obs

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// redacted stands in a log for what must not be read there.
const redacted = "[redacted]"

// sensitive are the parts of names that secrets and people's data go by,
// without separators and in lower case.
var sensitive = []string{
	"token", "secret", "authorization", "password", "passwd", "apikey", "cookie", "credential", "verifier",
	"keyset", "privatekey", "signature", "email", "phone", "firstname", "lastname", "body",
}

// Redact returns core without the values of fields that are named like a secret
// or like what tells of a person, at any depth. Messages and errors are passed
// on as they are: they are written by us, and hold neither.
func Redact(core zapcore.Core) zapcore.Core { return &redactor{Core: core} }

type redactor struct {
	zapcore.Core
}

// With implements zapcore.Core.
func (r *redactor) With(fields []zapcore.Field) zapcore.Core {
	return &redactor{Core: r.Core.With(redactFields(fields))}
}

// Check implements zapcore.Core.
func (r *redactor) Check(entry zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if r.Enabled(entry.Level) {
		return checked.AddCore(entry, r)
	}
	return checked
}

// Write implements zapcore.Core.
func (r *redactor) Write(entry zapcore.Entry, fields []zapcore.Field) error {
	return r.Core.Write(entry, redactFields(fields))
}

// redactFields returns fields without what is sensitive. It leaves the slice
// it is given alone, which the caller may use again.
func redactFields(fields []zapcore.Field) []zapcore.Field {
	clean := slices.Clone(fields)
	for i, f := range clean {
		switch {
		case f.Type == zapcore.NamespaceType || f.Type == zapcore.SkipType:
		case isSensitive(f.Key):
			clean[i] = zap.String(f.Key, redacted)
		default:
			clean[i] = redactField(f)
		}
	}
	return clean
}

// redactField returns f with what is inside it redacted, if anything can be.
func redactField(f zapcore.Field) zapcore.Field {
	switch f.Type { //nolint:exhaustive // the others hold one plain value
	case zapcore.ObjectMarshalerType, zapcore.InlineMarshalerType, zapcore.ArrayMarshalerType:
		object := zapcore.NewMapObjectEncoder()
		f.AddTo(object)
		if f.Type == zapcore.InlineMarshalerType {
			members, _ := redactValue(plain(object.Fields)).(map[string]any)
			return zap.Inline(plainObject(members))
		}
		return zap.Reflect(f.Key, redactValue(plain(object.Fields[f.Key])))
	case zapcore.ReflectType:
		return zap.Reflect(f.Key, redactValue(plain(f.Interface)))
	}
	return f
}

// plain returns v as JSON has it, so that all its members have names. What JSON
// cannot say is redacted.
func plain(v any) any {
	body, err := json.Marshal(v)
	if err != nil {
		return redacted
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var out any
	if err := decoder.Decode(&out); err != nil {
		return redacted
	}
	return out
}

// redactValue returns v, which plain has made, with the sensitive members of
// its objects redacted.
func redactValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if isSensitive(name) {
				v[name] = redacted
				continue
			}
			v[name] = redactValue(member)
		}
	case []any:
		for i, member := range v {
			v[i] = redactValue(member)
		}
	}
	return v
}

// plainObject is a map as zap takes objects.
type plainObject map[string]any

// MarshalLogObject implements zapcore.ObjectMarshaler.
func (o plainObject) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	for name, value := range o {
		zap.Reflect(name, value).AddTo(enc)
	}
	return nil
}

// isSensitive tells whether a field of this name is not to be read in a log.
func isSensitive(name string) bool {
	name = strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(strings.ToLower(name))
	return slices.ContainsFunc(sensitive, func(part string) bool { return strings.Contains(name, part) })
}
