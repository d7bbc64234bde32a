package lockstep

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lockstep/internal/crm"
)

// Rule fills one CRM field: from a field of the record, or with a fixed value.
type Rule struct {
	Field  string `json:"field,omitempty"` // ours, such as "first_name"; empty for a fixed value
	Target string `json:"target"`          // the CRM's, such as "FirstName"
	Fixed  string `json:"fixed,omitempty"`
}

// Mapping says how records of one object become records of one CRM type. Its
// Version is part of what is remembered of each write, so a changed mapping
// reaches every record it should.
type Mapping struct {
	Object  crm.Object `json:"object"`
	Type    string     `json:"type"`
	Version int64      `json:"version"`
	Rules   []Rule     `json:"rules"`
}

// Apply returns the CRM's fields of a record. A field that the record does not
// have is not sent; one that it has as null is cleared.
func (m Mapping) Apply(fields map[string]any) map[string]any {
	out := make(map[string]any, len(m.Rules))
	for _, r := range m.Rules {
		if r.Field == "" {
			out[r.Target] = r.Fixed
			continue
		}
		if v, ok := fields[r.Field]; ok {
			out[r.Target] = v
		}
	}
	return out
}

// Hash returns the digest of what a write leaves in the CRM: the mapped
// fields, the mapping's version, and the record they were written to.
func (m Mapping) Hash(crmType, crmID string, mapped map[string]any) ([]byte, error) {
	body, err := json.Marshal(mapped) // sorts the keys
	if err != nil {
		return nil, fmt.Errorf("hashing fields: %w", err)
	}
	h := sha256.New()
	var version [8]byte
	binary.BigEndian.PutUint64(version[:], uint64(m.Version)) //nolint:gosec // a version is never negative
	h.Write(version[:])
	h.Write([]byte(crmType + "\x00" + crmID + "\x00"))
	h.Write(body)
	return h.Sum(nil)[:16], nil
}

// Issue is something wrong with one rule of a mapping.
type Issue struct {
	Target  string `json:"target"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Check compares m with the fields that the CRM has and returns what would
// fail or be dropped.
func (m Mapping) Check(fields []crm.Field) []Issue {
	byName := make(map[string]crm.Field, len(fields))
	for _, f := range fields {
		byName[strings.ToLower(f.Name)] = f
	}
	var issues []Issue
	covered := make(map[string]bool, len(m.Rules))
	for _, r := range m.Rules {
		name := strings.ToLower(r.Target)
		f, ok := byName[name]
		switch {
		case !ok:
			issues = append(issues, Issue{r.Target, "field_unknown", "The CRM has no field " + r.Target + " that this login can see."})
		case !f.Creatable && !f.Updatable:
			issues = append(issues, Issue{r.Target, "field_read_only", f.Label + " cannot be written, so the CRM would drop it."})
		case covered[name]:
			issues = append(issues, Issue{r.Target, "field_twice", f.Label + " is filled by two rules."})
		}
		covered[name] = true
	}
	for _, f := range fields {
		if f.Required && f.Creatable && !covered[strings.ToLower(f.Name)] {
			issues = append(issues, Issue{f.Name, "field_required", f.Label + " must be filled, or the CRM refuses new records."})
		}
	}
	return issues
}

// defaults are the CRM fields that ours go to when nobody has said otherwise,
// in the order they are tried.
var defaults = map[crm.Object][]struct {
	field   string
	targets []string
}{
	crm.Contact: {
		{"first_name", []string{"FirstName", "firstname"}},
		{"last_name", []string{"LastName", "lastname"}},
		{"email", []string{"Email", "email"}},
		{"phone", []string{"Phone", "phone"}},
		{"mobile_phone", []string{"MobilePhone", "mobilephone"}},
		{"title", []string{"Title", "jobtitle"}},
		{"company", []string{"Company", "company"}},
		{"website", []string{"Website", "website"}},
		{"street", []string{"MailingStreet", "Street", "address"}},
		{"city", []string{"MailingCity", "City", "city"}},
		{"state", []string{"MailingState", "State", "state"}},
		{"postal_code", []string{"MailingPostalCode", "PostalCode", "zip"}},
		{"country", []string{"MailingCountry", "Country", "country"}},
		{"lead_source", []string{"LeadSource"}},
		{"description", []string{"Description"}},
	},
	crm.Company: {
		{"name", []string{"Name", "name"}},
		{"website", []string{"Website", "website"}},
		{"phone", []string{"Phone", "phone"}},
		{"industry", []string{"Industry"}},
		{"description", []string{"Description", "description"}},
		{"country", []string{"BillingCountry", "country"}},
	},
	crm.Deal: nil, // which pipeline and stage a deal is in has to be said by a person
}

// DefaultMapping maps what can be mapped without asking: each of our fields to
// the first of its customary CRM fields that is there and can be written.
func DefaultMapping(object crm.Object, crmType string, fields []crm.Field) Mapping {
	m := Mapping{Object: object, Type: crmType, Version: 1}
	for _, d := range defaults[object] {
		for _, target := range d.targets {
			i := slices.IndexFunc(fields, func(f crm.Field) bool { return f.Name == target && f.Creatable && f.Updatable })
			if i >= 0 {
				m.Rules = append(m.Rules, Rule{Field: d.field, Target: target})
				break
			}
		}
	}
	return m
}
