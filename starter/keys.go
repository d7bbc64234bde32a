package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"lockstep/internal/secret"
)

// The settings that hold the keyset: the name of its file, or all of it.
const (
	keysetFileSetting = "LOCKSTEP_KEYSET_FILE"
	keysetSetting     = "LOCKSTEP_KEYSET"
)

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
			f.say("Next: export %s=%s", keysetFileSetting, file)
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
		Short: "Add a key to the keyset, which seals from now on",
		Long: "Changes the file that LOCKSTEP_KEYSET_FILE names, or prints what LOCKSTEP_KEYSET has to be from now on. The older keys stay\n" +
			"and go on opening what they sealed. A process that has read the keyset before cannot open what the new key seals: restart\n" +
			"workers and API together, then reseal.",
		Args: positionals,
		RunE: func(*cobra.Command, []string) error {
			file, text := f.setting(keysetFileSetting), f.setting(keysetSetting)
			switch {
			case file != "" && text != "":
				return &usageError{problem: "LOCKSTEP_KEYSET and LOCKSTEP_KEYSET_FILE are both set: keep the one that worker and API have", usage: "starter keys rotate"}
			case file != "":
				return f.rotateFile(file)
			case text != "":
				return f.rotateText(text)
			}
			return &usageError{
				problem: "LOCKSTEP_KEYSET_FILE is not set, nor is LOCKSTEP_KEYSET: set the one that worker and API have",
				usage:   "LOCKSTEP_KEYSET_FILE=keyset.json starter keys rotate",
			}
		},
	}
}

// afterRotation is what to do once there is a new key.
const afterRotation = "Next: restart workers and API together, then `starter grants rotate-key` seals every login with it."

// rotateFile adds a key to the keyset in file.
func (f *face) rotateFile(file string) error {
	if err := secret.RotateKeyset(file); err != nil {
		return err
	}
	f.say("The keyset in %s has a new key. Keep a copy in a safe place.", file)
	f.say(afterRotation)
	return f.onlyJSON(map[string]string{"file": file})
}

// rotateText prints a keyset with one key more, alone on stdout.
func (f *face) rotateText(text string) error {
	keyset, err := secret.Rotate([]byte(text))
	if err != nil {
		return err
	}
	rotated := base64.StdEncoding.EncodeToString(keyset)
	if f.json {
		return f.document(map[string]string{"keyset": rotated})
	}
	f.say("%s", rotated)
	_, _ = fmt.Fprintf(f.stderr, "This is LOCKSTEP_KEYSET from now on. Keep a copy in a safe place.\n%s\n", afterRotation)
	return nil
}
