// Package dial reaches Temporal: it turns the settings, and Temporal's own
// environment configuration, into a client that waits for a server which is
// still starting, logs through zap, and says on every log line of a workflow or
// an activity whose it is.
//
// It knows no workflow and puts nothing into a history. How failures and
// payloads are encoded is left as the SDK has it: what must not be read in a
// history is kept out of it before.
package dial
