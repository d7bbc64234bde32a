package lint

import (
	"bytes"
	"context"
	"go/version"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/stretchr/testify/require"
)

// linux is what the images are built for here.
var linux = ocispecs.Platform{OS: "linux", Architecture: "amd64"}

// registry answers for every image that it has an empty configuration, and keeps
// what it was asked for.
type registry struct{ asked []string }

// ResolveImageConfig implements llb.ImageMetaResolver.
func (r *registry) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	r.asked = append(r.asked, ref)
	config := []byte(`{"os":"linux","architecture":"amd64","config":{}}`)
	return ref, digest.FromBytes(config), config, nil
}

// options are those of a build of one target, or of all when it is empty.
func options(source []byte, images *registry, target string) dockerfile2llb.ConvertOpt {
	file := llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", source)
	file.Definition = new(llb.Definition) // the linter takes it for given
	return dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{Target: target, BuildPlatforms: []ocispecs.Platform{linux}},
		SourceMap:      file,
		TargetPlatform: &linux,
		MetaResolver:   images,
	}
}

func TestDockerfilePassesBuildKitsChecks(t *testing.T) {
	t.Parallel()

	source := read(t, "deploy/docker/Dockerfile")
	results, err := dockerfile2llb.DockerfileLint(t.Context(), source, options(source, new(registry), ""))
	require.NoError(t, err)
	require.Nil(t, results.Error, "%v", results.Error)
	for _, w := range results.Warnings {
		t.Errorf("%s: %s", w.RuleName, w.Detail)
	}
}

func TestImagesHoldOneProgramAndRunAsNobody(t *testing.T) {
	t.Parallel()

	source := read(t, "deploy/docker/Dockerfile")
	for _, target := range []string{"worker", "api", "starter"} {
		result, err := dockerfile2llb.Dockerfile2LLB(t.Context(), source, options(source, new(registry), target))
		require.NoError(t, err, target)

		config := result.Image.Config
		require.Equal(t, "65532:65532", config.User, target)
		require.Equal(t, []string{"/usr/local/bin/" + target}, config.Entrypoint, target)
		require.Empty(t, config.Cmd, target)
		require.Empty(t, config.Volumes, target)
		if target == "api" {
			require.Contains(t, config.ExposedPorts, "8080/tcp")
			require.Contains(t, config.Env, "LOCKSTEP_ADDRESS=:8080")
		} else {
			require.Empty(t, config.ExposedPorts, target)
		}
	}
}

func TestBaseImagesArePinned(t *testing.T) {
	t.Parallel()

	source := read(t, "deploy/docker/Dockerfile")
	images := new(registry)
	_, err := dockerfile2llb.Dockerfile2LLB(t.Context(), source, options(source, images, "worker"))
	require.NoError(t, err)

	var compilers, runtimes int
	for _, ref := range images.asked {
		switch {
		case strings.HasPrefix(ref, "docker.io/library/golang:"):
			compilers++
			tag, _, _ := strings.Cut(strings.TrimPrefix(ref, "docker.io/library/golang:"), "-")
			require.Equal(t, 2, strings.Count(tag, "."), "%s leaves the compiler's patch version open", ref)
			wants := module(t, ".").Go.Version
			require.GreaterOrEqual(t, version.Compare("go"+tag, "go"+wants), 0, "%s cannot build what needs Go %s", ref, wants)
		case strings.HasPrefix(ref, "gcr.io/distroless/static-debian"):
			runtimes++
			require.Contains(t, ref, ":nonroot@sha256:")
		default:
			t.Errorf("%s is no base that was agreed on", ref)
		}
	}
	require.Equal(t, 1, compilers, "%v", images.asked)
	require.Equal(t, 1, runtimes, "%v", images.asked)
}

// TestBuildSeesWhatItNeedsAndNoMore holds the ignore file to what the programs are
// built from. A file that it forgets would break the build only on a machine with
// Docker; one that it lets through would end in a layer's cache.
func TestBuildSeesWhatItNeedsAndNoMore(t *testing.T) {
	t.Parallel()

	patterns, err := ignorefile.ReadAll(bytes.NewReader(read(t, "deploy/docker/Dockerfile.dockerignore")))
	require.NoError(t, err)
	matcher, err := patternmatcher.New(patterns)
	require.NoError(t, err)
	hidden := func(path string) bool {
		ignored, err := matcher.MatchesOrParentMatches(path)
		require.NoError(t, err)
		return ignored
	}

	top, err := filepath.Abs(checkout)
	require.NoError(t, err)
	found := packages(t, "./worker", "./api", "./starter")
	require.NotEmpty(t, found)
	for _, p := range found {
		for _, name := range append(p.GoFiles, p.EmbedFiles...) {
			path, err := filepath.Rel(top, filepath.Join(p.Dir, name))
			require.NoError(t, err)
			require.False(t, hidden(path), "%s is needed", path)
		}
	}
	for _, path := range []string{"go.mod", "go.sum"} {
		require.False(t, hidden(path), "%s is needed", path)
	}
	for _, path := range []string{".git/config", ".lockstep/keyset.json", ".env", "api/.env", "bin/worker", "deploy/compose/.env", "worker/main_test.go"} {
		require.True(t, hidden(path), "%s is none of the build's business", path)
	}
}
