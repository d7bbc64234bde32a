package lockstep

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"
)

// ExternalIDLength is the most characters an external id has in a CRM.
const ExternalIDLength = 64

// ExternalID returns what identifies a workspace's record in a CRM: the
// workspace's key, a dot, and the application's own id of the record where
// every CRM keeps it as it is; else a tilde and a digest of it.
//
// It never depends on the connection, so a reconnected account recognises what
// is there, and two workspaces on one account never meet.
func ExternalID(workspaceKey, id string) string {
	plain := workspaceKey + "." + id
	if len(plain) <= ExternalIDLength && id != "" && strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789._-") == "" {
		return plain
	}
	sum := sha256.Sum256([]byte(id))
	digest := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:])
	return workspaceKey + ".~" + strings.ToLower(digest)
}

// OwnExternalID tells whether a CRM's external id was stamped for the
// workspace with this key.
func OwnExternalID(workspaceKey, external string) bool {
	return strings.HasPrefix(external, workspaceKey+".")
}
