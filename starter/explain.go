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

// toldError is a failure that the document printed before it tells.
type toldError struct{ error }

// Unwrap returns the failure.
func (e *toldError) Unwrap() error { return e.error }

// withDocument prints v where JSON is asked for, and returns err as one that v
// tells.
func (f *face) withDocument(v any, err error) error {
	if printing := f.onlyJSON(v); printing != nil || err == nil {
		return errors.Join(err, printing)
	}
	return &toldError{err}
}

// failure is what went wrong, as JSON: a problem of the API as it was answered,
// and in the same members what the command line found itself.
type failure struct {
	Code   string                 `json:"code"`
	Title  string                 `json:"title"`
	Detail string                 `json:"detail"`
	Fix    string                 `json:"fix"`
	Status int                    `json:"status,omitempty"` // of the API's answer
	Errors *[]client.RequestError `json:"errors,omitempty"`
	Report *client.LoadReport     `json:"report,omitempty"`
}

// failed is the last line of stdout where JSON is asked for and nothing printed
// before tells that the command failed.
type failed struct {
	Error failure `json:"error"`
}

// explain tells what went wrong and what to do about it: a person in words, a
// program in JSON. It returns the exit code.
func (f *face) explain(err error) int {
	code := explain(f.stderr, err)
	if _, ok := errors.AsType[*toldError](err); ok || err == nil || !f.json {
		return code
	}
	if f.document(failed{failureOf(err)}) != nil {
		return exitFailed
	}
	return code
}

func failureOf(err error) failure {
	if usage, ok := errors.AsType[*usageError](err); ok {
		return failure{Code: "usage", Title: "This command line cannot be carried out", Detail: usage.problem, Fix: "Usage: " + usage.usage}
	}
	if p, ok := errors.AsType[*client.Problem](err); ok {
		return failure{Code: p.Code, Title: p.Title, Detail: p.Detail, Fix: p.Fix, Status: p.Status, Errors: p.Errors, Report: p.Report}
	}
	if _, ok := errors.AsType[*unreachableError](err); ok {
		return failure{Code: "api_unreachable", Title: "The API does not answer", Detail: err.Error()}
	}
	if errors.Is(err, context.Canceled) {
		return failure{Code: "stopped", Title: "Stopped", Detail: "The command was stopped before its end."}
	}
	return failure{Code: "failed", Title: "It did not work", Detail: err.Error()}
}

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
	if problem.Report != nil {
		for _, line := range faults(*problem.Report) {
			_, _ = fmt.Fprintln(stderr, "  "+line)
		}
	}
	if problem.Fix != "" {
		_, _ = fmt.Fprintln(stderr, "  "+problem.Fix)
	}
	return exitFailed
}
