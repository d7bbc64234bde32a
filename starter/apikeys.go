package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// roles are what an API key may be, the mightiest first.
func roles() []string {
	return []string{
		string(client.RoleAdmin), string(client.RoleRevops), string(client.RoleOperator), string(client.RoleCRMOwner),
		string(client.RoleStandard), string(client.RoleSpectator),
	}
}

func (f *face) apiKeysCommand() *cobra.Command {
	return group("api-keys", "Issue and revoke the keys that people and programs call the API with",
		f.apiKeysListCommand(), f.apiKeysIssueCommand(), f.apiKeysRevokeCommand())
}

func (f *face) apiKeysListCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "list",
		Short: "List the workspace's API keys that are in force, oldest first",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.remote()
			if err != nil {
				return err
			}
			list, err := r.apiKeys(cmd.Context())
			if err != nil {
				return err
			}
			if f.json {
				return f.document(list)
			}
			w := tabwriter.NewWriter(f.stdout, 0, 0, 2, ' ', 0)
			_, _ = fmt.Fprintln(w, "KEY\tNAME\tROLE\tISSUED")
			for _, key := range list.Items {
				_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", key.ID, key.Name, key.Role, moment(key.CreatedAt))
			}
			_ = w.Flush()
			f.say("Next: `starter api-keys issue NAME --role ROLE` makes another, `starter api-keys revoke KEY` ends one.")
			return nil
		},
	})
}

func (f *face) apiKeysIssueCommand() *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use:   "issue NAME",
		Short: "Issue an API key; its secret is shown once",
		Long: "The name says whose it is or what for, and stands in the audit log. A spectator reads; standard also loads records;\n" +
			"crm_owner, operator and revops also set up and run connections; admin also issues keys, reads the audit log and says\n" +
			"where alerts go. The key that this is asked with has to be an admin's.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !client.Role(role).Valid() {
				return &usageError{problem: fmt.Sprintf("--role is %q: it is one of %s", role, strings.Join(roles(), ", ")), usage: cmd.UseLine()}
			}
			r, err := f.remote()
			if err != nil {
				return err
			}
			key, err := answer[client.NewKey](r.CreateKeyWithResponse(cmd.Context(), &client.CreateKeyParams{IdempotencyKey: requestKey()},
				client.CreateKey{Name: args[0], Role: client.Role(role)}))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(key)
			}
			f.say("An API key for %q is issued, as %s.\n", key.Name, key.Role)
			f.say("  id       %s", key.ID)
			f.say("  API key  %s  (shown this once)\n", key.Secret)
			f.say("Next: whoever it is for sets LOCKSTEP_API_KEY to it. `starter api-keys revoke %s` ends it.", key.ID)
			return nil
		},
	}
	cmd.Flags().StringVar(&role, "role", "", "what it may do: "+strings.Join(roles(), ", "))
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.FixedCompletions(roles(), cobra.ShellCompDirectiveNoFileComp)) // fails for a flag that is not there
	return f.remotely(cmd)
}

func (f *face) apiKeysRevokeCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "revoke KEY",
		Short: "Revoke an API key, by its id or its name; on a terminal it asks first",
		Long:  "From then on nothing is answered to it, and it cannot be had back. The last key of an admin stays.",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			r, err := f.remote()
			if err != nil {
				return err
			}
			key, err := r.apiKeyNamed(ctx, args[0])
			if err != nil {
				return err
			}
			if !yes && terminal(f.stdin) && terminal(f.talk()) {
				if err := f.confirm(fmt.Sprintf("Revoke the API key %q (%s) for good", key.Name, key.Role)); err != nil {
					return err
				}
			}
			if err := done(r.RevokeKeyWithResponse(ctx, key.ID, &client.RevokeKeyParams{IdempotencyKey: requestKey()})); err != nil {
				return err
			}
			f.say("The API key %q (%s) is revoked: nothing is answered to it any more.", key.Name, key.Role)
			f.say("Next: `starter api-keys list` shows those that are left, `starter api-keys issue NAME --role %s` makes another.", key.Role)
			return f.onlyJSON(key)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return f.remotely(cmd)
}

func (r *remote) apiKeys(ctx context.Context) (client.KeyList, error) {
	return answer[client.KeyList](r.ListKeysWithResponse(ctx))
}

// apiKeyNamed returns the key that is in force with that id, or the only one of
// that name.
func (r *remote) apiKeyNamed(ctx context.Context, name string) (client.Key, error) {
	list, err := r.apiKeys(ctx)
	if err != nil {
		return client.Key{}, err
	}
	var found []client.Key
	for _, key := range list.Items {
		if key.ID.String() == name {
			return key, nil
		}
		if key.Name == name {
			found = append(found, key)
		}
	}
	switch len(found) {
	case 0:
		return client.Key{}, fmt.Errorf("no API key that is in force has the id or name %q: `starter api-keys list` shows them", name)
	case 1:
		return found[0], nil
	}
	return client.Key{}, fmt.Errorf("%d API keys have the name %q: revoke the one you mean by its id, which `starter api-keys list` shows", len(found), name)
}
