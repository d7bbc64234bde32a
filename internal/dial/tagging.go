package dial

import (
	"context"
	"encoding/json"

	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"
)

// tagging is an interceptor that puts on each log line of a workflow or an
// activity what it is about: the workspace, connection and run that its argument
// names. The SDK itself adds the workflow's id and the attempt.
type tagging struct {
	interceptor.InterceptorBase
}

// tagsKey is where the tags of an execution are in its context.
type tagsKey struct{}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (*tagging) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &taggedActivity{interceptor.ActivityInboundInterceptorBase{Next: next}}
}

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (*tagging) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &taggedWorkflow{interceptor.WorkflowInboundInterceptorBase{Next: next}}
}

type taggedActivity struct {
	interceptor.ActivityInboundInterceptorBase
}

// Init implements interceptor.ActivityInboundInterceptor.
func (a *taggedActivity) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	return a.Next.Init(&activityLogger{interceptor.ActivityOutboundInterceptorBase{Next: outbound}})
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (a *taggedActivity) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	return a.Next.ExecuteActivity(context.WithValue(ctx, tagsKey{}, tagsOf(in.Args)), in)
}

type activityLogger struct {
	interceptor.ActivityOutboundInterceptorBase
}

// GetLogger implements interceptor.ActivityOutboundInterceptor.
func (a *activityLogger) GetLogger(ctx context.Context) sdklog.Logger {
	return tagged(a.Next.GetLogger(ctx), ctx.Value(tagsKey{}))
}

type taggedWorkflow struct {
	interceptor.WorkflowInboundInterceptorBase
}

// Init implements interceptor.WorkflowInboundInterceptor.
func (w *taggedWorkflow) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return w.Next.Init(&workflowLogger{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}})
}

// ExecuteWorkflow implements interceptor.WorkflowInboundInterceptor.
func (w *taggedWorkflow) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	return w.Next.ExecuteWorkflow(workflow.WithValue(ctx, tagsKey{}, tagsOf(in.Args)), in)
}

type workflowLogger struct {
	interceptor.WorkflowOutboundInterceptorBase
}

// GetLogger implements interceptor.WorkflowOutboundInterceptor.
func (w *workflowLogger) GetLogger(ctx workflow.Context) sdklog.Logger {
	return tagged(w.Next.GetLogger(ctx), ctx.Value(tagsKey{}))
}

func tagged(log sdklog.Logger, tags any) sdklog.Logger {
	if pairs, _ := tags.([]any); len(pairs) > 0 {
		return sdklog.With(log, pairs...)
	}
	return log
}

// tagsOf returns the tags of an execution, as names and values. Payloads name
// what they are about in the same words, and hold nothing that must not be
// logged.
func tagsOf(args []any) []any {
	if len(args) == 0 {
		return nil
	}
	body, err := json.Marshal(args[0])
	if err != nil {
		return nil
	}
	var about struct {
		Workspace  string `json:"workspace"`
		Connection string `json:"connection"`
		Run        string `json:"run"`
	}
	if err := json.Unmarshal(body, &about); err != nil {
		return nil
	}
	var tags []any
	for _, tag := range [][2]string{{"workspace", about.Workspace}, {"connection", about.Connection}, {"run", about.Run}} {
		if tag[1] != "" {
			tags = append(tags, tag[0], tag[1])
		}
	}
	return tags
}
