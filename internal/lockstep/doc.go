// Package lockstep holds the product's own nouns (workspaces, connections,
// records, mappings, runs, problems) and the pure decisions over them: what a
// record looks like in a CRM, what its external id is, which problem an error
// is, what a run's counts mean.
//
// It does no I/O and knows no database, HTTP or Temporal, so that workflows
// may import it and any rule here can be tested with a table.
package lockstep
