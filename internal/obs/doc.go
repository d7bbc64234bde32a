// Package obs makes the logger: zap, one JSON object a line, nothing sampled,
// with whatever has a secret's or a person's name taken out.
//
// It knows no process and no tenant, starts nothing and has no global. Taking
// out by name is the last of several nets: what must not be logged is not to be
// handed to a logger.
package obs
