package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lockstep/internal/lockstep"
	"lockstep/internal/store"
)

// tenant is a workspace as its maker sees it, once.
type tenant struct {
	Workspace string `json:"workspace"`
	Name      string `json:"name"`
	Key       string `json:"key"` // prefixes its external ids
	APIKey    string `json:"api_key"`
}

func (f *face) workspaceCreateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "create NAME",
		Short: "Make a workspace and its first API key, in the database at DATABASE_URL",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			url, err := f.database()
			if err != nil {
				return err
			}
			made, err := createWorkspace(cmd.Context(), url, args[0])
			if err != nil {
				return err
			}
			if f.json {
				return f.document(made)
			}
			f.say("Workspace %q is made.\n", made.Name)
			f.say("  id       %s", made.Workspace)
			f.say("  key      %s  (its records' external ids in a CRM begin with it)", made.Key)
			f.say("  API key  %s  (shown this once; it may do everything in the workspace)\n", made.APIKey)
			f.say("Next:\n  export LOCKSTEP_API_KEY=%s\n  starter connect salesforce", made.APIKey)
			return nil
		},
	}
}

// createWorkspace makes a workspace with an administrator's key.
func createWorkspace(ctx context.Context, url, name string) (tenant, error) {
	workspace, err := lockstep.NewWorkspace(name)
	if err != nil {
		return tenant{}, err
	}
	key, secret, err := lockstep.NewAPIKey(workspace.ID, "first", lockstep.RoleAdmin)
	if err != nil {
		return tenant{}, err
	}
	pool, err := openPool(ctx, url)
	if err != nil {
		return tenant{}, err
	}
	defer pool.Close()
	if err := store.New(pool).CreateWorkspace(ctx, workspace, key, secret); err != nil {
		return tenant{}, fmt.Errorf("making the workspace (has `starter migrate` been run?): %w", err)
	}
	return tenant{Workspace: workspace.ID.String(), Name: name, Key: workspace.Key, APIKey: secret}, nil
}
