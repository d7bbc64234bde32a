package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) mappingCommand() *cobra.Command {
	var object string
	cmd := &cobra.Command{
		Use:   "mapping [CONNECTION]",
		Short: "Show which of our fields goes to which of the CRM's, and what is wrong with that",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if err := mapped(object, cmd.UseLine()); err != nil {
				return err
			}
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			mapping, err := r.mapping(ctx, conn, client.Object(object))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(mapping)
			}
			f.printMapping(conn, mapping)
			return nil
		},
	}
	cmd.Flags().StringVar(&object, "object", string(client.ObjectContact), "the kind of record: contact or company")
	cmd.AddCommand(f.mappingApproveCommand(), f.mappingSetCommand(), f.mappingResetCommand())
	return f.remotely(cmd)
}

// mapped returns an error for what has no mapping.
func mapped(object, usage string) error {
	switch client.Object(object) {
	case client.ObjectContact:
		return nil
	case client.ObjectCompany:
		return errors.New("only contacts have a mapping so far: companies are kept, and not sent yet")
	}
	return &usageError{problem: fmt.Sprintf("--object is %q: it is contact or company", object), usage: usage}
}

func (f *face) mappingApproveCommand() *cobra.Command {
	var version int64
	cmd := &cobra.Command{
		Use:   "approve [CONNECTION]",
		Short: "Say that the mapping of contacts is as it should be",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			if version == 0 {
				mapping, err := r.mapping(ctx, conn, client.ObjectContact)
				if err != nil {
					return err
				}
				version = mapping.Version
			}
			if conn, err = r.approveMapping(ctx, conn, version); err != nil {
				return err
			}
			f.say("Version %d of the mapping of contacts is approved.", version)
			if next := nextStep(conn, f.step); next != "" {
				f.say("Next: %s", next)
			}
			return f.onlyJSON(conn)
		},
	}
	cmd.Flags().Int64Var(&version, "version", 0, "the version that was looked at (default the one there is)")
	return f.remotely(cmd)
}

func (r *remote) mapping(ctx context.Context, conn client.Connection, object client.Object) (client.Mapping, error) {
	return answer[client.Mapping](r.GetMappingWithResponse(ctx, conn.ID, &client.GetMappingParams{Object: &object}))
}

func (r *remote) approveMapping(ctx context.Context, conn client.Connection, version int64) (client.Connection, error) {
	return answer[client.Connection](r.ApproveMappingWithResponse(ctx, conn.ID, &client.ApproveMappingParams{IdempotencyKey: requestKey()},
		client.ApproveMapping{Version: version}))
}

func (f *face) printMapping(conn client.Connection, m client.Mapping) {
	standing := "nobody has approved it yet"
	if v := conn.ApprovedMappingVersion; v != nil && *v == m.Version {
		standing = "approved"
	} else if v != nil {
		standing = fmt.Sprintf("version %d was approved", *v)
	}
	f.say("%s to %s of %s, version %d: %s", m.Object, m.Type, conn.Label, m.Version, standing)
	w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
	for _, rule := range m.Rules {
		_, _ = fmt.Fprintf(w, "  %s\t→ %s\n", filler(rule), rule.Target)
	}
	_ = w.Flush()
	for _, issue := range m.Issues {
		f.say("! %s: %s", issue.Target, issue.Message)
	}
	if standing != "approved" {
		f.say("Next: %s says that this is as it should be.", f.step("mapping approve"))
	}
}

// filler is what a rule fills its target with.
func filler(rule client.MappingRule) string {
	return cmp.Or(rule.Field, fmt.Sprintf("always %q", rule.Fixed))
}
