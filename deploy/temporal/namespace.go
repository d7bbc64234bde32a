package main

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// searchAttributes are the ones that Lockstep's workflows set. On any other
// Temporal an operator registers them.
func searchAttributes() map[string]enumspb.IndexedValueType {
	return map[string]enumspb.IndexedValueType{
		"LockstepWorkspace":  enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"LockstepConnection": enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"LockstepVendor":     enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"LockstepRun":        enumspb.INDEXED_VALUE_TYPE_KEYWORD,
		"LockstepOutcome":    enumspb.INDEXED_VALUE_TYPE_KEYWORD,
	}
}

// awaitNamespace returns when a client at address can use namespace with every
// search attribute. It adds those that a database made earlier lacks.
func awaitNamespace(ctx context.Context, address netip.AddrPort, namespace string) error {
	conn, err := grpc.NewClient(address.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return fmt.Errorf("connecting to the server: %w", err)
	}
	defer conn.Close()

	c := namespaceClient{
		name:     namespace,
		workflow: workflowservice.NewWorkflowServiceClient(conn),
		operator: operatorservice.NewOperatorServiceClient(conn),
	}
	for _, step := range []struct {
		doing string
		do    func(context.Context) error
	}{
		{"finding the namespace", c.describe},
		{"adding search attributes", c.addMissing},
		{"querying by search attributes", c.query},
	} {
		if err := until(ctx, step.do); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return nil
}

type namespaceClient struct {
	name     string
	workflow workflowservice.WorkflowServiceClient
	operator operatorservice.OperatorServiceClient
}

func (c namespaceClient) describe(ctx context.Context) error {
	_, err := c.workflow.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: c.name})
	return err
}

func (c namespaceClient) addMissing(ctx context.Context) error {
	have, err := c.operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: c.name})
	if err != nil {
		return err
	}
	missing := searchAttributes()
	for name := range have.GetCustomAttributes() {
		delete(missing, name)
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace:        c.name,
		SearchAttributes: missing,
	})
	return err
}

// query proves that the part of the server which serves clients knows the
// attributes; it learns of a change some time after the database has it.
func (c namespaceClient) query(ctx context.Context) error {
	var terms []string
	for name := range searchAttributes() {
		terms = append(terms, name+" = ''")
	}
	_, err := c.workflow.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: c.name,
		Query:     strings.Join(terms, " OR "),
	})
	return err
}

// until repeats do, which must be harmless to repeat, until it succeeds or ctx
// ends; then it returns what stood in the way last.
func until(ctx context.Context, do func(context.Context) error) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := do(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w (%w)", context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}
