package secret

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Keyring seals with the newest of its keys and opens what any of them sealed:
// AES-256-GCM, the key's id in front of what it sealed. It is safe for
// concurrent use.
type Keyring struct {
	aead tink.AEAD
}

// NewKeyset returns a fresh keyset of one key, in JSON.
//
// A keyset is in the clear: whoever reads it can open everything. It belongs
// into a file that only the service can read, or into a secret store.
func NewKeyset() ([]byte, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return write(handle)
}

// Rotate returns data, a keyset in JSON or its base64, with a fresh key that
// seals from now on. The older keys stay and go on opening, so what they
// sealed can be sealed again at leisure.
func Rotate(data []byte) ([]byte, error) {
	handle, err := read(data)
	if err != nil {
		return nil, err
	}
	manager := keyset.NewManagerFromHandle(handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("adding a key: %w", err)
	}
	if err := manager.SetPrimary(id); err != nil {
		return nil, fmt.Errorf("promoting the new key: %w", err)
	}
	if handle, err = manager.Handle(); err != nil {
		return nil, fmt.Errorf("adding a key: %w", err)
	}
	return write(handle)
}

// ParseKeyring returns the keyring of data, a keyset in JSON or its base64.
func ParseKeyring(data []byte) (*Keyring, error) {
	handle, err := read(data)
	if err != nil {
		return nil, err
	}
	sealer, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("using the keyset: %w", err)
	}
	return &Keyring{aead: sealer}, nil
}

// Seal encrypts plain so that it opens only together with aad, which says
// what the sealed bytes belong to and is not kept in them.
func (k *Keyring) Seal(plain, aad []byte) ([]byte, error) {
	sealed, err := k.aead.Encrypt(plain, aad)
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return sealed, nil
}

// Open returns what Seal was given. It fails when sealed was changed, was
// sealed for another aad, or by a key that the keyring does not have.
func (k *Keyring) Open(sealed, aad []byte) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, aad)
	if err != nil {
		return nil, fmt.Errorf("opening what was sealed: %w", err)
	}
	return plain, nil
}

func write(handle *keyset.Handle) ([]byte, error) {
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return nil, fmt.Errorf("writing the keyset: %w", err)
	}
	return out.Bytes(), nil
}

// read hides why parsing failed, because a parser's error may quote what it
// could not parse.
func read(data []byte) (*keyset.Handle, error) {
	data = bytes.TrimSpace(data)
	if !bytes.HasPrefix(data, []byte("{")) {
		decoded, err := base64.StdEncoding.DecodeString(string(data))
		if err != nil {
			return nil, errors.New("reading the keyset: it is neither JSON nor base64")
		}
		data = decoded
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(data)))
	if err != nil {
		return nil, errors.New("reading the keyset: it is not a Tink keyset in JSON")
	}
	return handle, nil
}
