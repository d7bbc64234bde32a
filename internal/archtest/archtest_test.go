// Package archtest holds the import rules, and nothing else. It reads the
// source that is there and runs none of it.
//
// The rules are about what ships: a test may import what it needs, so a vendor's
// test can start the sandbox that it is held against.
package archtest

import (
	"errors"
	"go/build"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// root is where go.mod lies, seen from here; module is what it says.
const (
	root   = "../.."
	module = "lockstep/"
)

// mayImport says, for each package, which packages of this module it may
// import. A trailing slash means everything below; the first line that matches
// counts; a package that none matches fails, so a new one must say where it
// stands.
var mayImport = []struct {
	pkg     string
	imports []string
}{
	// Vocabulary: no I/O, importable by workflows.
	{"internal/crm", nil},
	{"internal/lockstep", []string{"internal/crm"}},
	{"internal/flow", []string{"internal/crm", "internal/lockstep"}},
	{"internal/intake", []string{"internal/crm", "internal/lockstep"}},

	// Vendors: they know the port and the kit, never each other.
	{"internal/crm/adapter", []string{"internal/crm"}},
	{"internal/crm/crmtest", []string{"internal/crm"}},
	{"internal/crm/all", []string{"internal/crm", "internal/crm/"}},
	{"internal/crm/", []string{"internal/crm", "internal/crm/adapter"}},

	// The sandbox: not the adapters, or it would share their mistakes.
	{"internal/crmsim", nil},
	{"internal/crmsim/cmd/crmsim", []string{"internal/crmsim", "internal/crmsim/"}},
	{"internal/crmsim/", []string{"internal/crmsim"}},

	// Machinery.
	{"internal/secret", nil},
	{"internal/config", []string{"internal/crm", "internal/secret"}},
	{"internal/obs", nil},
	{"internal/dial", []string{"internal/config", "internal/crm", "internal/flow", "internal/obs", "internal/secret"}},
	{"internal/oauth", []string{"internal/crm", "internal/crm/adapter", "internal/secret"}},
	{"internal/connect", []string{"internal/crm", "internal/crm/adapter", "internal/lockstep"}},
	{"internal/store", []string{"internal/crm", "internal/flow", "internal/lockstep", "internal/store/db"}},
	{"internal/store/db", nil},
	{"internal/store/storetest", []string{"internal/store", "internal/stack", "internal/stack/"}},
	{"internal/stack", nil},
	{"internal/client", nil},
	{"internal/pace", []string{"internal/crm", "internal/crm/adapter"}},
	{"internal/alert", []string{"internal/crm"}},
	{"internal/conformance", nil},
	{"deploy", nil},

	// The two halves of the durable part.
	{"activities", []string{"internal/crm", "internal/flow", "internal/lockstep"}},
	{"workflows", []string{"activities", "internal/crm", "internal/flow", "internal/lockstep"}},

	// Faces.
	{"api/rest", []string{"internal/crm", "internal/flow", "internal/intake", "internal/lockstep"}},

	// Roots: they alone see everything.
	{"worker", []string{"workflows", "activities", "internal/"}},
	{"api", []string{"api/rest", "internal/"}},
	{"starter", []string{"internal/"}},
	{"internal/bench", []string{"internal/crm", "internal/crm/adapter", "internal/crm/all", "internal/stack"}},
	{"internal/e2e", []string{"workflows", "activities", "api/rest", "internal/"}},
	{"internal/archtest", nil},
}

// onlyIn says which packages may name a package or anything below it. It speaks
// of the standard library, of others' modules, and of those of our own packages
// that few may know.
var onlyIn = map[string][]string{
	module + "internal/client":          {"internal/e2e", "starter"},
	module + "internal/crm/all":         {"worker", "api", "starter", "internal/bench", "internal/e2e"},
	module + "internal/crm/crmtest":     {},
	module + "internal/crmsim":          {"internal/crmsim/", "internal/e2e"},
	module + "internal/store/db":        {"internal/store"},
	module + "internal/store/storetest": {"internal/e2e"},

	"database/sql": {"internal/store", "internal/store/db"}, // what goose takes; queries go through pgx
	"net/http": {
		"internal/client", "internal/crm/", "internal/crmsim", "internal/crmsim/", "internal/connect", "internal/oauth", "internal/obs", "internal/pace", "internal/alert",
		"internal/stack", "internal/stack/", "internal/bench", "internal/e2e", "api/rest", "api", "worker", "starter",
	},
	"os": { // the mains, what starts processes, and the keyset's file
		"internal/secret",
		"internal/crmsim/cmd/crmsim", "internal/stack", "internal/stack/", "internal/store/storetest", "internal/bench", "internal/e2e",
		"api", "worker", "starter",
	},

	"github.com/jackc/pgx/v5":     {"internal/store", "internal/store/", "internal/stack", "internal/stack/", "api", "worker", "starter"},
	"github.com/pressly/goose/v3": {"internal/store", "internal/store/"},
	"github.com/labstack/echo/v4": {"api/rest", "api"},
	"github.com/stretchr/testify": {"internal/crm/crmtest", "internal/store/storetest", "internal/e2e"},

	"go.temporal.io/sdk":          {"activities", "workflows", "internal/dial", "internal/e2e", "api/rest", "api", "worker", "starter"},
	"go.temporal.io/sdk/activity": {"activities", "internal/dial", "worker"},
	"go.temporal.io/sdk/client":   {"internal/dial", "internal/e2e", "api/rest", "api", "worker", "starter"},
	"go.temporal.io/sdk/worker":   {"workflows", "internal/e2e", "worker"},
	"go.temporal.io/sdk/workflow": {"workflows", "internal/dial", "worker"},
}

// mayUse says, for the packages that must stay pure, which modules of others
// they may name at all.
var mayUse = map[string][]string{
	"internal/crm":      {"github.com/google/uuid", "golang.org/x/text"},
	"internal/lockstep": {"github.com/google/uuid", "golang.org/x/text"},
	"internal/flow":     {"github.com/google/uuid"},
	"internal/intake":   {"github.com/google/uuid", "golang.org/x/text"},
	"activities":        {"github.com/google/uuid", "golang.org/x/sync", "go.temporal.io/sdk/activity", "go.temporal.io/sdk/temporal"},
	"workflows":         {"github.com/google/uuid", "go.temporal.io/api/enums/v1", "go.temporal.io/sdk/converter", "go.temporal.io/sdk/temporal", "go.temporal.io/sdk/worker", "go.temporal.io/sdk/workflow"},
}

func TestImportsAreAllowed(t *testing.T) {
	t.Parallel()

	for name, imports := range packages(t) {
		may, ok := rule(name)
		if !ok {
			t.Errorf("%s has no line in mayImport", name)
			continue
		}
		for _, path := range imports {
			if inside, ok := strings.CutPrefix(path, module); ok && !matches(may, inside) {
				t.Errorf("%s must not import %s", name, inside)
			}
			for what, allowed := range onlyIn {
				if under(path, what) && !matches(allowed, name) {
					t.Errorf("%s must not import %s", name, path)
				}
			}
			if allowed, pure := mayUse[name]; pure && foreign(path) && !slices.ContainsFunc(allowed, func(a string) bool { return under(path, a) }) {
				t.Errorf("%s must not import %s", name, path)
			}
		}
	}
}

// TestWorkflowsReachNoIO holds what keeps workflows deterministic whatever the
// lines above come to allow: all that they can reach of this module decides, and
// none of it does.
func TestWorkflowsReachNoIO(t *testing.T) {
	t.Parallel()

	for name := range reach(packages(t), "workflows") {
		require.Contains(t, []string{"workflows", "activities", "internal/crm", "internal/lockstep", "internal/flow"}, name)
	}
}

// TestSandboxAndAdaptersKnowNothingOfEachOther holds what makes the sandbox a
// witness: it was written from the vendors' documents.
func TestSandboxAndAdaptersKnowNothingOfEachOther(t *testing.T) {
	t.Parallel()

	all := packages(t)
	for name := range all {
		for other := range reach(all, name) {
			if under(name, "internal/crmsim") && under(other, "internal/crm") || under(name, "internal/crm") && under(other, "internal/crmsim") {
				t.Errorf("%s must not reach %s", name, other)
			}
		}
	}
}

// rule returns what the first line that matches name allows.
func rule(name string) (imports []string, ok bool) {
	for _, r := range mayImport {
		if matches([]string{r.pkg}, name) {
			return r.imports, true
		}
	}
	return nil, false
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return p == name || strings.HasSuffix(p, "/") && strings.HasPrefix(name, p)
	})
}

func under(path, top string) bool {
	return path == top || strings.HasPrefix(path, top+"/")
}

// foreign reports whether path is of neither this module nor the standard
// library, whose first elements have no dot.
func foreign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

// reach returns name and every package of this module that it imports, directly
// or not.
func reach(all map[string][]string, name string) map[string]bool {
	seen := make(map[string]bool)
	var visit func(string)
	visit = func(name string) {
		imports, ok := all[name]
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		for _, path := range imports {
			visit(strings.TrimPrefix(path, module))
		}
	}
	visit(name)
	return seen
}

// packages returns what each package of this module imports outside its tests,
// by the package's path below the module. It reads the files itself, where
// asking `go list` would be shorter, so that Go's test cache sees what this test
// depends on.
func packages(t *testing.T) map[string][]string {
	t.Helper()

	all := make(map[string][]string)
	err := filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if dir != root && ignored(dir) {
			return filepath.SkipDir
		}
		p, err := build.ImportDir(dir, 0)
		if none := new(build.NoGoError); errors.As(err, &none) {
			return nil
		} else if err != nil {
			return err
		}
		name, err := filepath.Rel(root, dir)
		all[filepath.ToSlash(name)] = p.Imports
		return err
	})
	require.NoError(t, err)
	require.Contains(t, all, "internal/archtest")
	return all
}

// ignored reports whether dir holds no packages of this module: what the go
// command skips, and other modules.
func ignored(dir string) bool {
	base := filepath.Base(dir)
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}
