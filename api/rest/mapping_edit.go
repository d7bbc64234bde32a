package rest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"lockstep/internal/crm"
	"lockstep/internal/lockstep"
)

// SaveMapping implements StrictServerInterface.
func (s *Server) SaveMapping(ctx context.Context, req SaveMappingRequestObject) (SaveMappingResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	if req.Params.IfMatch == nil {
		return nil, &Error{Code: "mapping_version_missing"}
	}
	now, fields, err := s.mapping(ctx, c, objectOf(req.Params.Object))
	if err != nil {
		return nil, err
	}
	if err := unmoved(now, req.Params.IfMatch); err != nil {
		return nil, err
	}
	wanted := now
	if wanted.Rules, err = rulesOf(req.Body.Rules, fields); err != nil {
		return nil, err
	}
	if err := s.possible(c.Vendor, wanted, fields); err != nil {
		return nil, err
	}
	saved, err := s.save(ctx, c, now, wanted, fields)
	return SaveMapping200JSONResponse{Body: saved, Headers: SaveMapping200ResponseHeaders{ETag: etag(saved.Version)}}, err
}

// ResetMapping implements StrictServerInterface.
func (s *Server) ResetMapping(ctx context.Context, req ResetMappingRequestObject) (ResetMappingResponseObject, error) {
	c, err := s.connection(ctx, req.ConnectionID)
	if err != nil {
		return nil, err
	}
	now, fields, err := s.mapping(ctx, c, objectOf(req.Params.Object))
	if err != nil {
		return nil, err
	}
	if err := unmoved(now, req.Params.IfMatch); err != nil {
		return nil, err
	}
	wanted := now
	wanted.Rules = lockstep.DefaultMapping(now.Object, now.Type, fields).Rules
	saved, err := s.save(ctx, c, now, wanted, fields)
	return ResetMapping200JSONResponse{Body: saved, Headers: ResetMapping200ResponseHeaders{ETag: etag(saved.Version)}}, err
}

// mapping returns the newest mapping of an object, and what there is to map to.
func (s *Server) mapping(ctx context.Context, c lockstep.Connection, object crm.Object) (lockstep.Mapping, []crm.Field, error) {
	m, err := s.Mappings.Mapping(ctx, c.WorkspaceID, c.ID, object)
	if err != nil {
		return m, nil, err
	}
	fields, _, err := s.Mappings.Schema(ctx, c.WorkspaceID, c.ID, m.Type)
	return m, fields, err
}

// etag names a version of a mapping.
func etag(version int64) string { return strconv.Quote(strconv.FormatInt(version, 10)) }

// unmoved refuses when somebody wants to change another version than m. What is
// not said, everybody wants.
func unmoved(m lockstep.Mapping, ifMatch *string) error {
	if ifMatch == nil {
		return nil
	}
	for tag := range strings.SplitSeq(*ifMatch, ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || tag == etag(m.Version) {
			return nil
		}
	}
	return &Error{Code: "mapping_version_old", Detail: fmt.Sprintf("The newest version is %d.", m.Version)}
}

// rulesOf returns what a caller asks for, with targets as the CRM spells them.
func rulesOf(asked []SaveRule, fields []crm.Field) ([]lockstep.Rule, error) {
	rules := make([]lockstep.Rule, len(asked))
	var faults []RequestError
	for i, r := range asked {
		if (r.Field == nil) == (r.Fixed == nil) {
			faults = append(faults, RequestError{Where: "body.rules." + strconv.Itoa(i), Message: "takes a field of ours or a fixed value, one of the two"})
		}
		rules[i] = lockstep.Rule{Field: deref(r.Field), Target: r.Target, Fixed: deref(r.Fixed)}
		if f, ok := fieldNamed(fields, r.Target); ok {
			rules[i].Target = f.Name
		}
	}
	if len(faults) > 0 {
		return nil, &Error{Code: codeRequestInvalid, errors: faults}
	}
	return rules, nil
}

// fieldNamed returns the field of that name, however it is spelled.
func fieldNamed(fields []crm.Field, name string) (crm.Field, bool) {
	i := slices.IndexFunc(fields, func(f crm.Field) bool { return strings.EqualFold(f.Name, name) })
	if i < 0 {
		return crm.Field{}, false
	}
	return fields[i], true
}

// issue is something wrong with a mapping, and whether it may not be saved so.
type issue struct {
	lockstep.Issue

	blocking bool
}

// issues returns what is wrong with m. Only a required field that nothing fills
// does not keep it from being saved: the CRM may have a default, or a rule of its
// own that fills it.
func (s *Server) issues(vendor crm.Vendor, m lockstep.Mapping, fields []crm.Field) []issue {
	var out []issue
	for _, found := range m.Check(fields) {
		out = append(out, issue{found, found.Code != "field_required"})
	}
	for _, r := range m.Rules {
		f, ok := fieldNamed(fields, r.Target)
		if !ok {
			continue
		}
		if reserved := s.Vendors[vendor].ExternalIDField; reserved != "" && strings.EqualFold(reserved, r.Target) {
			out = append(out, issue{lockstep.Issue{Target: r.Target, Code: "field_reserved", Message: f.Label + " is where Lockstep keeps its ids."}, true})
		}
		if r.Field == "" {
			out = append(out, fixedIssues(r, f)...)
		}
	}
	return out
}

// fixedIssues returns why a fixed value would be refused by its field.
func fixedIssues(r lockstep.Rule, f crm.Field) []issue {
	if f.Length > 0 && utf8.RuneCountInString(r.Fixed) > f.Length {
		return []issue{{lockstep.Issue{
			Target: r.Target, Code: string(crm.ReasonValueTooLong), Message: fmt.Sprintf("The fixed value is longer than the %d characters that %s holds.", f.Length, f.Label),
		}, true}}
	}
	if !f.Restricted {
		return nil
	}
	values := []string{r.Fixed}
	if f.Type == crm.TypeMultiselect {
		values = strings.Split(r.Fixed, ";")
	}
	for _, v := range values {
		if !slices.ContainsFunc(f.Options, func(o crm.Option) bool { return o.Active && o.Value == v }) {
			return []issue{{lockstep.Issue{
				Target: r.Target, Code: string(crm.ReasonOptionUnknown), Message: "The fixed value is none of those that " + f.Label + " takes.",
			}, true}}
		}
	}
	return nil
}

// possible refuses a mapping that cannot work, rule by rule.
func (s *Server) possible(vendor crm.Vendor, m lockstep.Mapping, fields []crm.Field) error {
	refusal := &Error{Code: "mapping_invalid"}
	if len(m.Rules) == 0 {
		refusal.errors = []RequestError{{Where: "body.rules", Message: "A mapping without rules sends nothing."}}
	}
	for _, found := range s.issues(vendor, m, fields) {
		if !found.blocking {
			continue
		}
		refusal.errors = append(refusal.errors, RequestError{Where: whereMapped(m, found.Target), Message: found.Message})
	}
	if len(refusal.errors) == 0 {
		return nil
	}
	return refusal
}

// whereMapped names the rule of a request that is at fault: of two for one field
// the second.
func whereMapped(m lockstep.Mapping, target string) string {
	for i, r := range slices.Backward(m.Rules) {
		if r.Target == target {
			return "body.rules." + strconv.Itoa(i) + ".target"
		}
	}
	return "body.rules"
}

// save makes wanted the mapping after now, unless it is the same.
func (s *Server) save(ctx context.Context, c lockstep.Connection, now, wanted lockstep.Mapping, fields []crm.Field) (SavedMapping, error) {
	ch := changing(ctx)
	saved, records := now, int64(0)
	if slices.Equal(now.Rules, wanted.Rules) {
		ch.kept = true // nothing was changed
	} else {
		ch.row.Detail = fmt.Sprintf("%s, version %d, %d rules", now.Object, now.Version+1, len(wanted.Rules))
		var err error
		saved, records, err = s.Mappings.SaveMapping(ctx, c.WorkspaceID, c.ID, wanted, ch.noted())
		if crm.KindOf(err) == crm.KindConflict {
			return SavedMapping{}, &Error{Code: "mapping_version_old", Detail: "Somebody has saved another one at this moment.", Err: err}
		}
		if err != nil {
			return SavedMapping{}, err
		}
	}
	m := s.showMapping(c.Vendor, saved, fields)
	return SavedMapping{Object: m.Object, Type: m.Type, Version: m.Version, Rules: m.Rules, Issues: m.Issues, Records: records}, nil
}

// showMapping returns m as callers see it.
func (s *Server) showMapping(vendor crm.Vendor, m lockstep.Mapping, fields []crm.Field) Mapping {
	out := Mapping{Object: Object(m.Object), Type: m.Type, Version: m.Version, Rules: []MappingRule{}, Issues: []MappingIssue{}}
	for _, r := range m.Rules {
		out.Rules = append(out.Rules, MappingRule{Field: r.Field, Target: r.Target, Fixed: r.Fixed})
	}
	for _, found := range s.issues(vendor, m, fields) {
		out.Issues = append(out.Issues, MappingIssue{Target: found.Target, Code: found.Code, Message: found.Message, Blocking: found.blocking})
	}
	return out
}
