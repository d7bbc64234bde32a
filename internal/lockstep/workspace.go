package lockstep

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"lockstep/internal/crm"
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

// nameLimit is how many characters the name of a workspace or a key has at most.
const nameLimit = 100

// NewWorkspace returns a workspace with a fresh id and key, or an error of
// crm.KindInvalid that says what a name is like.
func NewWorkspace(name string) (Workspace, error) {
	if err := checkName("naming the workspace", name); err != nil {
		return Workspace{}, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return Workspace{}, fmt.Errorf("making a workspace id: %w", err)
	}
	return Workspace{ID: id, Key: strings.ToLower(random(5)), Name: name}, nil
}

// NewAPIKey returns a key with a fresh id, and its secret: 256 random bits
// behind a prefix that scanners of leaked secrets can know. Its error is of
// crm.KindInvalid when it says what a name is like.
func NewAPIKey(workspace uuid.UUID, name string, role Role) (key APIKey, secret string, err error) {
	if err := checkName("naming the key", name); err != nil {
		return APIKey{}, "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return APIKey{}, "", fmt.Errorf("making a key id: %w", err)
	}
	return APIKey{ID: id, WorkspaceID: workspace, Name: name, Role: role}, "lsk_" + strings.ToLower(random(32)), nil
}

// checkName refuses a name that nobody could read, or that no line has room for.
func checkName(op, name string) error {
	if utf8.ValidString(name) && strings.TrimSpace(name) != "" && !strings.ContainsFunc(name, unicode.IsControl) && utf8.RuneCountInString(name) <= nameLimit {
		return nil
	}
	return fmt.Errorf("%w: a name has from 1 to %d characters, not all of them blanks and none a control character", &crm.Error{Kind: crm.KindInvalid, Op: op}, nameLimit)
}

// random returns n random bytes in base 32. Reading them cannot fail.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}
