// Package oauth obtains a customer's grant and keeps it fresh: the
// authorisation code flow with PKCE, bound to the browser that began it, and
// one refresh at a time however many workers ask.
//
// It knows vendors only as adapter.Factory describes them, and rows only by the
// interfaces it declares. Codes, verifiers and tokens never leave it but for the
// vendor's own hosts, sealed for the database, or as the token that a transport
// puts on a call; no error or log line of it holds one, nor what an endpoint
// answered.
package oauth
