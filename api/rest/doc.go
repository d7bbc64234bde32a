// Package rest is the API's face: Echo at the edge, the document openapi.yaml
// that everything is held against, and handlers that turn its requests into
// calls of what they are given.
//
// It decides who may do what, what a request has to look like, and how a failure
// is told. It reads no database, no vendor and no workflow itself: those are the
// small interfaces beside the handlers that use them. Handlers take a context
// and a typed request and never see Echo.
package rest
