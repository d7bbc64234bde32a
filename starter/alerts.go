package main

import (
	"errors"
	"net/http"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) alertsCommand() *cobra.Command {
	return group("alerts", "Say where the workspace is told when a connection needs a person",
		f.alertsShowCommand(), f.alertsSetCommand(), f.alertsStopCommand())
}

func (f *face) alertsShowCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "show",
		Short: "Show where alerts go",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := f.remote()
			if err != nil {
				return err
			}
			alerts, err := answer[client.Alerts](r.GetAlertsWithResponse(cmd.Context()))
			if problem, ok := errors.AsType[*client.Problem](err); ok && problem.Status == http.StatusNotFound {
				f.say("Alerts go nowhere but into the log. Next: `starter alerts set URL` has them sent to a webhook.")
				return f.onlyJSON(nil)
			}
			if err != nil {
				return err
			}
			f.say("Alerts go to %s, since %s.", alerts.URL, moment(alerts.UpdatedAt))
			f.say("Next: `starter alerts set URL` sends them elsewhere, signed with a new secret; `starter alerts stop` ends them.")
			return f.onlyJSON(alerts)
		},
	})
}

func (f *face) alertsSetCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "set URL",
		Short: "Have alerts sent to a webhook; the secret they are signed with is shown once",
		Long: "The URL is a public https address that takes a POST of JSON. The header Lockstep-Signature, t=<unix seconds>,v1=<hex>,\n" +
			"signs it: v1 is the HMAC-SHA256 of \"<t>.<body>\" with the secret. Compare it, and refuse what is older than five minutes.\n" +
			"Setting it again makes another secret, and the one before is of no use any more.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.remote()
			if err != nil {
				return err
			}
			alerts, err := answer[client.NewAlerts](r.SetAlertsWithResponse(cmd.Context(), &client.SetAlertsParams{IdempotencyKey: requestKey()},
				client.SetAlerts{URL: args[0]}))
			if err != nil {
				return err
			}
			if f.json {
				return f.document(alerts)
			}
			f.say("Alerts go to %s from now on.\n", alerts.URL)
			f.say("  signing secret  %s  (shown this once; one from before is of no use any more)\n", alerts.Secret)
			f.say("Next: give the secret to whoever receives them; `starter alerts set --help` says how it is checked.")
			return nil
		},
	})
}

func (f *face) alertsStopCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "stop",
		Short: "Send alerts to nobody any more",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			r, err := f.remote()
			if err != nil {
				return err
			}
			alerts, err := answer[client.Alerts](r.GetAlertsWithResponse(ctx))
			if problem, ok := errors.AsType[*client.Problem](err); ok && problem.Status == http.StatusNotFound {
				f.say("Alerts went nowhere but into the log, and still do.")
				return f.onlyJSON(nil)
			}
			if err != nil {
				return err
			}
			if err := done(r.StopAlertsWithResponse(ctx, &client.StopAlertsParams{IdempotencyKey: requestKey()})); err != nil {
				return err
			}
			f.say("%s is sent no alerts any more; they still go into the log.", alerts.URL)
			f.say("Next: `starter alerts set URL` has them sent again; `starter health` tells what needs a person.")
			return f.onlyJSON(alerts)
		},
	})
}
