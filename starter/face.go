package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// face is what all commands share: where they read and write, and what the
// flags say that all of them have.
type face struct {
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer

	json    bool
	address string // of the API; from the environment when empty
	key     string
	named   string // the connection that the command line names, if any
}

// command returns the whole command line.
func (f *face) command() *cobra.Command {
	root := group("starter", "Lockstep's command line",
		f.upCommand(),
		f.doctorCommand(),
		f.migrateCommand(),
		group("workspace", "Make and show workspaces", f.workspaceCreateCommand(), f.workspaceShowCommand()),
		group("keys", "Make and rotate the keys that seal logins", f.keysNewCommand(), f.keysRotateCommand()),
		group("grants", "Look after the logins of CRMs", f.grantsRotateCommand()),
		f.apiKeysCommand(),
		f.connectCommand(),
		f.connectionsCommand(),
		group("records", "Load and list what the workspace owns", f.recordsLoadCommand(), f.recordsListCommand()),
		f.importCommand(),
		f.skipCommand(),
		f.statusCommand(),
		f.healthCommand(),
		f.runsCommand(),
		f.eventsCommand(),
		f.failedCommand(),
		f.problemsCommand(),
		f.retryCommand(),
		f.syncCommand(),
		f.testContactCommand(),
		f.mappingCommand(),
		f.fieldsCommand(),
		f.ownersCommand(),
		f.settingsCommand(),
		f.discoverCommand(),
		f.pauseCommand(),
		f.resumeCommand(),
		f.resyncCommand(),
		f.cancelCommand(),
		f.disconnectCommand(),
		f.setupGuideCommand(),
		f.alertsCommand(),
		f.auditCommand(),
	)
	root.Long = "Lockstep keeps a workspace's records and its CRM in step.\n\n" +
		"`starter up` brings all of it up on this machine. The other commands talk to the API at\n" +
		"LOCKSTEP_API with the key in LOCKSTEP_API_KEY, or where --api and --key say; in the directory\n" +
		"where `starter up` runs, to what that brought up."
	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON on stdout, and what is said to people on stderr")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{problem: err.Error(), usage: cmd.UseLine()}
	})
	return f.completed(root)
}

// group returns a command that does nothing but hold others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use:   use,
		Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			problem := fmt.Sprintf("there is no command %q", cmd.CommandPath()+" "+args[0])
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				problem += fmt.Sprintf("; did you mean %q?", cmd.CommandPath()+" "+like[0])
			}
			return &usageError{problem: problem, usage: cmd.CommandPath() + " COMMAND"}
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(commands...)
	return cmd
}

// positionals refuses arguments that a command's line of use does not name.
// Those in brackets may be left out.
func positionals(cmd *cobra.Command, args []string) error {
	words := strings.Fields(cmd.Use)[1:]
	if len(args) > len(words) {
		return &usageError{problem: fmt.Sprintf("%s does not take %q", cmd.CommandPath(), args[len(words)]), usage: cmd.UseLine()}
	}
	if missing := words[len(args):]; len(missing) > 0 && !strings.HasPrefix(missing[0], "[") {
		return &usageError{problem: fmt.Sprintf("%s needs %s", cmd.CommandPath(), missing[0]), usage: cmd.UseLine()}
	}
	return nil
}

// say tells a person something, in a line.
func (f *face) say(format string, args ...any) {
	// Whoever has stopped listening is no reason to stop.
	_, _ = fmt.Fprintf(f.talk(), format+"\n", args...)
}

// talk is where people are spoken to: with --json, stdout holds JSON alone.
func (f *face) talk() io.Writer {
	if f.json {
		return f.stderr
	}
	return f.stdout
}

// document prints v as a line of JSON on stdout.
func (f *face) document(v any) error {
	enc := json.NewEncoder(f.stdout)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("printing: %w", err)
	}
	return nil
}

// terminal reports whether stream is one, and somebody may be there.
func terminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// thousands writes n for people: 10,000.
func thousands[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// moment writes a time for people, in their zone, and says which that is.
func moment(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// span writes a duration for people, without parts that are nothing: 24h.
func span(d time.Duration) string {
	s := d.String()
	if trimmed, ok := strings.CutSuffix(s, "m0s"); ok {
		s = trimmed + "m"
	}
	if trimmed, ok := strings.CutSuffix(s, "h0m"); ok {
		s = trimmed + "h"
	}
	return s
}

// step writes a command that a person can go on with, for the connection that
// this one was for: `starter retry hubspot`.
func (f *face) step(command string) string { return calling(f.named)(command) }

// calling returns what writes a command that is for the connection called name,
// or for the one that is meant without a name.
func calling(name string) func(command string) string {
	return func(command string) string { return "`" + strings.TrimSpace("starter "+command+" "+name) + "`" }
}

// plural returns "1 row" or "2 rows".
func plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// are returns "1 row is" or "2 rows are".
func are[N int | int64](n N, noun string) string {
	return plural(n, noun) + map[bool]string{true: " is", false: " are"}[n == 1]
}
