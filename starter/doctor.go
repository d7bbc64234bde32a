package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (f *face) doctorCommand() *cobra.Command {
	return f.remotely(&cobra.Command{
		Use:   "doctor",
		Short: "Check everything that a Lockstep needs, and say what is wrong and how to mend it",
		Long: "Run where the worker and the API run, with their settings, it checks those, PostgreSQL, Temporal, the keys and clocks.\n" +
			"With an API key it checks the API and each connection. It changes nothing. Of a CRM it asks its sign-in page, and no data.\n" +
			"The exit code is 1 when something is wrong.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{face: f, now: time.Now}
			d.examine(cmd.Context())
			f.say("")
			if d.wrong() == 0 {
				f.say("Nothing is wrong with what was looked at.")
			}
			return f.withDocument(map[string]any{"ok": d.wrong() == 0, "findings": d.findings}, d.verdict())
		},
	})
}

// The states of a finding.
const (
	findingOK      = "ok"
	findingWrong   = "wrong"
	findingSkipped = "skipped" // it could not be looked at from here
)

// finding is what the doctor found of one thing.
type finding struct {
	About  string `json:"about"`
	State  string `json:"state"`
	Detail string `json:"detail"`
	Fix    string `json:"fix"` // empty unless something is wrong, or was skipped
}

// doctor looks at one thing after the other and tells each finding at once.
type doctor struct {
	*face

	now      func() time.Time // this machine's clock
	findings []finding
}

// examine looks at everything that can be looked at from here.
func (d *doctor) examine(ctx context.Context) {
	if d.serves() {
		d.examineService(ctx)
	} else {
		d.skip("service", "its settings are not here",
			"To check PostgreSQL, Temporal, keys and apps, run this where the worker runs, with its settings.")
	}
	d.examineAPI(ctx)
}

// serves tells whether the settings of a service are here.
func (d *doctor) serves() bool {
	for _, name := range serviceSettings() {
		if d.setting(name) != "" {
			return true
		}
	}
	return false
}

func (d *doctor) fine(about, format string, args ...any) {
	d.find(finding{About: about, State: findingOK, Detail: fmt.Sprintf(format, args...)})
}

func (d *doctor) skip(about, detail, fix string) {
	d.find(finding{About: about, State: findingSkipped, Detail: detail, Fix: fix})
}

func (d *doctor) fault(about, detail, fix string) {
	d.find(finding{About: about, State: findingWrong, Detail: detail, Fix: fix})
}

func (d *doctor) find(found finding) {
	if slices.Contains(d.findings, found) {
		return
	}
	d.findings = append(d.findings, found)
	mark := map[string]string{findingOK: "ok", findingWrong: "WRONG", findingSkipped: "-"}[found.State]
	d.say("%-5s  %s: %s", mark, found.About, found.Detail)
	if found.Fix != "" {
		d.say("       %s", found.Fix)
	}
}

// wrong returns how many things are.
func (d *doctor) wrong() int {
	n := 0
	for _, found := range d.findings {
		if found.State == findingWrong {
			n++
		}
	}
	return n
}

// faults tells each line of what settings are refused with: a name, what is
// wrong with it and the fix.
func (d *doctor) faults(err error) {
	for line := range strings.Lines(err.Error()) {
		name, problem, _ := strings.Cut(strings.TrimSpace(line), " ")
		d.fault(name, problem, "Correct the setting, and restart the worker and the API.")
	}
}

// verdict returns an error when something is wrong.
func (d *doctor) verdict() error {
	switch n := d.wrong(); n {
	case 0:
		return nil
	case 1:
		return errors.New("1 thing is wrong; it says its fix")
	default:
		return fmt.Errorf("%d things are wrong; each says its fix", n)
	}
}

// because returns what went wrong, without what a person cannot read: that time
// ran out says how long was waited.
func because(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", doctorPatience)
	}
	return err.Error()
}
