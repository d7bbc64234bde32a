package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// findings are all that was measured.
type findings struct {
	contacts int
	contests []contest

	fewer   int     // contacts of a second, smaller import
	fewerMB float64 // worker's peak memory in that
	test    trial
}

// contest is one task and how everybody did at it.
type contest struct {
	task    string
	own     own
	entries []entry // Lockstep's first
}

// entry is how one did at a task.
type entry struct {
	traffic

	who     string
	seconds float64
	peakMB  float64 // of Lockstep the worker's, of the others their script's
	fault   error   // why its figures do not count, if they do not
}

// String tells it to whoever waits.
func (e entry) String() string {
	if e.fault != nil {
		return fmt.Sprintf("%s failed: %v", e.who, e.fault)
	}
	return fmt.Sprintf("%s: %.1f s, %s calls, %d throttled, %.0f MB", e.who, e.seconds, thousands(e.calls), e.throttled, e.peakMB)
}

// print writes the findings as Markdown.
func (f findings) print(w io.Writer, machine string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s contacts from a CSV into an empty CRM. A row has figures if the sandbox then held every contact once, with all of its\n"+
		"values; × is a client's figure divided by Lockstep's.\n\n", thousands(f.contacts))
	header := []string{"", "seconds", "contacts/s", "calls", "429s", "peak MB", "× seconds", "× calls"}
	line(&b, header...)
	b.WriteString("|---" + strings.Repeat("|--:", len(header)-1) + "|\n")
	for _, c := range f.contests {
		line(&b, pad([]string{"**" + c.task + "**"}, len(header))...)
		for _, e := range c.entries {
			line(&b, pad(e.cells(f.contacts, c.entries[0]), len(header))...)
		}
	}
	b.WriteString("\n")
	f.alone(&b)
	for _, lack := range lacks() {
		fmt.Fprintf(&b, "* %s\n", lack)
	}
	fmt.Fprintf(&b, "\nMeasured on %s.\n", machine)
	_, err := io.WriteString(w, b.String())
	return err
}

// cells returns an entry's figures, and what they are to Lockstep's.
func (e entry) cells(contacts int, ours entry) []string {
	if e.fault != nil {
		return []string{e.who, "failed"}
	}
	cells := []string{
		e.who, decimal(e.seconds), thousands(int(float64(contacts)/e.seconds + 0.5)), thousands(e.calls), thousands(e.throttled),
		strconv.FormatFloat(e.peakMB, 'f', 0, 64),
	}
	if e.who == ours.who || ours.fault != nil {
		return cells
	}
	return append(cells, ratio(e.seconds, ours.seconds), ratio(float64(e.calls), float64(ours.calls)))
}

// alone writes what only Lockstep has.
func (f findings) alone(b *strings.Builder) {
	if len(f.contests) > 0 && f.contests[0].entries[0].fault == nil {
		first := f.contests[0]
		fmt.Fprintf(b, "* Loading the CSV: %s s, before Lockstep's seconds begin; the others read it within theirs.\n", decimal(first.own.loading.Seconds()))
		fmt.Fprintf(b, "* Temporal: %d billable actions for the %s contacts.\n", first.own.actions, thousands(f.contacts))
		if f.fewerMB > 0 {
			fmt.Fprintf(b, "* Worker memory: %.0f MB at most with %s contacts, %.0f MB with %s. PostgreSQL and Temporal, beside it, are not in it.\n",
				first.entries[0].peakMB, thousands(f.contacts), f.fewerMB, thousands(f.fewer))
		}
	}
	if f.test.Times > 0 {
		fmt.Fprintf(b, "* Test contact, %d times into a HubSpot at 100 ms a call: p50 %.0f ms, p95 %.0f ms.\n", f.test.Times, f.test.RoundTrip.P50, f.test.RoundTrip.P95)
	}
}

// line writes a row of a table.
func line(b *strings.Builder, cells ...string) {
	b.WriteString("|")
	for _, cell := range cells {
		b.WriteString(strings.TrimRight(" "+cell, " ") + " |")
	}
	b.WriteString("\n")
}

// pad returns cells with empty ones after them.
func pad(cells []string, width int) []string {
	return append(cells, make([]string, width-len(cells))...)
}

// ratio says how often theirs is ours.
func ratio(theirs, ours float64) string {
	if ours == 0 {
		return ""
	}
	return strconv.FormatFloat(theirs/ours, 'f', 2, 64)
}

// decimal returns a number to a tenth.
func decimal(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

// thousands returns a number as people read it, such as 12,345.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
