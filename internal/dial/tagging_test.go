package dial

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"go.uber.org/zap"

	"lockstep/internal/obs"
)

type ref struct {
	Workspace  string `json:"workspace"`
	Connection string `json:"connection"`
}

type input struct {
	ref
	Run    string `json:"run"`
	Secret string `json:"secret"`
}

func work(ctx context.Context, _ input) error {
	activity.GetLogger(ctx).Info("working")
	return nil
}

func bare(ctx context.Context) error {
	activity.GetLogger(ctx).Info("bare")
	return nil
}

func odd(ctx context.Context, _ []int) error {
	activity.GetLogger(ctx).Info("odd")
	return nil
}

func pass(ctx workflow.Context, _ ref) error {
	workflow.GetLogger(ctx).Info("deciding")
	return nil
}

// environment returns a test suite that logs to out through the interceptor.
func environment(out *bytes.Buffer) (*testsuite.WorkflowTestSuite, worker.Options) {
	suite := &testsuite.WorkflowTestSuite{}
	suite.SetLogger(sdklog.NewStructuredLogger(obs.Slog(obs.Logger(out, zap.InfoLevel))))
	return suite, worker.Options{Interceptors: []interceptor.WorkerInterceptor{&tagging{}}}
}

func TestActivityLogSaysWhoseItIs(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	suite, options := environment(&out)
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(options)
	for _, a := range []any{work, bare, odd} {
		env.RegisterActivity(a)
	}

	_, err := env.ExecuteActivity(work, input{ref: ref{Workspace: "w-1", Connection: "c-1"}, Run: "r-1", Secret: "planted"})
	require.NoError(t, err)
	require.Contains(t, out.String(), `"workspace":"w-1","connection":"c-1","run":"r-1"`)
	require.NotContains(t, out.String(), "planted")

	_, err = env.ExecuteActivity(bare)
	require.NoError(t, err)
	_, err = env.ExecuteActivity(odd, []int{1})
	require.NoError(t, err)
	require.Contains(t, out.String(), "bare")
	require.Contains(t, out.String(), "odd")
}

func TestWorkflowLogSaysWhoseItIs(t *testing.T) {
	t.Parallel()

	var out bytes.Buffer
	suite, options := environment(&out)
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(options)
	env.RegisterWorkflow(pass)
	env.ExecuteWorkflow(pass, ref{Workspace: "w-1", Connection: "c-1"})
	require.NoError(t, env.GetWorkflowError())
	require.Regexp(t, `"deciding".*"workspace":"w-1","connection":"c-1"`, out.String())
	require.NotContains(t, out.String(), `"run":`)
}
