package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// The codes of the problems that saving a mapping can have.
const (
	mappingInvalid = "mapping_invalid"
	mappingOld     = "mapping_version_old"
)

// sampled is how many records are looked at for the fields that they have.
const sampled = 100

// edit is what somebody wants changed in a mapping.
type edit struct {
	rules   []client.SaveRule // what fills a target instead of whatever does so far
	removed []string          // targets that are filled with nothing of ours
}

func (f *face) mappingSetCommand() *cobra.Command {
	var object string
	var always, removed []string
	cmd := &cobra.Command{
		Use:   "set [CONNECTION] [FIELD=TARGET]...",
		Short: "Change which of our fields goes to which of the CRM's",
		Long: "FIELD=TARGET fills the CRM's field TARGET with our FIELD, as `starter mapping` shows it: FIELD → TARGET. --always fills one\n" +
			"with a fixed value, --remove with nothing of ours any more. All rules that are not named stay, and one of our fields may\n" +
			"fill several of the CRM's. Every record that is in the CRM is sent again with the next sync.",
		Example: "  starter mapping set title=Title phone=MobilePhone --always LeadSource=Web --remove Description",
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := mapped(object, cmd.UseLine()); err != nil {
				return err
			}
			var named []string
			if len(args) > 0 && !strings.Contains(args[0], "=") {
				named, args = args[:1], args[1:]
			}
			wanted, err := readEdit(args, always, removed)
			if err != nil {
				return &usageError{problem: err.Error(), usage: cmd.UseLine()}
			}
			r, conn, err := f.reach(ctx, named)
			if err != nil {
				return err
			}
			return f.setMapping(ctx, r, conn, client.Object(object), wanted)
		},
	}
	cmd.Flags().StringVar(&object, "object", string(client.ObjectContact), "the kind of record: contact or company")
	cmd.Flags().StringArrayVar(&always, "always", nil, "`TARGET=VALUE`: fill the CRM's field with this value in every record; can be given again")
	cmd.Flags().StringArrayVar(&removed, "remove", nil, "`TARGET`: fill the CRM's field with nothing of ours; can be given again")
	return f.remotely(cmd)
}

// readEdit reads an edit as it is written on a command line.
func readEdit(mapped, always, removed []string) (edit, error) {
	wanted := edit{removed: removed}
	for _, arg := range mapped {
		i := strings.LastIndex(arg, "=") // a field of ours is called what its column was
		if i <= 0 || i == len(arg)-1 {
			return edit{}, fmt.Errorf("%q is no rule: write FIELD=TARGET, our field and then the CRM's, such as title=Title", arg)
		}
		field := arg[:i]
		wanted.rules = append(wanted.rules, client.SaveRule{Field: &field, Target: arg[i+1:]})
	}
	for _, arg := range always {
		target, value, _ := strings.Cut(arg, "=")
		if target == "" || value == "" {
			return edit{}, fmt.Errorf("--always %q is no rule: write TARGET=VALUE, the CRM's field and then the value, such as LeadSource=Web", arg)
		}
		wanted.rules = append(wanted.rules, client.SaveRule{Fixed: &value, Target: target})
	}
	var targets []string
	for _, rule := range wanted.rules {
		targets = append(targets, rule.Target)
	}
	targets = append(targets, removed...)
	if len(targets) == 0 {
		return edit{}, errors.New("nothing is to be changed: name a rule, FIELD=TARGET, or give --always or --remove")
	}
	for i, target := range targets {
		if slices.ContainsFunc(targets[:i], func(t string) bool { return strings.EqualFold(t, target) }) {
			return edit{}, fmt.Errorf("%s is named twice; the CRM's field is filled with one thing", target)
		}
	}
	return wanted, nil
}

// over returns the rules as they are after the edit. What fills a field instead
// of something else stands where that stood.
func (e edit) over(rules []client.MappingRule) ([]client.SaveRule, error) {
	fresh, removed := slices.Clone(e.rules), slices.Clone(e.removed)
	all := []client.SaveRule{}
	for _, rule := range rules {
		if i := slices.IndexFunc(removed, func(target string) bool { return strings.EqualFold(target, rule.Target) }); i >= 0 {
			removed = slices.Delete(removed, i, i+1)
			continue
		}
		if i := slices.IndexFunc(fresh, func(r client.SaveRule) bool { return strings.EqualFold(r.Target, rule.Target) }); i >= 0 {
			all = append(all, fresh[i])
			fresh = slices.Delete(fresh, i, i+1)
			continue
		}
		all = append(all, client.SaveRule{Target: rule.Target, Field: orNil(rule.Field), Fixed: orNil(rule.Fixed)})
	}
	if len(removed) > 0 {
		return nil, fmt.Errorf("nothing of ours fills %s: `starter mapping` shows what fills what", removed[0])
	}
	return append(all, fresh...), nil
}

// setMapping makes an edit to the version of a mapping that is there, and shows
// what it has become.
func (f *face) setMapping(ctx context.Context, r *remote, conn client.Connection, object client.Object, wanted edit) error {
	before, tag, err := r.tagged(ctx, conn, object)
	if err != nil {
		return err
	}
	rules, err := wanted.over(before.Rules)
	if err != nil {
		return err
	}
	saved, err := answer[client.SavedMapping](r.SaveMappingWithResponse(ctx, conn.ID,
		&client.SaveMappingParams{Object: &object, IfMatch: &tag, IdempotencyKey: requestKey()}, client.SaveMapping{Rules: rules}))
	if err != nil {
		return f.refusedRules(err, rules)
	}
	if err := f.reportSaved(conn, before, saved); err != nil {
		return err
	}
	return f.warnOfStrangers(ctx, r, object, wanted)
}

// tagged returns a mapping and the tag of its version.
func (r *remote) tagged(ctx context.Context, conn client.Connection, object client.Object) (client.Mapping, string, error) {
	got, err := r.GetMappingWithResponse(ctx, conn.ID, &client.GetMappingParams{Object: &object})
	mapping, err := answer[client.Mapping](got, err)
	if err != nil {
		return client.Mapping{}, "", err
	}
	return mapping, got.HTTPResponse.Header.Get("ETag"), nil
}

// refusedRules returns why rules were not saved, with each called what it says:
// where it stands in the request is nothing that a person has seen.
func (f *face) refusedRules(err error, rules []client.SaveRule) error {
	problem, ok := errors.AsType[*client.Problem](err)
	if !ok {
		return err
	}
	said := *problem
	switch problem.Code {
	case mappingInvalid:
		said.Fix = "Nothing was changed. Correct these rules, or take one away with --remove. " + f.step("fields") + " lists the CRM's fields, " + f.step("discover") + " looks for new ones."
	case mappingOld:
		said.Fix = "Nothing was changed. Look with " + f.step("mapping") + " at what somebody else has, and run the command again."
	}
	if problem.Errors != nil {
		faults := slices.Clone(*problem.Errors)
		for i, fault := range faults {
			place, _ := strings.CutPrefix(fault.Where, "body.rules.")
			place, _, _ = strings.Cut(place, ".")
			if n, err := strconv.Atoi(place); err == nil && n >= 0 && n < len(rules) {
				faults[i].Where = filler(client.MappingRule{Field: told(rules[n].Field), Fixed: told(rules[n].Fixed)}) + " → " + rules[n].Target
			}
		}
		said.Errors = &faults
	}
	return &said
}

// reportSaved shows a mapping that was saved, and what comes of that.
func (f *face) reportSaved(conn client.Connection, before client.Mapping, saved client.SavedMapping) error {
	if f.json {
		return f.document(saved)
	}
	switch {
	case saved.Version == before.Version:
		f.say("It was so already: nothing was changed.")
	case saved.Records > 0:
		f.say("Version %d is saved. The next sync sends %s again; %s does that now.", saved.Version, plural(saved.Records, "record"), f.step("sync"))
	default:
		f.say("Version %d is saved. No record is in the CRM yet that would have to be sent again.", saved.Version)
	}
	f.printMapping(conn, client.Mapping{Object: saved.Object, Type: saved.Type, Version: saved.Version, Rules: saved.Rules, Issues: saved.Issues})
	return nil
}

// warnOfStrangers tells of fields that none of our records has, which a
// misspelled one looks like: a mapping of it would send nothing.
func (f *face) warnOfStrangers(ctx context.Context, r *remote, object client.Object, wanted edit) error {
	if !slices.ContainsFunc(wanted.rules, func(rule client.SaveRule) bool { return rule.Field != nil }) {
		return nil
	}
	records, more, err := r.records(ctx, object, sampled)
	if err != nil || len(records) == 0 {
		return err
	}
	among := "Not one record"
	if more {
		among = fmt.Sprintf("None of the first %d records", len(records))
	}
	for _, rule := range wanted.rules {
		if rule.Field == nil || slices.ContainsFunc(records, func(record client.Record) bool { _, has := record.Fields[*rule.Field]; return has }) {
			continue
		}
		f.say("! %s has a field %q, so that %s is filled with nothing from them. `starter records list --json` shows what our fields are called.",
			among, *rule.Field, rule.Target)
	}
	return nil
}
