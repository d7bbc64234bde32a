package main

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

func TestActivityThatSaysNothingBeatsAllTheSame(t *testing.T) {
	t.Parallel()

	for name, timeout := range map[string]time.Duration{"with a timeout": time.Minute, "without": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&beats{every: time.Millisecond}}})
			beat := make(chan struct{}, 1)
			env.SetOnActivityHeartbeatListener(func(*activity.Info, converter.EncodedValues) {
				select {
				case beat <- struct{}{}:
				default:
				}
			})
			heard := false
			wait := func(ctx context.Context) error {
				silence := time.NewTimer(200 * time.Millisecond)
				if timeout > 0 { // or the test would fail on a slow machine
					silence.Reset(time.Minute)
				}
				defer silence.Stop()
				select {
				case <-beat:
					heard = true
				case <-silence.C:
				case <-ctx.Done():
				}
				return nil
			}
			env.RegisterActivityWithOptions(wait, activity.RegisterOptions{Name: "Wait"})
			env.SetTestTimeout(2 * time.Minute)
			env.ExecuteWorkflow(func(ctx workflow.Context) error {
				ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Hour, HeartbeatTimeout: timeout})
				return workflow.ExecuteActivity(ctx, "Wait").Get(ctx, nil)
			})
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, timeout > 0, heard)
		})
	}
}
