package main

import (
	"fmt"
	"time"

	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
	"lockstep/internal/stack"
)

// task is the terms on which contacts are sent into an empty CRM.
type task struct {
	vendor  crm.Vendor
	latency time.Duration // of every call
	window  int           // calls that the account allows in 10 s; 0 is no such limit
}

// tasks are what everybody is measured at.
func tasks() []task {
	const latency = 100 * time.Millisecond
	return []task{
		{vendor: crm.Salesforce, latency: latency},
		{vendor: crm.Salesforce},
		{vendor: crm.HubSpot, latency: latency, window: 190}, // of a private app
		{vendor: crm.HubSpot, latency: latency, window: 110}, // of an OAuth app
	}
}

// String says what the task is.
func (t task) String() string {
	s := all.Factories()[t.vendor].Label + ", no latency"
	if t.latency > 0 {
		s = fmt.Sprintf("%s, %d ms a call", all.Factories()[t.vendor].Label, t.latency.Milliseconds())
	}
	if t.window > 0 {
		s += fmt.Sprintf(", %d calls in 10 s", t.window)
	}
	return s
}

// rate is the limit as the sandbox takes it.
func (t task) rate() string {
	if t.window == 0 {
		return ""
	}
	return fmt.Sprintf("%d/10s", t.window)
}

// sandbox says what sandbox the task takes.
func (t task) sandbox(b *bench, log string) stack.SandboxConfig {
	return stack.SandboxConfig{Bin: b.program("crmsim"), Latency: t.latency, Rate: t.rate(), Log: log}
}
