// Package conformance holds what the adapters say and understand, and what the
// sandbox answers, against what third parties have written down or recorded of
// the real CRMs, and runs established client libraries against the sandbox. It
// is a test and nothing else; nobody may import it.
//
// The specifications and recordings lie outside the checkout, in the directory
// that LOCKSTEP_SPECS names. They are read there and never copied here, and
// without them nothing can be said, so that their absence fails. `make
// conformance` sets the variable; where it is not set, as in a plain `go test
// ./...`, all of this is skipped.
//
// What a recorded answer means stands in the tables of the files named
// expectation and documented, written from the documents by someone who had not
// read the adapters. Where a row and an adapter differ, the documents decide
// which of them is changed. A recording that is new stands in a row, or in
// unused_test.go with the reason.
package conformance

import (
	"os"
	"testing"

	"lockstep/internal/crm"
)

// chapter is one thing that is held, for one vendor or for all.
type chapter struct {
	name string
	run  func(t *testing.T, b *bench)
}

// bench is what the parts share.
type bench struct {
	specs  specs
	report *report
}

func TestConformance(t *testing.T) {
	t.Parallel()

	b := &bench{specs: openSpecs(t), report: newReport()}
	t.Cleanup(func() { b.report.print(os.Stdout) })
	for _, p := range []chapter{
		{"HubSpot requests", hubspotRequests},
		{"HubSpot answers", func(t *testing.T, b *bench) { meanings(t, b, crm.HubSpot, hubspotExpectations(), hubspotUnused()) }},
		{"HubSpot sandbox", hubspotSandbox},
		{"HubSpot clients", hubspotClients},
		{"Salesforce requests", salesforceRequests},
		{"Salesforce answers", func(t *testing.T, b *bench) {
			meanings(t, b, crm.Salesforce, salesforceExpectations(), salesforceUnused())
		}},
		{"Salesforce sandbox", salesforceSandbox},
		{"Salesforce clients", salesforceClients},
	} {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()

			p.run(t, b)
		})
	}
}
