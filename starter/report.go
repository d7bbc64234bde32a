package main

import (
	"errors"
	"fmt"
	"strings"
)

// report is what the main job came to, in figures.
type report struct {
	CRM             string  `json:"crm"`
	Records         int64   `json:"records"`    // of the workspace
	Landed          int64   `json:"landed"`     // live in the CRM under an external id of the workspace
	Created         int64   `json:"created"`    // this and the next three as the ledger counts
	Updated         int64   `json:"updated"`    //
	Failed          int64   `json:"failed"`     //
	Skipped         int64   `json:"skipped"`    //
	Duplicates      int64   `json:"duplicates"` // surplus records in the CRM
	Calls           int     `json:"calls"`      // about data, during Seconds
	OtherCalls      int     `json:"other_calls"`
	Throttled       int     `json:"throttled"`
	Seconds         float64 `json:"seconds"`          // from the first claim to the last settle
	TemporalActions int     `json:"temporal_actions"` // billable, of the import
	WorkerPeakMB    float64 `json:"worker_peak_mb"`   // the most that one worker process had resident, in 10^6 bytes

	*sights
	*places

	verdict verdict
}

// sights are what the tour came to, in figures.
type sights struct {
	ChangeSeconds    float64 `json:"change_seconds"`     // from a change until it was in the CRM
	FailedSince      int64   `json:"failed_since"`       // records that failed after the import, on purpose
	Retried          int64   `json:"retried"`            // of them, those that a retry by signal has landed
	RetrySeconds     float64 `json:"retry_seconds"`      // from the signal until they had
	TestContactMS    float64 `json:"test_contact_ms"`    // from asking until the answer
	TestContactState string  `json:"test_contact_state"` // what became of it
	TestContactURL   string  `json:"test_contact_url"`   // where it is in the CRM
}

// places are where a stack can be reached.
type places struct {
	Dir          string `json:"dir"` // as LOCKSTEP_DIR it lets the other commands find it
	DatabaseURL  string `json:"database_url"`
	API          string `json:"api"`
	TemporalUI   string `json:"temporal_ui"`
	SandboxAdmin string `json:"sandbox_admin"`
}

// publish prints the report: as the last line of stdout with --json, else for
// people.
func (f *face) publish(r report) error {
	if f.json {
		return f.document(r)
	}
	rate := 0.0
	if r.Seconds > 0 {
		rate = float64(r.Records) / r.Seconds
	}
	f.say("")
	f.say("records      %s", thousands(r.Records))
	f.say("landed       %s (%s created, %s updated), duplicates %s", thousands(r.Landed), thousands(r.Created), thousands(r.Updated), thousands(r.Duplicates))
	f.say("failed       %s, skipped %s", thousands(r.Failed), thousands(r.Skipped))
	f.say("time         %.1f s, %s records a second", r.Seconds, thousands(int64(rate)))
	f.say("calls        %s, and %s to set up; %s throttled", thousands(r.Calls), thousands(r.OtherCalls), thousands(r.Throttled))
	f.say("Temporal     %s", plural(r.TemporalActions, "action"))
	f.say("worker       %.0f MB at most", r.WorkerPeakMB)
	if t := r.sights; t != nil {
		f.say("change       in the CRM after %.1f s", t.ChangeSeconds)
		f.say("retry        %s landed after %.1f s", plural(t.Retried, "failed record"), t.RetrySeconds)
		f.say("test contact %s after %.0f ms", t.TestContactState, t.TestContactMS)
	}
	if p := r.places; p != nil {
		f.say("")
		f.say("directory    %s", p.Dir)
		f.say("database     %s", p.DatabaseURL)
		f.say("API          %s", p.API)
		f.say("Temporal UI  %s", p.TemporalUI)
		f.say("sandbox      %s", p.SandboxAdmin)
	}
	return nil
}

// untrue returns an error when not every record has a true outcome.
func (r report) untrue() error {
	if r.verdict.untruths == 0 {
		return nil
	}
	s := fmt.Sprintf("the ledger and the CRM do not agree (%s):\n  %s", plural(r.verdict.untruths, "finding"), strings.Join(r.verdict.findings, "\n  "))
	if more := r.verdict.untruths - len(r.verdict.findings); more > 0 {
		s += fmt.Sprintf("\n  and %s more", thousands(more))
	}
	return &toldError{errors.New(s)}
}
