package main

import (
	"context"
	"fmt"
	"strings"

	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/store"
)

// examineGrants looks whether the keyset opens every login that is kept, and
// whether each was granted what this version needs.
func (d *doctor) examineGrants(ctx context.Context, rows *store.Store, keyring *secret.Keyring, connections []lockstep.Connection) {
	vault, factories := &oauth.Vault{Rows: rows, Keyring: keyring}, all.Factories()
	kept, opened := 0, 0
	for _, c := range connections {
		sealed, err := rows.Grant(ctx, c.WorkspaceID, c.ID)
		if crm.KindOf(err) == crm.KindNotFound {
			continue // nobody has signed in, or it was disconnected
		}
		if err != nil {
			d.fault("PostgreSQL", "logins cannot be read: "+because(err), "See whether PostgreSQL is well.")
			return
		}
		kept++
		grant, err := vault.Open(c.WorkspaceID, c.ID, sealed)
		if err != nil {
			d.fault("keys", fmt.Sprintf("the keyset does not open the login of connection %s", c.ID),
				"Set the keyset that sealed it, with all its keys; if that is lost, sign in again with `starter connect "+c.ID.String()+"`.")
			continue
		}
		opened++
		factory := factories[c.Vendor]
		d.examineScopes(c.ID.String(), factory.Label, grant.Lacks(factory.OAuth.Scopes))
	}
	if opened == kept {
		d.fine("keys", "the keyset opens %s", plural(opened, "login"))
	}
}

// examineScopes tells whether a connection's login lacks scopes. What both the
// service and the API tell of it is told once.
func (d *doctor) examineScopes(connection, label string, missing []string) {
	about := "scopes of connection " + connection
	if len(missing) == 0 {
		d.fine(about, "%s has granted all that this version of Lockstep needs", label)
		return
	}
	d.fault(about, fmt.Sprintf("its login lacks %s", strings.Join(missing, " ")),
		fmt.Sprintf("Allow that in the settings of the app in %s, then sign in again: `starter connect %s`.", label, connection))
}
