package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// completePatience is how long a person who has pressed Tab waits for the API.
const completePatience = 2 * time.Second

// completed adds to a command what its arguments and flags can be, as far as
// that is known, and returns it. Shells ask for it once `starter completion` has
// been loaded.
func (f *face) completed(cmd *cobra.Command) *cobra.Command {
	_, args, _ := strings.Cut(cmd.Use, " ")
	switch args {
	case "":
	case "FILE":
		cmd.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
	default:
		cmd.ValidArgsFunction = f.completeArgument(strings.Contains(args, "VENDOR"), strings.Contains(args, "CONNECTION"))
	}
	for flag, values := range map[string][]string{
		"crm":         vendors(),
		"object":      {string(client.ObjectContact), string(client.ObjectCompany)},
		"contacts-as": {"Contact", "Lead"},
	} {
		if cmd.Flags().Lookup(flag) != nil {
			_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there
		}
	}
	for _, sub := range cmd.Commands() {
		f.completed(sub)
	}
	return cmd
}

// completeArgument completes a command's only argument.
func (f *face) completeArgument(vendor, connection bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var all []cobra.Completion
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		if vendor {
			all = append(all, vendors()...)
		}
		if connection {
			all = append(all, f.connections(cmd.Context())...)
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}
}

// connections returns the connections that can be named, or none when nobody can
// be asked.
func (f *face) connections(ctx context.Context) []cobra.Completion {
	r, err := f.remote()
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, completePatience)
	defer cancel()
	list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(ctx))
	if err != nil {
		return nil
	}
	var all []cobra.Completion
	for _, conn := range list.Items {
		all = append(all, cobra.CompletionWithDesc(conn.ID.String(), title(conn)))
	}
	return all
}
