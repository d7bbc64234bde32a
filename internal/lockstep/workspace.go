package lockstep

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Workspace is a tenant.
type Workspace struct {
	ID        uuid.UUID
	Key       string // short and random; prefixes the external ids of its records
	Name      string
	CreatedAt time.Time
}

// Role is what the holder of a key may do.
type Role string

// The roles.
const (
	RoleAdmin     Role = "admin"
	RoleRevOps    Role = "revops"
	RoleOperator  Role = "operator"
	RoleCRMOwner  Role = "crm_owner"
	RoleStandard  Role = "standard"
	RoleSpectator Role = "spectator"
)

// APIKey is a key to one workspace. Its secret is shown once and never kept.
type APIKey struct {
	ID          uuid.UUID
	WorkspaceID uuid.UUID
	Name        string
	Role        Role
}

// NewWorkspace returns a workspace with a fresh id and key.
func NewWorkspace(name string) (Workspace, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Workspace{}, fmt.Errorf("making a workspace id: %w", err)
	}
	return Workspace{ID: id, Key: strings.ToLower(random(5)), Name: name}, nil
}

// NewAPIKey returns a key with a fresh id, and its secret: 256 random bits
// behind a prefix that scanners of leaked secrets can know.
func NewAPIKey(workspace uuid.UUID, name string, role Role) (key APIKey, secret string, err error) {
	id, err := uuid.NewV7()
	if err != nil {
		return APIKey{}, "", fmt.Errorf("making a key id: %w", err)
	}
	return APIKey{ID: id, WorkspaceID: workspace, Name: name, Role: role}, "lsk_" + strings.ToLower(random(32)), nil
}

// random returns n random bytes in base 32. Reading them cannot fail.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}
