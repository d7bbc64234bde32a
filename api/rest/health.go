package rest

import (
	"context"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// probeTimeout is how long what the service depends on may take to answer.
const probeTimeout = 2 * time.Second

// GetHealth implements StrictServerInterface.
func (s *Server) GetHealth(context.Context, GetHealthRequestObject) (GetHealthResponseObject, error) {
	return GetHealth200JSONResponse{Status: HealthStatusOK, Checks: map[string]bool{}}, nil
}

// GetReadiness implements StrictServerInterface.
func (s *Server) GetReadiness(ctx context.Context, _ GetReadinessRequestObject) (GetReadinessResponseObject, error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	type answer struct {
		name string
		err  error
	}
	answers := make(chan answer, len(s.Probes))
	var group errgroup.Group
	for name, probe := range s.Probes {
		group.Go(func() error {
			answers <- answer{name, probe(ctx)}
			return nil
		})
	}
	_ = group.Wait() // no probe fails but by its answer
	close(answers)
	out := Health{Status: HealthStatusOK, Checks: make(map[string]bool, len(s.Probes))}
	for a := range answers {
		out.Checks[a.name] = a.err == nil
		if a.err != nil {
			out.Status = HealthStatusUnavailable
			s.Log.Warn("probing", zap.String("what", a.name), zap.Error(a.err))
		}
	}
	if out.Status != HealthStatusOK {
		return GetReadiness503JSONResponse(out), nil
	}
	return GetReadiness200JSONResponse(out), nil
}
