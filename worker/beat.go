package main

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
)

// beatEvery is how often a running activity says that its worker lives: less than
// a third of the shortest heartbeat timeout there is. The SDK is told to pass that
// on, for by itself it would hold beats back until four fifths of the timeout.
const beatEvery = 3 * time.Second

// beats is an interceptor that lets every activity which has a heartbeat timeout
// beat, so that one whose worker was killed is begun again within seconds rather
// than when its time is up, and one that is cancelled learns of it.
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
	if activity.GetInfo(ctx).HeartbeatTimeout == 0 {
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
