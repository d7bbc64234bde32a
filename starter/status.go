package main

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) statusCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "status [CONNECTION]",
		Short: "Tell where a connection stands and what to do next",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			_, conn, err := f.reach(cmd.Context(), args)
			if err != nil {
				return err
			}
			if f.json {
				return f.document(conn)
			}
			f.printStatus(conn)
			return nil
		},
	})
}

func (f *face) printStatus(conn client.Connection) {
	f.say("%s", title(conn))
	if conn.StatusReason != "" {
		f.say("  %s", conn.StatusReason)
	}
	f.say("  connection %s, since %s", conn.ID, conn.CreatedAt.Local().Format(time.DateTime))
	f.printChecklist(conn)
	if conn.MissingScopes != nil && len(*conn.MissingScopes) > 0 {
		f.say("  its login lacks %s: `starter doctor` says what to do", strings.Join(*conn.MissingScopes, " "))
	}
	if run := conn.CurrentRun; run != nil {
		f.say("  %s %s: %s", run.Kind, standing(*run), far(*run))
	}
	if conn.TemporalURL != nil {
		f.say("  in Temporal: %s", *conn.TemporalURL)
	}
	if next := nextStep(conn); next != "" {
		f.say("Next: %s", next)
	}
}

// printChecklist shows what of the set-up is done, unless nobody wants to see it
// any more.
func (f *face) printChecklist(conn client.Connection) {
	if conn.GuideDismissed {
		return
	}
	complete := len(conn.Checklist) > 0
	for _, step := range conn.Checklist {
		mark := " "
		switch {
		case step.Done:
			mark = "x"
		case step.Current:
			mark = ">"
		}
		complete = complete && step.Done
		f.say("  [%s] %s", mark, step.Title)
	}
	if complete {
		f.say("  Setup complete.")
	}
}

// nextStep says what a person can do with a connection now.
func nextStep(conn client.Connection) string {
	switch conn.Status {
	case client.StatusConnecting, client.StatusUnauthorized:
		return "`starter connect " + conn.Vendor + "` gives a link to sign in."
	case client.StatusError:
		return "mend what it says, then `starter connect " + conn.Vendor + "` to set it up again."
	case client.StatusSettingUp:
		return "nothing: it is ready in a moment."
	case client.StatusReady:
		return "`starter import` sends every record, `starter skip-import` only what changes from now on."
	case client.StatusPaused:
		return "`starter resume` goes on."
	case client.StatusLive:
		if conn.CurrentRun != nil {
			return "`starter import` follows the run to its end."
		}
		for _, step := range conn.Checklist {
			switch {
			case !step.Current:
			case step.ID == "mapping":
				return "`starter mapping` shows which field goes where, `starter mapping approve` says that it is right."
			case step.ID == "test_contact":
				return "`starter test-contact` proves that records arrive."
			}
		}
		return "`starter events` shows what became of each record."
	case client.StatusDisconnected:
		return "`starter connect " + conn.Vendor + "` connects it again; what is in the CRM is recognised."
	}
	return ""
}
