package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
)

// atATime is how many calls a client that is tuned for Salesforce has under way,
// as many as Lockstep has, and as many as jsforce makes by default where it makes
// several.
const atATime = 10

// client is an established client of a CRM, as a script uses it that does what
// Lockstep does: reads the CSV, maps the columns, upserts by an external id,
// counts outcomes.
type client struct {
	name    string // until it has told its own, with its version
	form    string // how it is used; empty for what its documentation shows
	program string // a script beside this file, or the program that buildClient makes
	setting string // KEY=VALUE, which has the script use it in this form
}

// clients are the clients that are measured at a task.
func clients(t task) []client {
	if t.vendor == crm.HubSpot {
		const name, script = "@hubspot/api-client", "hubspot.cjs"
		return []client{
			{name: name, program: script},
			{name: name, form: "limiter tuned to the limit", program: script, setting: "CALLS_IN_10S=" + strconv.Itoa(t.window)},
		}
	}
	several, form := "AT_A_TIME="+strconv.Itoa(atATime), fmt.Sprintf("%d calls at a time", atATime)
	return []client{
		{name: "jsforce", program: "jsforce.cjs"},
		{name: "jsforce", form: form, program: "jsforce.cjs", setting: several},
		{name: "go-salesforce", program: goClient},
		{name: "go-salesforce", form: form, program: goClient, setting: several},
	}
}

// lacks says what the clients leave to the script, where Lockstep does it.
func lacks() []string {
	return []string{
		"jsforce repeats no write: a call that is refused or cut ends the upsert, and the outcomes of the calls before it are lost.",
		"go-salesforce repeats no write either: it hands back the outcomes until then, and does not tell created from updated.",
		"@hubspot/api-client repeats a call that is refused for the limit or answered 5xx, and no single record; its limiter knows its own process alone.",
		"None keeps a ledger: a script that dies begins anew, knows no record's outcome, and does not look for whom the CRM has already.",
		"Salesforce's Bulk API, which two of them have as well, is left out: the sandbox does not speak it.",
	}
}

// goClient is the program of go-salesforce, which is built from a module of its
// own.
const goClient = "gosalesforce"

// buildClient builds it.
func (b *bench) buildClient(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(b.dir, goClient), "./upsert") //nolint:gosec // into our own directory
	cmd.Dir, cmd.Env = filepath.Join(b.checkout, "internal", "conformance", "gosalesforce"), b.env
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program of go-salesforce: %w\n%s", err, said)
	}
	return nil
}

// told is what a client's script says of itself when it is done.
type told struct {
	Client  string  `json:"client"` // with its version
	Landed  int     `json:"landed"`
	Failed  int     `json:"failed"`
	Seconds float64 `json:"seconds"` // from opening the CSV to the count of outcomes
	PeakMB  float64 `json:"peak_mb"`
}

// race has a client send the contacts in file to an empty account.
func (b *bench) race(ctx context.Context, t task, c client, file string, many int) (e entry) {
	e = entry{who: named(c.name, c.form)}
	a, err := b.openAccount(ctx, t)
	if err != nil {
		e.fault = err
		return e
	}
	defer func() { e.fault = errors.Join(e.fault, a.close()) }()

	said, err := b.runClient(ctx, c, a, file)
	if err != nil {
		e.fault = err
		return e
	}
	e.who, e.seconds, e.peakMB = named(said.Client, c.form), said.Seconds, said.PeakMB
	if e.traffic, err = a.traffic(ctx); err == nil {
		err = a.landed(ctx, many)
	}
	if err == nil && (said.Landed != many || said.Failed != 0) {
		err = fmt.Errorf("it counted %s landed and %s failed", thousands(said.Landed), thousands(said.Failed))
	}
	e.fault = err
	return e
}

func named(name, form string) string {
	if form == "" {
		return name
	}
	return name + ", " + form
}

// runClient runs a client's script to its end.
func (b *bench) runClient(ctx context.Context, c client, a *account, file string) (told, error) {
	to, err := json.Marshal(fields(a.vendor))
	if err != nil {
		return told{}, err
	}
	command := []string{filepath.Join(b.dir, c.program)}
	if strings.HasSuffix(c.program, ".cjs") {
		command = []string{"node", filepath.Join(b.checkout, "internal", "bench", c.program)}
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // one of those above
	cmd.Env = append(append([]string{}, b.env...),
		"NODE_PATH="+b.modules, "ADDRESS="+a.address, "TOKEN="+a.token, "CONTACTS="+file, "COLUMNS="+string(to),
		"EXTERNAL_ID="+all.Factories()[a.vendor].ExternalIDField, c.setting)
	cmd.WaitDelay = time.Second
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	printed, err := cmd.Output()
	if err != nil {
		return told{}, fmt.Errorf("it ended with %w: %s", err, lastLine(complaint.String()))
	}
	var said told
	if err := json.Unmarshal(printed, &said); err != nil {
		return told{}, fmt.Errorf("reading what it printed: %w", err)
	}
	return said, nil
}

// lastLine returns the last line of what a program said.
func lastLine(said string) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return lines[len(lines)-1]
}
