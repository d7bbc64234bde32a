package lint

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/stretchr/testify/require"
)

const composeFile = checkout + "/deploy/compose/compose.yaml"

// secrets are the settings without which the compose file must not load.
var secrets = []string{"POSTGRES_PASSWORD", "POSTGRES_LOCKSTEP_PASSWORD", "POSTGRES_TEMPORAL_PASSWORD", "LOCKSTEP_KEYSET"}

// filled is env.example as somebody has filled it in.
func filled(t *testing.T) types.Mapping {
	t.Helper()

	env, err := dotenv.GetEnvFromFile(nil, []string{checkout + "/deploy/compose/env.example"})
	require.NoError(t, err)
	for _, name := range secrets {
		require.Contains(t, env, name)
		require.Empty(t, env[name], "env.example must not give %s a value that somebody keeps", name)
		env[name] = "0123456789abcdef"
	}
	return env
}

// load reads the compose file as `docker compose` does, with every profile.
func load(ctx context.Context, env types.Mapping) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{composeFile}, cli.WithEnv(env.Values()), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

func composed(t *testing.T) *types.Project {
	t.Helper()

	project, err := load(t.Context(), filled(t))
	require.NoError(t, err)
	return project
}

func TestComposeFileLoads(t *testing.T) {
	t.Parallel()

	project := composed(t)
	for _, name := range []string{"worker", "api", "migrate", "starter", "postgresql", "temporal", "temporal-ui"} {
		require.Contains(t, project.Services, name)
	}
}

func TestComposeAsksForEverySecret(t *testing.T) {
	t.Parallel()

	for _, name := range secrets {
		env := filled(t)
		delete(env, name)
		_, err := load(t.Context(), env)
		require.ErrorContains(t, err, name)
		require.ErrorContains(t, err, "env.example")
	}
}

// TestComposeReadsWhatTheExampleNames fails when the example names a setting that
// the compose file ignores: whoever sets it would believe it.
func TestComposeReadsWhatTheExampleNames(t *testing.T) {
	t.Parallel()

	source := string(read(t, "deploy/compose/compose.yaml"))
	for name := range filled(t) {
		require.Contains(t, source, "${"+name+":", "env.example names %s", name)
	}
	example := filled(t)
	for _, match := range regexp.MustCompile(`\$\{([A-Z_]+):-\}`).FindAllStringSubmatch(source, -1) {
		if name := match[1]; name != "LOCKSTEP_RESERVE" && name != "LOCKSTEP_LOG_LEVEL" { // whose defaults are good
			require.Contains(t, example, name)
		}
	}
}

func TestComposePublishesOnLoopbackAlone(t *testing.T) {
	t.Parallel()

	published := make(map[string]string)
	for name, service := range composed(t).Services {
		for _, port := range service.Ports {
			require.Equal(t, "127.0.0.1", port.HostIP, "%s publishes %s", name, port.Published)
			published[port.Published] = name
		}
		require.Empty(t, service.NetworkMode, name)
		require.False(t, service.Privileged, name)
	}
	require.Equal(t, map[string]string{"8080": "api", "7233": "temporal", "8233": "temporal-ui"}, published)
}

// TestComposeRunsTheTemporalThatIsTested holds the images to what deploy/temporal
// embeds, which every test of the service has run against.
func TestComposeRunsTheTemporalThatIsTested(t *testing.T) {
	t.Parallel()

	embedded := make(map[string]string)
	for _, require := range module(t, "deploy/temporal").Require {
		embedded[require.Mod.Path] = strings.TrimPrefix(require.Mod.Version, "v")
	}
	services := composed(t).Services
	server := embedded["go.temporal.io/server"]
	require.Equal(t, "temporalio/server:"+server, services["temporal"].Image)
	require.Equal(t, "temporalio/admin-tools:"+server, services["temporal-schema"].Image)
	require.Equal(t, "temporalio/admin-tools:"+server, services["temporal-namespace"].Image)
	require.Equal(t, "temporalio/ui:"+embedded["github.com/temporalio/ui-server/v2"], services["temporal-ui"].Image)
}

func TestComposePinsWhatItDoesNotBuild(t *testing.T) {
	t.Parallel()

	for name, service := range composed(t).Services {
		if service.Build == nil {
			require.Regexp(t, `:[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z]+)?$`, service.Image, name)
		}
	}
}

func TestComposeBuildsTargetsOfTheDockerfile(t *testing.T) {
	t.Parallel()

	list, err := dockerfile2llb.ListTargets(t.Context(), read(t, "deploy/docker/Dockerfile"))
	require.NoError(t, err)
	var targets []string
	for _, target := range list.Targets {
		targets = append(targets, target.Name)
	}
	built := 0
	for name, service := range composed(t).Services {
		if service.Build == nil {
			continue
		}
		built++
		require.Equal(t, "deploy/docker/Dockerfile", service.Build.Dockerfile, name)
		require.Contains(t, targets, service.Build.Target, name)
		require.Equal(t, "lockstep/"+service.Build.Target+":local", service.Image, name)
		require.True(t, service.ReadOnly, name)
		require.Equal(t, []string{"ALL"}, service.CapDrop, name)
		require.Contains(t, service.SecurityOpt, "no-new-privileges:true", name)
	}
	require.Equal(t, 5, built)
}

// TestComposeStartsInOrder fails when something may start before what it needs
// answers, or before what prepares it has ended well.
func TestComposeStartsInOrder(t *testing.T) {
	t.Parallel()

	services := composed(t).Services
	for name, service := range services {
		for other, how := range service.DependsOn {
			switch once := services[other].Restart != types.RestartPolicyUnlessStopped; {
			case once:
				require.Equal(t, types.ServiceConditionCompletedSuccessfully, how.Condition, "%s waits for %s", name, other)
			default:
				require.Equal(t, types.ServiceConditionHealthy, how.Condition, "%s waits for %s", name, other)
				require.NotNil(t, services[other].HealthCheck, "%s has no health check", other)
			}
		}
	}
	for _, name := range []string{"worker", "api"} {
		require.Contains(t, services[name].DependsOn, "migrate")
		require.Contains(t, services[name].DependsOn, "temporal-namespace")
	}
}

func TestComposeLetsTheWorkerDrain(t *testing.T) {
	t.Parallel()

	worker := composed(t).Services["worker"]
	drain, err := time.ParseDuration(*worker.Environment["LOCKSTEP_DRAIN"])
	require.NoError(t, err)
	require.NotNil(t, worker.StopGracePeriod)
	require.Greater(t, time.Duration(*worker.StopGracePeriod), 2*drain, "its two queues drain one after the other")
}

// TestComposeKeepsSecretsWhereTheyAreNeeded fails when a service is told a secret
// that is none of its business.
func TestComposeKeepsSecretsWhereTheyAreNeeded(t *testing.T) {
	t.Parallel()

	for name, service := range composed(t).Services {
		ours := name == "worker" || name == "api" || name == "operator"
		for variable := range service.Environment {
			if variable == "LOCKSTEP_KEYSET" || strings.HasSuffix(variable, "_CLIENT_SECRET") {
				require.True(t, ours, "%s is told %s", name, variable)
			}
			if variable == "POSTGRES_PASSWORD" {
				require.Equal(t, "postgresql", name)
			}
		}
	}
}
