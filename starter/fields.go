package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// optionsShown is how many of a field's options are told to a person; --json has
// them all.
const optionsShown = 5

func (f *face) fieldsCommand() *cobra.Command {
	var typ string
	cmd := &cobra.Command{
		Use:   "fields [CONNECTION]",
		Short: "List the CRM's fields, as they were last discovered",
		Long:  "Shows each field's name, label, type and options, and whether it can be written. `starter discover` looks again.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, conn, err := f.reach(ctx, args)
			if err != nil {
				return err
			}
			if typ == "" {
				mapping, err := r.mapping(ctx, conn, client.ObjectContact)
				if err != nil {
					return err
				}
				typ = mapping.Type
			}
			schema, err := answer[client.Schema](r.GetSchemaWithResponse(ctx, conn.ID, &client.GetSchemaParams{Type: typ}))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(schema)
			}
			f.printFields(schema)
			return nil
		},
	}
	cmd.Flags().StringVar(&typ, "type", "", "the CRM's type, such as Lead (default that of contacts)")
	return f.remotely(cmd)
}

func (f *face) printFields(schema client.Schema) {
	w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FIELD\tLABEL\tTYPE\tNOTE")
	for _, field := range schema.Fields {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", field.Name, field.Label, field.Type, noteOf(field))
	}
	_ = w.Flush()
	f.say("%s on %s.", plural(len(schema.Fields), "field"), schema.Type)
}

// noteOf says what else there is to know of a field.
func noteOf(field client.SchemaField) string {
	var notes []string
	for _, note := range []struct {
		says  string
		holds bool
	}{
		{"required", field.Required},
		{"unique", field.Unique},
		{"custom", field.Custom},
		{"cannot be written", !field.Creatable && !field.Updatable},
		{choiceOf(field), len(field.Options) > 0},
		{field.Description, field.Description != ""},
	} {
		if note.holds {
			notes = append(notes, note.says)
		}
	}
	return strings.Join(notes, "; ")
}

// choiceOf lists the first options of a field.
func choiceOf(field client.SchemaField) string {
	var options []string
	for _, option := range field.Options[:min(len(field.Options), optionsShown)] {
		options = append(options, option.Value)
	}
	if more := len(field.Options) - optionsShown; more > 0 {
		options = append(options, fmt.Sprintf("and %d more", more))
	}
	return "of " + strings.Join(options, ", ")
}
