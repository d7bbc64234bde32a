// Package all lists the vendors there are adapters for. It holds nothing else,
// so that nobody needs to import a vendor to know it.
package all

import (
	"fmt"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
	"lockstep/internal/crm/hubspot"
	"lockstep/internal/crm/salesforce"
)

// Factories returns every vendor, by name. Adding a vendor is one package below
// internal/crm, one emulator below internal/crmsim and one line here.
func Factories() map[crm.Vendor]adapter.Factory {
	factories := make(map[crm.Vendor]adapter.Factory)
	for _, f := range []adapter.Factory{
		salesforce.Factory(),
		hubspot.Factory(),
	} {
		if _, dup := factories[f.Vendor]; dup {
			panic(fmt.Sprintf("all: vendor %q listed twice", f.Vendor))
		}
		factories[f.Vendor] = f
	}
	return factories
}
