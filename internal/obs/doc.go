// Package obs is what a process shows of itself: a logger, metrics and traces.
//
// The logger is zap, one JSON object a line, nothing sampled, with whatever has a
// secret's or a person's name taken out. Metrics go to whoever scrapes the
// process's own listener; traces go where the standard OTEL_ settings say, and
// nowhere without them.
//
// It knows no tenant, and has no global but OpenTelemetry's handler of its own
// errors. What metrics are told apart by, and what spans carry, is a list: an
// attribute that is not on it is dropped, whichever library has set it, and so is
// the text of errors. That, and taking out by name, are the last of several nets:
// what must not be seen is not to be handed over.
package obs
