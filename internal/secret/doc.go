// Package secret holds what must not be read by chance: a text that shows
// itself only when asked by name, and the keyring that seals what is kept in
// the database.
//
// It knows no tenant, no vendor and no table: whoever seals says what the
// sealed bytes belong to. It never logs, and no error of it quotes a secret.
package secret
