package hubspot

import (
	"net/http"
	"slices"
	"strings"
)

// scopes are those that the app may ask for (crm/hubspot.md §1, and some of
// the rest).
func scopes() []string {
	all := []string{
		"oauth", "crm.objects.owners.read", "crm.objects.leads.read", "crm.objects.leads.write", "crm.lists.read", "crm.lists.write",
		"sales-email-read", "communication_preferences.read_write", "settings.users.read", "tickets", "timeline",
	}
	for _, o := range objects() {
		all = append(all, "crm.objects."+o.name+".read", "crm.objects."+o.name+".write", "crm.schemas."+o.name+".read", "crm.schemas."+o.name+".write")
	}
	return all
}

// granted returns the scopes that a request amounts to: optional ones are
// granted too, and oauth always is.
func granted(scope, optional string) string {
	all := append(strings.Fields(scope), strings.Fields(optional)...)
	if !slices.Contains(all, "oauth") {
		all = append(all, "oauth")
	}
	return strings.Join(all, " ")
}

// lacks refuses a token that has none of the scopes of which it needs one
// (metadata-err-schemas-scope.json).
func (c *call) lacks(needed []string) *failure {
	if c.private || len(needed) == 0 {
		return nil
	}
	names := make([]string, len(needed))
	for i, name := range needed {
		names[i] = strings.ReplaceAll(name, "%s", c.Object)
		if slices.Contains(c.scopes, names[i]) {
			return nil
		}
	}
	return failed(http.StatusForbidden, catScopes, "One or more of the following scopes are required.").
		about("requiredGranularScopes", names...).about("links", "https://developers.hubspot.com/scopes")
}
