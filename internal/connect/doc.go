// Package connect opens a workspace's connection: the stored row, the vendor's
// factory and the connection's access tokens become a crm.Connector, behind the
// chain of transports that every call goes through.
//
// It calls no vendor itself and keeps nothing that a restarted worker would
// miss. Rows, vendors, tokens and limits are handed to it.
package connect
