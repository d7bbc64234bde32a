package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// private is who may read a keyset file: its owner.
const private fs.FileMode = 0o600

// ReadKeyset returns the keyset in the file at path. It refuses a file that
// anyone but its owner can read or write.
func ReadKeyset(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the keyset file: %w", err)
	}
	if mode := info.Mode().Perm(); mode&^private != 0 {
		return nil, fmt.Errorf("reading the keyset file: its mode is %#o, so others may read it; run chmod 600 %s", mode, path)
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading the keyset file: %w", err)
	}
	return data, nil
}

// CreateKeyset writes a fresh keyset to path, readable by its owner alone. It
// never touches a file that is there: losing a keyset loses all that it sealed.
func CreateKeyset(path string) error {
	data, err := NewKeyset()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, private) //nolint:gosec // the operator names the file
	if err != nil {
		return fmt.Errorf("creating the keyset file: %w", err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("writing the keyset file: %w", err)
	}
	return nil
}

// RotateKeyset adds a key to the keyset in the file at path and promotes it.
// The file is replaced in one step, so a reader sees the old keyset or the new.
//
// A process that still has the old keyset cannot open what one with the new has
// sealed: restart them together.
func RotateKeyset(path string) error {
	data, err := ReadKeyset(path)
	if err != nil {
		return err
	}
	if data, err = Rotate(data); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".keyset-*") // mode 0600
	if err != nil {
		return fmt.Errorf("creating the new keyset file: %w", err)
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing the new keyset file: %w", err), os.Remove(f.Name()))
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return errors.Join(fmt.Errorf("replacing the keyset file: %w", err), os.Remove(f.Name()))
	}
	return nil
}
