package hubspot

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crmsim"
)

// parse reads a JSON value into the property's text. All values are strings on
// the wire; numbers and booleans are taken for what they are spelled as. ok is
// false for an object or an array, for which the whole call is refused.
func (p *property) parse(raw string) (text string, ok bool) {
	switch {
	case raw == "" || raw[0] == '{' || raw[0] == '[':
		return "", false
	case raw == "null":
		return "", true
	case raw[0] == '"':
		return crmsim.NewScanner(raw).Quoted(), true
	}
	return raw, true
}

// check returns text as it is kept, or what is wrong with it. No text clears
// the property, whatever its type (crm/hubspot.md §2).
func (pl *portal) check(p *property, text string) (string, *invalid) {
	wrong := func(c code, message string) (string, *invalid) {
		return "", &invalid{name: p.name, code: c, message: message}
	}
	if text == "" {
		return "", nil
	}
	switch p.kind {
	case typeNumber:
		if !numeric(text) {
			return wrong(codeInteger, text+" was not a valid integer.")
		}
	case typeDate, typeDateTime:
		return p.checkMoment(text)
	case typeBool:
		if !p.allows(text) && text != "true" && text != "false" {
			return wrong(codeOption, notAllowed(p, text))
		}
	case typeEnum:
		return pl.checkChoice(p, text)
	case typeString, typePhone, typeCoordinates:
		if p.name == propEmail {
			text = strings.ToLower(strings.TrimSpace(text))
			if !validEmail(text) {
				// wire-recordings-grouparoo.json
				return wrong(codeEmail, "Email address "+text+" is invalid")
			}
		}
	}
	return text, nil
}

// notAllowed is in the words of public logs of 2026.
func notAllowed(p *property, text string) string {
	values := make([]string, len(p.options))
	for i, o := range p.options {
		values[i] = o.value
	}
	return text + " was not one of the allowed options: [" + strings.Join(values, ", ") + "]"
}

// checkChoice checks one option, or several apart by semicolons where boxes
// are ticked.
func (pl *portal) checkChoice(p *property, text string) (string, *invalid) {
	chosen := []string{text}
	if p.form == formCheckbox {
		chosen = strings.Split(strings.Trim(text, ";"), ";")
	}
	for _, value := range chosen {
		switch {
		case p.name == propOwner:
			if !slices.ContainsFunc(pl.owners, func(o owner) bool { return o.ID == value && !o.Archived }) {
				return "", &invalid{name: p.name, code: codeOwner, message: "Owner with id " + value + " does not exist"}
			}
		case p.name == "pipeline" || p.name == "dealstage":
			if !knownStage(p.name, value) {
				return "", &invalid{name: p.name, code: codeOption, message: value + " was not one of the allowed options: []"}
			}
		case !p.external && !p.readOnly && !p.allows(value):
			return "", &invalid{name: p.name, code: codeOption, message: notAllowed(p, value)}
		}
	}
	return text, nil
}

// merged is what boxes already ticked and newly ticked amount to: a leading
// semicolon adds, anything else replaces (crm/hubspot.md §2).
func (p *property) merged(had, text string) string {
	if p.kind != typeEnum || p.form != formCheckbox {
		return text
	}
	added, ok := strings.CutPrefix(text, ";")
	if !ok || had == "" {
		return strings.Trim(text, ";")
	}
	values := strings.Split(had, ";")
	for value := range strings.SplitSeq(strings.Trim(added, ";"), ";") {
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return strings.Join(values, ";")
}

// checkMoment takes milliseconds or ISO 8601; a date must be midnight UTC.
func (p *property) checkMoment(text string) (string, *invalid) {
	at, ok := parseMoment(text)
	switch {
	case !ok:
		// wire-recordings-grouparoo.json
		return "", &invalid{name: p.name, code: codeLong, message: text + " was not a valid long."}
	case p.kind == typeDateTime:
		return spell(at.UnixMilli()), nil
	case at.UnixMilli()%(24*time.Hour).Milliseconds() != 0:
		at = at.UTC()
		return "", &invalid{
			name: p.name, code: codeDate,
			message: text + " is at " + strconv.Itoa(at.Hour()) + ":" + strconv.Itoa(at.Minute()) + ":" + strconv.Itoa(at.Second()) + ".0 UTC, not midnight!",
		}
	}
	return at.UTC().Format(time.DateOnly), nil
}

// parseMoment reads a date, with or without a time, in a form that the API
// takes.
func parseMoment(text string) (time.Time, bool) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.UnixMilli(ms), true
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999-0700", time.DateOnly} {
		if at, err := time.Parse(form, text); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func numeric(text string) bool {
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return false
	}
	n, err := strconv.ParseFloat(text, 64)
	return err == nil && !math.IsInf(n, 0)
}

// validEmail reports whether the API would take text as an address.
func validEmail(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	if !ok || local == "" || len(local) > 64 || strings.ContainsAny(text, " \t\r\n,;:()<>[]\"\\") || strings.Contains(domain, "@") {
		return false
	}
	if local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return false
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(labels) > 1 && len(labels[len(labels)-1]) > 1
}
