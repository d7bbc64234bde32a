// Package crmsim emulates CRM vendors over HTTP, well enough that a client
// cannot tell and badly enough, on command, to show what a client does when
// things go wrong.
//
// It holds what does not depend on a vendor: scripted faults, latency, limits,
// the clock they all live by, OAuth grants, the pages that people see, the log of
// calls, the administration endpoints, and how large bodies are read and many
// records kept. A vendor is one package below this one; it speaks the vendor's wire
// protocol, written from the vendor's documentation and recordings.
//
// Nothing here may import an adapter or anything else of this module: an
// emulator that shares code with what it tests shares its mistakes.
package crmsim
