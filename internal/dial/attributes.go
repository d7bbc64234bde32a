package dial

import (
	"go.temporal.io/sdk/temporal"

	"lockstep/internal/crm"
	"lockstep/internal/flow"
)

// Attributes are what operators search a connection's workflows by, with more of
// one workflow's own.
func Attributes(ref flow.ConnectionRef, vendor crm.Vendor, more ...temporal.SearchAttributeUpdate) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(append([]temporal.SearchAttributeUpdate{
		temporal.NewSearchAttributeKeyKeyword(flow.AttrWorkspace).ValueSet(ref.Workspace.String()),
		temporal.NewSearchAttributeKeyKeyword(flow.AttrConnection).ValueSet(ref.Connection.String()),
		temporal.NewSearchAttributeKeyKeyword(flow.AttrVendor).ValueSet(string(vendor)),
	}, more...)...)
}
