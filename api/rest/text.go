package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// checkText refuses what is no text where text is expected: PostgreSQL and
// Temporal would fail on it.
func checkText(r *http.Request) error {
	var faults []RequestError
	for name, values := range r.URL.Query() {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsFunc(v, unicode.IsControl) {
				faults = append(faults, RequestError{Where: "query." + strings.ToValidUTF8(name, "?"), Message: "holds control characters, or is not UTF-8"})
			}
		}
	}
	if len(faults) > 0 {
		return &Error{Code: codeRequestInvalid, errors: faults}
	}
	return nil
}

// checkBody refuses a body that is more or less than one JSON value, and one with
// NUL in a text, which PostgreSQL does not keep.
// Loads say themselves which of their rows have one.
func checkBody(r *http.Request, operation *openapi3.Operation) error {
	if operation.RequestBody == nil || len(operation.RequestBody.Value.Content) > 1 {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return invalid(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if len(body) > 0 && !json.Valid(body) { // such as one value and something behind it
		return &Error{Code: codeRequestInvalid, errors: []RequestError{{Where: "body", Message: "is not one JSON value and nothing else"}}}
	}
	if !bytes.Contains(body, []byte(`\u0000`)) { // JSON writes it so, and in no other way
		return nil
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		return fmt.Errorf("reading a body that is JSON: %w", err)
	}
	if faults := nulls(nil, "body", v); len(faults) > 0 {
		return &Error{Code: codeRequestInvalid, errors: faults}
	}
	return nil
}

// nulls adds the places in v, which is at where, that hold NUL.
func nulls(faults []RequestError, where string, v any) []RequestError {
	switch v := v.(type) {
	case string:
		if strings.ContainsRune(v, 0) {
			faults = append(faults, RequestError{Where: where, Message: "holds the character NUL"})
		}
	case []any:
		for i, item := range v {
			faults = nulls(faults, where+"."+strconv.Itoa(i), item)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			faults = nulls(nulls(faults, where, name), where+"."+name, v[name])
		}
	}
	return faults
}
