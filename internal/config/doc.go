// Package config reads the settings of the processes from their environment,
// once, and says everything that is wrong with them at once.
//
// It decides nothing, dials nothing and keeps no default that depends on the
// machine. Temporal's own environment (TLS, API keys, profiles) is read by
// package dial, in the way all Temporal programs do.
package config
