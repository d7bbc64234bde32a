// Package lint holds what is under deploy to the tools that will read it: the
// Dockerfile to BuildKit and its checks, the compose file to the Compose loader,
// the chart to Helm's linter and its manifests to the Kubernetes types. What those
// would let pass, and we would not, is asserted besides. It runs no container and
// asks no network.
//
// It is a module of its own, so that the dependencies of Docker and Kubernetes stay
// out of the service's.
package lint

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// checkout is the top of the service's module, seen from here.
const checkout = "../.."

// read returns the file at path below the checkout.
func read(t *testing.T, path ...string) []byte {
	t.Helper()

	data, err := os.ReadFile(filepath.Join(checkout, filepath.Join(path...)))
	require.NoError(t, err)
	return data
}

// module returns the go.mod in dir below the checkout.
func module(t *testing.T, dir string) *modfile.File {
	t.Helper()

	file, err := modfile.Parse("go.mod", read(t, dir, "go.mod"), nil)
	require.NoError(t, err)
	return file
}

// pkg is what `go list` tells of a package.
type pkg struct {
	Dir        string
	Module     *struct{ Main bool }
	GoFiles    []string
	EmbedFiles []string
}

// packages returns those of the service's module that the given ones are built
// from.
func packages(t *testing.T, patterns ...string) []pkg {
	t.Helper()

	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "go", append([]string{"list", "-deps", "-json=Dir,Module,GoFiles,EmbedFiles"}, patterns...)...)
	cmd.Dir = checkout
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())

	var found []pkg
	for decoder := json.NewDecoder(out); decoder.More(); {
		var p pkg
		require.NoError(t, decoder.Decode(&p))
		if p.Module != nil && p.Module.Main {
			found = append(found, p)
		}
	}
	require.NoError(t, cmd.Wait())
	return found
}
