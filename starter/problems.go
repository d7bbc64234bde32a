package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

func (f *face) problemsCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "problems [CODE]",
		Short: "Explain every problem that there can be, or one: what it means, and its fix",
		Args:  positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := f.remote()
			if err != nil {
				return err
			}
			list, err := answer[client.ProblemList](r.ListProblemsWithResponse(cmd.Context()))
			if err != nil {
				return err
			}
			if len(args) > 0 {
				list.Items = slices.DeleteFunc(list.Items, func(p client.Explanation) bool { return p.Code != args[0] })
				if len(list.Items) == 0 {
					return fmt.Errorf("no problem has the code %q: `starter problems` lists them", args[0])
				}
			}
			if f.json {
				return f.document(list)
			}
			for _, p := range list.Items {
				f.say("%s (%s)", p.Title, p.Code)
				f.say("  %s", p.Meaning)
				f.say("  %s", p.Fix)
				f.say("  %s", again(p.Retry))
			}
			return nil
		},
	})
}

// again says what has to happen before what had a problem is tried again.
func again(retry client.ExplanationRetry) string {
	switch retry {
	case client.ExplanationRetryByItself:
		return "Lockstep tries again by itself."
	case client.ExplanationRetryAfterFix:
		return "It is tried again once a person has mended that."
	case client.ExplanationRetryNotNecessary:
	}
	return "There is nothing to try again."
}
