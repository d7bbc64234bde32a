package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"lockstep/internal/config"
	"lockstep/internal/crm"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/store"
)

// keysetSetting names the file of the keyset.
const keysetSetting = "LOCKSTEP_KEYSET_FILE"

func (f *face) keysNewCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "new",
		Short: "Make the keyset that seals the logins of CRMs",
		Long: "Prints it in base64, for LOCKSTEP_KEYSET, or writes it to --file, for LOCKSTEP_KEYSET_FILE, which only its owner can read.\n" +
			"Keep a copy in a safe place: without it every CRM has to be connected again.",
		Args: positionals,
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return f.printKeyset()
			}
			err := secret.CreateKeyset(file)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%s is there, and losing a keyset loses all that it sealed: name another file, or `starter keys rotate` it", file)
			}
			if err != nil {
				return err
			}
			f.say("The keyset is in %s. Keep a copy in a safe place.", file)
			f.say("Next: export %s=%s", keysetSetting, file)
			return f.onlyJSON(map[string]string{"file": file})
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "the file to write it to; nothing that is there is overwritten")
	return cmd
}

func (f *face) printKeyset() error {
	keyset, err := secret.NewKeyset()
	if err != nil {
		return err
	}
	text := base64.StdEncoding.EncodeToString(keyset)
	if f.json {
		return f.document(map[string]string{"keyset": text})
	}
	f.say("%s", text) // alone, so that it can be piped into a secret store
	return nil
}

func (f *face) keysRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate",
		Short: "Add a key to the keyset file, which seals from now on",
		Long: "Changes the file that LOCKSTEP_KEYSET_FILE names. The older keys stay and go on opening what they sealed. A process that has\n" +
			"read the file before cannot open what the new key seals: restart workers and API together, then reseal.",
		Args: positionals,
		RunE: func(*cobra.Command, []string) error {
			file := f.setting(keysetSetting)
			if file == "" {
				return &usageError{
					problem: "LOCKSTEP_KEYSET_FILE is not set: only a keyset in a file can be changed here",
					usage:   "LOCKSTEP_KEYSET_FILE=keyset.json starter keys rotate",
				}
			}
			if err := secret.RotateKeyset(file); err != nil {
				return err
			}
			f.say("The keyset in %s has a new key. Keep a copy in a safe place.", file)
			f.say("Next: restart workers and API together, then `starter grants rotate-key` seals every login with it.")
			return f.onlyJSON(map[string]string{"file": file})
		},
	}
}

func (f *face) grantsRotateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rotate-key",
		Short: "Seal every login of a CRM again, with the newest key",
		Long: "For after `starter keys rotate` and a restart of workers and API. It may run while they do, and be repeated. It takes\n" +
			"DATABASE_URL and the keyset, as they do.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := f.database()
			if err != nil {
				return err
			}
			cfg, err := config.LoadWorker(f.setting)
			if err != nil {
				return fmt.Errorf("reading settings:\n%w", err)
			}
			n, err := f.reseal(cmd.Context(), url, cfg.Keyring)
			if err != nil {
				return err
			}
			f.say("%s sealed with the newest key.", plural(n, "login"))
			return f.onlyJSON(map[string]int{"resealed": n})
		},
	}
}

// reseal seals every grant with the keyring's newest key, and returns how many
// there are. A grant that does not open stops nothing, and is told.
func (f *face) reseal(ctx context.Context, url string, keyring *secret.Keyring) (int, error) {
	pool, err := openPool(ctx, url)
	if err != nil {
		return 0, err
	}
	defer pool.Close()
	rows := store.New(pool)
	connections, err := rows.AllConnections(ctx)
	if err != nil {
		return 0, fmt.Errorf("listing connections: %w", err)
	}
	vault, n := &oauth.Vault{Rows: rows, Keyring: keyring}, 0
	var failed []error
	for _, c := range connections {
		err := vault.Reseal(ctx, c.WorkspaceID, c.ID)
		switch {
		case crm.KindOf(err) == crm.KindNotFound: // nobody has signed in, or it was disconnected
		case err != nil:
			failed = append(failed, fmt.Errorf("sealing the login of connection %s again: %w", c.ID, err))
		default:
			n++
		}
	}
	return n, errors.Join(failed...)
}
