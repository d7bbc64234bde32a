package e2e_test

import (
	"testing"

	"lockstep/internal/crm"
)

// vendor is what a test has to know of a CRM to look into its sandbox.
type vendor struct {
	name     crm.Vendor
	contact  string // the type that contacts are kept under
	email    string // the fields, as the CRM names them
	lastName string
	owner    string
	batch    int // records a call takes
}

var (
	salesforce = vendor{name: crm.Salesforce, contact: "Contact", email: "Email", lastName: "LastName", owner: "OwnerId", batch: 200}
	hubspot    = vendor{name: crm.HubSpot, contact: "contacts", email: "email", lastName: "lastname", owner: "hubspot_owner_id", batch: 100}
)

// onEach runs a test once for each CRM.
func onEach(t *testing.T, test func(t *testing.T, v vendor)) {
	t.Helper()
	for _, v := range []vendor{salesforce, hubspot} {
		t.Run(string(v.name), func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}
