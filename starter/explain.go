package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"lockstep/internal/client"
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // also: the main job ended, and not every record has a true outcome
	exitUsage  = 2
)

// usageError is a command line that cannot be carried out.
type usageError struct {
	problem string
	usage   string // how the command is used
}

func (e *usageError) Error() string { return e.problem }

// explain tells a person what went wrong and what to do about it, and returns
// the exit code.
func explain(stderr io.Writer, err error) int {
	if err == nil {
		return exitOK
	}
	if usage, ok := errors.AsType[*usageError](err); ok {
		_, _ = fmt.Fprintf(stderr, "starter: %s\nUsage: %s\n", usage.problem, usage.usage)
		return exitUsage
	}
	if errors.Is(err, context.Canceled) {
		_, _ = fmt.Fprintln(stderr, "starter: stopped.")
		return exitFailed
	}
	problem, ok := errors.AsType[*client.Problem](err)
	if !ok {
		_, _ = fmt.Fprintln(stderr, "starter:", err)
		return exitFailed
	}
	doing := strings.TrimSuffix(err.Error(), problem.Error())
	_, _ = fmt.Fprintf(stderr, "starter: %s%s\n", doing, problem.Title)
	if problem.Detail != "" {
		_, _ = fmt.Fprintln(stderr, "  "+problem.Detail)
	}
	if problem.Errors != nil {
		for _, e := range *problem.Errors {
			_, _ = fmt.Fprintf(stderr, "  %s: %s\n", e.Where, e.Message)
		}
	}
	if problem.Fix != "" {
		_, _ = fmt.Fprintln(stderr, "  "+problem.Fix)
	}
	return exitFailed
}
