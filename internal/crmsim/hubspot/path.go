package hubspot

import "strings"

// dated is the version that stands behind the product's name (crm/hubspot.md
// §0).
const dated = "2026-03"

// resource returns what a path of the API means, whichever way it is spelled:
// /crm/v3/objects/contacts and /crm/objects/2026-03/contacts are both
// /objects/contacts.
func resource(path string) (string, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] == "crm" {
		parts = parts[1:]
		if len(parts) < 2 {
			return "", false
		}
		if parts[0] == "v3" {
			return "/" + strings.Join(parts[1:], "/"), true
		}
	}
	if len(parts) < 2 || parts[1] != dated && (parts[0] != "account-info" || parts[1] != "v3") {
		return "", false
	}
	return "/" + strings.Join(append(parts[:1:1], parts[2:]...), "/"), true
}
