package main

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// beatEvery is how often a running activity says that its worker lives. It is
// less than a third of the shortest heartbeat timeout there is, and more than
// most activities take, so that those say nothing.
const beatEvery = 3 * time.Second

// beatThemselves are the activities whose heartbeats say how far they are.
var beatThemselves = []string{"Drain", "Cycle"}

// beats is an interceptor that lets every activity which has a heartbeat timeout
// beat, so that one whose worker was killed is begun again within seconds rather
// than when its time is up. An activity that beats by itself says more.
type beats struct {
	interceptor.WorkerInterceptorBase

	every time.Duration
}

// InterceptActivity implements interceptor.WorkerInterceptor.
func (b *beats) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	in := &beating{every: b.every}
	in.Next = next
	return in
}

type beating struct {
	interceptor.ActivityInboundInterceptorBase

	every time.Duration
}

// ExecuteActivity implements interceptor.ActivityInboundInterceptor.
func (b *beating) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	if info.HeartbeatTimeout == 0 || slices.Contains(beatThemselves, info.ActivityType.Name) {
		return b.Next.ExecuteActivity(ctx, in)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		ticker := time.NewTicker(b.every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				activity.RecordHeartbeat(ctx)
			case <-done:
				return
			}
		}
	}()
	return b.Next.ExecuteActivity(ctx, in)
}
