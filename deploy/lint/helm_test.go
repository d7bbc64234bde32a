package lint

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
	"helm.sh/helm/v4/pkg/chart/v2/lint/support"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

const chartDir = checkout + "/deploy/helm/lockstep"

// values returns what a values file with this text holds.
func values(t *testing.T, text string) map[string]any {
	t.Helper()

	var out map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &out))
	return out
}

// everything turns on what is off by default.
const everything = `
image: {repository: registry.example.com/lockstep, tag: "1.2.3", pullSecrets: [{name: registry}]}
existingSecret: other
temporal: {tls: true, serverName: t.example.com, uiURL: "https://t.example.com"}
settings: {publicURL: "https://lockstep.example.com", salesforceLoginURL: "https://acme.my.salesforce.com"}
worker:
  drainSeconds: 120
  autoscaling: {enabled: true}
  podAnnotations: {a: b}
  nodeSelector: {pool: work}
  tolerations: [{key: pool, operator: Exists}]
  affinity: {nodeAffinity: {}}
api:
  autoscaling: {enabled: true}
  podAnnotations: {a: b}
serviceAccount: {annotations: {a: b}}
networkPolicy: {enabled: true, apiFrom: [{namespaceSelector: {matchLabels: {name: ingress}}}], metricsFrom: [{podSelector: {matchLabels: {app: prometheus}}}]}
`

// nothing turns off what is on by default.
const nothing = `
worker: {podDisruptionBudget: {enabled: false}}
api: {podDisruptionBudget: {enabled: false}}
migrate: {enabled: false}
serviceAccount: {create: false}
`

func TestChartPassesHelmLint(t *testing.T) {
	t.Parallel()

	for name, text := range map[string]string{"defaults": "", "everything": everything, "nothing": nothing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			for _, m := range lint.RunAll(chartDir, values(t, text), "lockstep").Messages {
				if m.Severity >= support.WarningSev {
					t.Error(m)
				}
			}
		})
	}
}

// render returns what `helm template shop` makes of the chart, each document read
// as Kubernetes would: a field that it does not know, or that is there twice, is an
// error.
func render(t *testing.T, text string) []runtime.Object {
	t.Helper()

	loaded := loadChart(t)
	merged, err := util.ToRenderValues(loaded, values(t, text), common.ReleaseOptions{Name: "shop", Namespace: "crm", Revision: 1, IsInstall: true}, common.DefaultCapabilities)
	require.NoError(t, err)
	files, err := engine.Render(loaded, merged)
	require.NoError(t, err)

	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	var objects []runtime.Object
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if filepath.Ext(path) != ".yaml" {
			continue
		}
		for document := range strings.SplitSeq(files[path], "\n---\n") {
			if strings.TrimSpace(document) == "" {
				continue
			}
			object, _, err := decoder.Decode([]byte(document), nil, nil)
			require.NoError(t, err, "%s:\n%s", path, document)
			objects = append(objects, object)
		}
	}
	return objects
}

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()

	loaded, err := loader.Load(chartDir)
	require.NoError(t, err)
	return loaded
}

// pod is a pod template and what it is of.
type pod struct {
	name string
	meta metav1.ObjectMeta
	spec corev1.PodSpec
}

func pods(objects []runtime.Object) []pod {
	var out []pod
	for _, object := range objects {
		switch o := object.(type) {
		case *appsv1.Deployment:
			out = append(out, pod{o.Name, o.Spec.Template.ObjectMeta, o.Spec.Template.Spec})
		case *batchv1.Job:
			out = append(out, pod{o.Name, o.Spec.Template.ObjectMeta, o.Spec.Template.Spec})
		}
	}
	return out
}

// kinds counts objects by kind.
func kinds(objects []runtime.Object) map[string]int {
	out := make(map[string]int)
	for _, object := range objects {
		out[object.GetObjectKind().GroupVersionKind().Kind]++
	}
	return out
}

func TestChartMakesWhatItIsAskedFor(t *testing.T) {
	t.Parallel()

	require.Equal(t, map[string]int{
		"Deployment": 2, "Service": 1, "Job": 1, "ServiceAccount": 1, "PodDisruptionBudget": 2,
	}, kinds(render(t, "")))
	require.Equal(t, map[string]int{
		"Deployment": 2, "Service": 1, "Job": 1, "ServiceAccount": 1, "PodDisruptionBudget": 2,
		"HorizontalPodAutoscaler": 2, "NetworkPolicy": 2,
	}, kinds(render(t, everything)))
	require.Equal(t, map[string]int{"Deployment": 2, "Service": 1}, kinds(render(t, nothing)))
}

func TestPodsMayDoNothingButRun(t *testing.T) {
	t.Parallel()

	for _, text := range []string{"", everything, nothing} {
		found := pods(render(t, text))
		require.NotEmpty(t, found)
		for _, p := range found {
			require.NotNil(t, p.spec.AutomountServiceAccountToken, p.name)
			require.False(t, *p.spec.AutomountServiceAccountToken, p.name)
			require.NotNil(t, p.spec.SecurityContext, p.name)
			require.True(t, *p.spec.SecurityContext.RunAsNonRoot, p.name)
			require.EqualValues(t, 65532, *p.spec.SecurityContext.RunAsUser, p.name)
			require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, p.spec.SecurityContext.SeccompProfile.Type, p.name)
			require.Empty(t, p.spec.Volumes, p.name)
			require.False(t, p.spec.HostNetwork || p.spec.HostPID || p.spec.HostIPC, p.name)
			require.Len(t, p.spec.Containers, 1, p.name)

			c := p.spec.Containers[0]
			require.NotNil(t, c.SecurityContext, p.name)
			require.False(t, *c.SecurityContext.AllowPrivilegeEscalation, p.name)
			require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem, p.name)
			require.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop, p.name)
			require.Empty(t, c.SecurityContext.Capabilities.Add, p.name)
			require.NotContains(t, c.Image, ":latest", p.name)
			require.Regexp(t, `/(worker|api|starter):[0-9]`, c.Image, p.name)
			require.NotZero(t, c.Resources.Requests.Cpu().MilliValue(), p.name)
			require.NotZero(t, c.Resources.Limits.Memory().Value(), p.name)
		}
	}
}

// TestSecretsComeFromASecretThatExists fails when a chart's value could hold one,
// or ends in a manifest in the clear.
func TestSecretsComeFromASecretThatExists(t *testing.T) {
	t.Parallel()

	secret := func(name string) bool {
		return name == "DATABASE_URL" || name == "LOCKSTEP_KEYSET" || strings.Contains(name, "SECRET") || strings.HasSuffix(name, "_KEY") || strings.HasSuffix(name, "KEY_DATA")
	}
	for _, p := range pods(render(t, everything)) {
		var names []string
		for _, v := range p.spec.Containers[0].Env {
			names = append(names, v.Name)
			if secret(v.Name) {
				require.Empty(t, v.Value, v.Name)
			}
			if v.ValueFrom != nil {
				require.Equal(t, "other", v.ValueFrom.SecretKeyRef.Name)
				require.Equal(t, v.Name, v.ValueFrom.SecretKeyRef.Key)
			}
		}
		require.Equal(t, len(names), len(slices.Compact(slices.Sorted(slices.Values(names)))), "%s is told something twice", p.name)
		if strings.HasSuffix(p.name, "-migrate") {
			require.Equal(t, []string{"DATABASE_URL"}, names)
		} else {
			require.Contains(t, names, "LOCKSTEP_KEYSET")
		}
	}
	require.Zero(t, kinds(render(t, everything))["Secret"])
}

func TestWorkerIsLetDrain(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]struct {
		drain string
		grace int64
	}{"": {"30s", 75}, everything: {"120s", 255}} {
		for _, p := range pods(render(t, text)) {
			if strings.HasSuffix(p.name, "-worker") {
				require.Contains(t, p.spec.Containers[0].Env, corev1.EnvVar{Name: "LOCKSTEP_DRAIN", Value: want.drain})
				require.Equal(t, want.grace, *p.spec.TerminationGracePeriodSeconds, "its two queues drain one after the other")
			}
		}
	}
}

// TestPodsServeMetricsOnAPortOfTheirOwn holds the port to the setting, and keeps it
// out of the Service: what is behind an ingress is read by anybody.
func TestPodsServeMetricsOnAPortOfTheirOwn(t *testing.T) {
	t.Parallel()

	objects := render(t, `metrics: {port: 9999, otlpEndpoint: "http://collector:4318"}`)
	for _, p := range pods(objects) {
		c := p.spec.Containers[0]
		if c.Name == "migrate" {
			require.Empty(t, c.Ports)
			continue
		}
		require.Contains(t, c.Ports, corev1.ContainerPort{Name: "metrics", ContainerPort: 9999}, p.name)
		require.Contains(t, c.Env, corev1.EnvVar{Name: "LOCKSTEP_METRICS_ADDRESS", Value: ":9999"}, p.name)
		require.Contains(t, c.Env, corev1.EnvVar{Name: "OTEL_EXPORTER_OTLP_ENDPOINT", Value: "http://collector:4318"}, p.name)
		if c.Name == "worker" {
			require.Equal(t, "/healthz", c.LivenessProbe.HTTPGet.Path)
			require.Equal(t, "metrics", c.LivenessProbe.HTTPGet.Port.StrVal)
		}
	}
	for _, object := range objects {
		if service, ok := object.(*corev1.Service); ok {
			require.Len(t, service.Spec.Ports, 1)
			require.Equal(t, "http", service.Spec.Ports[0].TargetPort.StrVal)
		}
	}
}

func TestAPIIsProbedWhereItAnswers(t *testing.T) {
	t.Parallel()

	document := string(read(t, "api/rest/openapi.yaml"))
	for _, p := range pods(render(t, "")) {
		c := p.spec.Containers[0]
		if !strings.HasSuffix(p.name, "-api") {
			require.Nil(t, c.ReadinessProbe, p.name)
			continue
		}
		require.Equal(t, "http", c.Ports[0].Name)
		for want, probe := range map[string]*corev1.Probe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe} {
			require.Equal(t, want, probe.HTTPGet.Path)
			require.Equal(t, "http", probe.HTTPGet.Port.StrVal)
			require.Contains(t, document, "\n  "+want+":\n")
		}
		require.Equal(t, "/healthz", c.StartupProbe.HTTPGet.Path)
		patience := c.StartupProbe.PeriodSeconds * c.StartupProbe.FailureThreshold
		require.Greater(t, patience, int32(30), "it waits that long for Temporal before it answers")
	}
}

func TestSelectorsFindTheirPods(t *testing.T) {
	t.Parallel()

	objects := render(t, everything)
	finds := func(selector map[string]string) (names []string) {
		for _, p := range pods(objects) {
			if labels.SelectorFromSet(selector).Matches(labels.Set(p.meta.Labels)) {
				names = append(names, p.name)
			}
		}
		return names
	}
	for _, object := range objects {
		switch o := object.(type) {
		case *appsv1.Deployment:
			require.Equal(t, []string{o.Name}, finds(o.Spec.Selector.MatchLabels))
			require.Equal(t, []string{o.Name}, finds(o.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels))
		case *corev1.Service:
			require.Equal(t, []string{o.Name}, finds(o.Spec.Selector))
		case *policyv1.PodDisruptionBudget:
			require.Equal(t, []string{o.Name}, finds(o.Spec.Selector.MatchLabels))
		case *networkingv1.NetworkPolicy:
			require.Equal(t, []string{o.Name}, finds(o.Spec.PodSelector.MatchLabels))
		}
	}
}

func TestMigrationRunsFirst(t *testing.T) {
	t.Parallel()

	for _, object := range render(t, "") {
		if job, ok := object.(*batchv1.Job); ok {
			require.Equal(t, "pre-install,pre-upgrade", job.Annotations["helm.sh/hook"])
			require.Equal(t, []string{"migrate"}, job.Spec.Template.Spec.Containers[0].Args)
			require.Empty(t, job.Spec.Template.Spec.ServiceAccountName, "the chart's own is made after the hook")
		}
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	t.Parallel()

	for name, text := range map[string]string{
		"misspelt":                `workers: {replicas: 3}`,
		"misspelt below":          `worker: {replica: 3}`,
		"no secret":               `existingSecret: ""`,
		"secret in the clear":     `settings: {databaseURL: "postgres://u:p@h/d"}`,
		"drain with a unit":       `worker: {drainSeconds: 30s}`,
		"drain longer than taken": `worker: {drainSeconds: 601}`,
		"reserve above the half":  `settings: {reserve: 51}`,
		"log level":               `settings: {logLevel: loud}`,
		"address without a port":  `temporal: {address: temporal}`,
		"public URL":              `settings: {publicURL: lockstep.example.com}`,
		"floating tag":            `image: {tag: latest}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := util.ToRenderValues(loadChart(t), values(t, text), common.ReleaseOptions{Name: "shop", Namespace: "crm"}, common.DefaultCapabilities)
			require.Error(t, err)
		})
	}
}
