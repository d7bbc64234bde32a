package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
)

// signalRetry tells a connection's supervisor to retry a problem, as a person
// does from Temporal's Web UI or command line.
func signalRetry(ctx context.Context, at config.Temporal, connection uuid.UUID, problem lockstep.Code) error {
	c, err := dial.Temporal(ctx, at, zap.NewNop())
	if err != nil {
		return err
	}
	defer c.Close()
	err = c.SignalWorkflow(ctx, flow.ConnectionID(connection), "", flow.SignalRetryFailed, flow.Request{Problem: problem})
	if err != nil {
		return fmt.Errorf("signalling the connection's workflow: %w", err)
	}
	return nil
}

// retryLine is what a person types into a shell to send the same signal with
// Temporal's own command line.
func retryLine(at config.Temporal, connection uuid.UUID, problem lockstep.Code) (string, error) {
	input, err := json.Marshal(flow.Request{Problem: problem})
	if err != nil {
		return "", fmt.Errorf("writing the signal's input: %w", err)
	}
	return fmt.Sprintf("temporal workflow signal --address %s --namespace %s --workflow-id %s --name %s --input '%s'",
		at.Address, at.Namespace, flow.ConnectionID(connection), flow.SignalRetryFailed, input), nil
}
