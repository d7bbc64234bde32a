package main

import (
	"math"
	"strings"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) statusCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "status [CONNECTION]",
		Short: "Tell where a connection stands and what to do next",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, conn, err := f.reach(cmd.Context(), args)
			if err != nil {
				return err
			}
			health, err := r.health(cmd.Context(), conn)
			if err != nil {
				return err
			}
			if f.json {
				return f.document(standings{Connection: conn, Health: health})
			}
			f.printStatus(conn, health)
			return nil
		},
	})
}

// standings are a connection, and how its records stand.
type standings struct {
	client.Connection

	Health client.ConnectionHealth `json:"health"`
}

func (f *face) printStatus(conn client.Connection, health client.ConnectionHealth) {
	f.say("%s", title(conn))
	if conn.StatusReason != "" {
		f.say("  %s", conn.StatusReason)
	}
	f.say("  %s", health.Headline)
	f.say("  %s", health.Summary)
	f.say("  connection %s, since %s", conn.ID, moment(conn.CreatedAt))
	f.printChecklist(conn)
	if conn.MissingScopes != nil && len(*conn.MissingScopes) > 0 {
		f.say("  its login lacks %s: `starter doctor` says what to do", strings.Join(*conn.MissingScopes, " "))
	}
	if run := conn.CurrentRun; run != nil {
		f.say("  %s %s: %.0f %%, %s", run.Kind, condition(*run), math.Floor(run.Progress.Percent), far(*run))
		if run.Reason != "" {
			f.say("    %s", run.Reason)
		}
	}
	f.printStanding(conn, health)
	if conn.TemporalURL != nil {
		f.say("  in Temporal: %s", *conn.TemporalURL)
	}
	if next := f.nextOf(conn, health); next != "" {
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

// printStanding says what keeps records out of the CRM, and what is on the way.
func (f *face) printStanding(conn client.Connection, health client.ConnectionHealth) {
	for _, card := range health.Problems {
		f.say("  %s", affected(card))
	}
	if health.Freshness.Pending > 0 {
		f.say("  %s", f.onTheWay(conn, health.Freshness.Pending))
	}
	if !conn.Syncs.Contacts {
		f.say("  contacts are switched off: %s switches them on", f.step("settings --on contacts"))
	}
}

// nextOf says what a person can do with a connection whose records stand so.
func (f *face) nextOf(conn client.Connection, health client.ConnectionHealth) string {
	if conn.Status == client.StatusLive && conn.CurrentRun == nil {
		for _, card := range health.Problems {
			if card.Outcome == client.FailedOutcomeFailed || card.Problem.Retry == client.ExplanationRetryAfterFix {
				return f.step("failed") + " tells what to do about what has not arrived, " + f.step("retry") + " sends it again."
			}
		}
		if !conn.Syncs.Contacts {
			return f.step("settings --on contacts") + " has contacts sent again."
		}
	}
	return nextStep(conn, f.step)
}

// nextStep says what a person can do with a connection now; step writes a command
// that is for it.
func nextStep(conn client.Connection, step func(command string) string) string {
	switch conn.Status {
	case client.StatusConnecting, client.StatusUnauthorized:
		return "`starter connect " + conn.Vendor + "` gives a link to sign in."
	case client.StatusError:
		return "mend what it says, then `starter connect " + conn.Vendor + "` to set it up again."
	case client.StatusSettingUp:
		return "nothing: it is ready in a moment."
	case client.StatusReady:
		return step("import") + " sends every record, " + step("skip-import") + " only what changes from now on."
	case client.StatusPaused:
		return step("resume") + " goes on."
	case client.StatusLive:
		if conn.CurrentRun != nil {
			return step("import") + " follows the run to its end."
		}
		for _, at := range conn.Checklist {
			switch {
			case !at.Current:
			case at.ID == "mapping":
				return step("mapping") + " shows which field goes where, " + step("mapping approve") + " says that it is right."
			case at.ID == "test_contact":
				return step("test-contact") + " proves that records arrive."
			}
		}
		return step("events") + " shows what became of each record."
	case client.StatusDisconnected:
		return "`starter connect " + conn.Vendor + "` connects it again; what is in the CRM is recognised."
	}
	return ""
}
