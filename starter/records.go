package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lockstep/internal/client"
)

// faultsShown is how many bad rows are told to a person; --json has them all.
const faultsShown = 20

func (f *face) recordsLoadCommand() *cobra.Command {
	var object, idColumn string
	cmd := &cobra.Command{
		Use:   "load FILE",
		Short: "Add and change records from a CSV, NDJSON or JSON file of any size, or from - for stdin",
		Long: "Records are recognised by their external id: the column external_id, else the first whose name ends in \"Id\", else the\n" +
			"one that --id-column names. Bad rows are reported by line and the others are kept. Loading a file again is safe.",
		Args: positionals,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !client.Object(object).Valid() {
				return &usageError{problem: fmt.Sprintf("--object is %q: it is contact or company", object), usage: cmd.UseLine()}
			}
			r, err := f.remote()
			if err != nil {
				return err
			}
			file, err := f.open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			return f.load(cmd, r, file, object, idColumn)
		},
	}
	cmd.Flags().StringVar(&object, "object", string(client.ObjectContact), "the kind of record: contact or company")
	cmd.Flags().StringVar(&idColumn, "id-column", "", "the column that holds the external ids")
	return f.remotely(cmd)
}

// open opens a file of records that a person named.
func (f *face) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(f.stdin), nil
	}
	file, err := os.Open(name) //nolint:gosec // a person at this machine names it
	if err != nil {
		return nil, fmt.Errorf("reading records: %w", err)
	}
	return file, nil
}

func (f *face) load(cmd *cobra.Command, r *remote, file io.Reader, object, idColumn string) error {
	begun := time.Now()
	shown := f.progress(-1, "loading")
	report, err := r.load(cmd.Context(), file, client.Object(object), idColumn, func(so client.LoadReport) {
		shown.show(int64(so.Rows), fmt.Sprintf("%s loaded", plural(so.Rows, "row")))
	})
	shown.end()
	if report.Rows > 0 || err == nil {
		f.reportLoad(report, time.Since(begun))
		if err := f.onlyJSON(report); err != nil {
			return err
		}
	}
	if err == nil {
		f.sayWhenSent(cmd.Context(), r, report)
	}
	return err
}

// sayWhenSent says when what was loaded goes to the CRMs, and what has to be done
// for that.
func (f *face) sayWhenSent(ctx context.Context, r *remote, report client.LoadReport) {
	if report.Object == client.ObjectCompany {
		f.say("Companies are kept, and not sent yet: only contacts are.")
		return
	}
	list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(ctx))
	if err != nil { // the records are loaded all the same
		f.say("Next: `starter status` tells where the connection stands.")
		return
	}
	if len(list.Items) == 0 {
		f.say("Next: `starter connect VENDOR` connects the CRM that they go to.")
	}
	for _, conn := range list.Items {
		name := conn.Vendor
		if len(matching(list.Items, func(c client.Connection) bool { return c.Vendor == conn.Vendor })) > 1 {
			name = conn.ID.String()
		}
		if len(list.Items) == 1 {
			f.say("Next: %s", goes(conn, report, calling("")))
		} else {
			f.say("Next, for %s: %s", conn.Label, goes(conn, report, calling(name)))
		}
	}
}

// goes says when what was loaded goes to the CRM of a connection; step writes a
// command that is for it.
func goes(conn client.Connection, report client.LoadReport, step func(command string) string) string {
	if conn.Status != client.StatusLive {
		return nextStep(conn, step)
	}
	switch {
	case !conn.Syncs.Contacts:
		return "contacts are switched off, and what changes is kept. " + step("settings --on contacts") + " has it sent."
	case report.Created+report.Updated == 0:
		return "nothing, as nothing has changed."
	}
	return fmt.Sprintf("nothing. What changed goes by itself within %s; %s sends it now.", every(conn), step("sync"))
}

// reportLoad says what became of the rows of a file.
func (f *face) reportLoad(report client.LoadReport, took time.Duration) {
	f.say("%s in %s: %s added, %s changed, %s as they were.", plural(report.Rows, "row"), took.Round(10*time.Millisecond),
		thousands(report.Created), thousands(report.Updated), thousands(report.Unchanged))
	f.say("The external ids are from %q.", report.IDColumn)
	var custom []string
	for _, c := range report.Columns {
		if c.Custom {
			custom = append(custom, c.Name)
		}
	}
	if len(custom) > 0 {
		f.say("Kept as attributes of your own: %s.", strings.Join(custom, ", "))
	}
	if len(report.Faults) == 0 {
		return
	}
	f.say("%s not taken, %s replaced by a later one:", plural(report.Rejected, "row"), thousands(report.Replaced))
	for _, line := range faults(report) {
		f.say("  %s", line)
	}
}

// faults says what is wrong with rows, by line, as far as a person reads that.
func faults(report client.LoadReport) []string {
	var lines []string
	for _, fault := range report.Faults[:min(len(report.Faults), faultsShown)] {
		about := ""
		if fault.ExternalID != "" {
			about = " (" + fault.ExternalID + ")"
		}
		lines = append(lines, fmt.Sprintf("line %d%s: %s", fault.Line, about, fault.Reason))
	}
	if more := len(report.Faults) - faultsShown; more > 0 {
		lines = append(lines, fmt.Sprintf("and %s more; --json lists them all.", thousands(more)))
	}
	return lines
}
