package conformance

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"lockstep/internal/crm"
)

// specs is the directory of what third parties know of the vendors.
type specs string

// openSpecs returns the directory that LOCKSTEP_SPECS names, relative to the
// checkout unless absolute. Where the variable is not set the test is skipped;
// where it is set and names nothing of use, it fails.
func openSpecs(t *testing.T) specs {
	t.Helper()

	dir := os.Getenv("LOCKSTEP_SPECS") //nolint:forbidigo // a test has no main to read it
	if dir == "" {
		t.Skip("LOCKSTEP_SPECS is not set: `make conformance` sets it and runs this")
	}
	if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", "..", dir)
	}
	for _, vendor := range []string{"hubspot", "salesforce"} {
		require.FileExists(t, filepath.Join(dir, vendor, "SOURCE.md"), "LOCKSTEP_SPECS does not hold the specifications")
	}
	return specs(dir)
}

// read returns a file of a vendor's.
func (s specs) read(t *testing.T, vendor crm.Vendor, name string) []byte {
	t.Helper()

	raw, err := os.ReadFile(filepath.Join(string(s), string(vendor), name))
	require.NoError(t, err)
	return raw
}

// recording is one answer of a real CRM, and the call that it answered where
// that was kept.
type recording struct {
	name    string // the file's, below the vendor's directory; "#n" is its nth exchange
	method  string
	path    string
	request json.RawMessage
	status  int // 0 where it was not kept
	headers http.Header
	body    []byte
}

// recordings returns every recorded answer of a vendor by name.
func (s specs) recordings(t *testing.T, vendor crm.Vendor) map[string]recording {
	t.Helper()

	all := make(map[string]recording)
	add := func(recordings ...recording) {
		for _, r := range recordings {
			require.NotContains(t, all, r.name)
			all[r.name] = r
		}
	}
	root := filepath.Join(string(s), string(vendor))
	require.NoError(t, filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name := filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator)))
		switch {
		case !strings.Contains(name, "/") && !strings.HasPrefix(name, "wire-recordings"), strings.HasPrefix(name, "openapi"), strings.Contains(name, "LICENSE"):
		case strings.HasPrefix(name, "wire-recordings"):
			add(exchanges(t, name, s.read(t, vendor, name))...)
		case strings.HasSuffix(name, ".yaml"):
			add(cassette(t, name, s.read(t, vendor, name))...)
		default:
			add(recording{name: name, body: s.read(t, vendor, name)})
		}
		return nil
	}))
	require.NotEmpty(t, all)
	return all
}

// exchanges reads a file of calls and their answers.
func exchanges(t *testing.T, name string, raw []byte) []recording {
	t.Helper()

	var file []struct {
		Request struct {
			Method, Path string
			Body         json.RawMessage
		}
		Response struct {
			Status  int
			Headers map[string]string
			Body    json.RawMessage
		}
	}
	require.NoError(t, json.Unmarshal(raw, &file))
	all := make([]recording, 0, len(file))
	for i, x := range file {
		r := recording{
			name: name + "#" + strconv.Itoa(i), method: x.Request.Method, path: x.Request.Path, request: x.Request.Body,
			status: x.Response.Status, headers: make(http.Header), body: x.Response.Body,
		}
		for key, value := range x.Response.Headers {
			r.headers.Set(key, value)
		}
		all = append(all, r)
	}
	return all
}

// cassette reads a file of CumulusCI's. An interaction that includes a describe
// repeats one of those in describe/; the bodies that templates make are not ours
// to make.
func cassette(t *testing.T, name string, raw []byte) []recording {
	t.Helper()

	var file struct {
		Interactions []struct {
			Include string `yaml:"include_file"`
			Request struct {
				Method, URI string
				Body        string
			}
			Response struct {
				Status struct{ Code int }
				Body   struct{ String yaml.Node }
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(raw, &file))
	var all []recording
	for i, x := range file.Interactions {
		if x.Include != "" {
			continue
		}
		at, err := url.Parse(strings.ReplaceAll(x.Request.URI, " ", "%20"))
		require.NoError(t, err)
		r := recording{name: fmt.Sprintf("%s#%d", name, i), method: x.Request.Method, path: at.Path, status: x.Response.Status.Code}
		if json.Valid([]byte(x.Request.Body)) {
			r.request = json.RawMessage(x.Request.Body)
		}
		if x.Response.Body.String.Kind == yaml.ScalarNode {
			r.body = []byte(x.Response.Body.String.Value)
		}
		all = append(all, r)
	}
	return all
}
