package rest

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

//go:embed openapi.yaml
var openapi []byte

// document is openapi.yaml, ready to hold requests against.
type document struct {
	spec       *openapi3.T
	operations map[string]*routers.Route // by the name of the route
}

func loadDocument() (*document, error) {
	spec, err := openapi3.NewLoader().LoadFromData(openapi)
	if err != nil {
		return nil, fmt.Errorf("reading the API's document: %w", err)
	}
	if err := spec.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("checking the API's document: %w", err)
	}
	doc := &document{spec: spec, operations: make(map[string]*routers.Route)}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			doc.operations[method+" "+echoPath(path)] = &routers.Route{
				Spec: spec, Server: spec.Servers[0], Path: path, PathItem: item, Method: method, Operation: operation,
			}
		}
	}
	return doc, nil
}

// echoPath writes a path of the document as Echo does.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// serveDocument serves the document and a page to read it.
func serveDocument(e *echo.Echo, doc *document) error {
	inJSON, err := doc.spec.MarshalJSON()
	if err != nil {
		return fmt.Errorf("writing the API's document: %w", err)
	}
	e.GET("/openapi.yaml", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/yaml", openapi) })
	e.GET("/openapi.json", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, inJSON) })
	pages := v5emb.New("Lockstep", "/openapi.json", "/docs/")
	read := func(c echo.Context) error {
		// The page is the library's, with a script of its own inside.
		c.Response().Header().Set(echo.HeaderContentSecurityPolicy,
			"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'")
		c.Response().Header().Set(echo.HeaderCacheControl, "no-cache")
		w := &missing{ResponseWriter: c.Response()}
		pages.ServeHTTP(w, c.Request())
		if w.found404 {
			return echo.ErrNotFound
		}
		return nil
	}
	e.GET("/docs", read)
	e.GET("/docs/*", read)
	return nil
}

// missing keeps a library's own 404 back, so that it is told as all others are.
type missing struct {
	http.ResponseWriter

	found404 bool
}

// WriteHeader implements http.ResponseWriter.
func (m *missing) WriteHeader(status int) {
	if m.found404 = status == http.StatusNotFound; !m.found404 {
		m.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (m *missing) Write(p []byte) (int, error) {
	if m.found404 {
		return len(p), nil
	}
	return m.ResponseWriter.Write(p)
}

// validate holds each request against the document, but for the bodies that
// are read row by row.
func (d *document) validate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		operation, ok := d.operations[route(c)]
		if !ok {
			return next(c)
		}
		r := c.Request()
		if err := checkMediaType(r, operation.Operation); err != nil {
			return err
		}
		if err := checkText(r); err != nil {
			return err
		}
		params := make(map[string]string, len(c.ParamNames()))
		for i, name := range c.ParamNames() {
			params[name] = c.ParamValues()[i]
		}
		asked := r
		if route(c) == loadRoute { // it would be read whole to see who is asking, although it is excluded
			asked = r.WithContext(r.Context())
			asked.Body = http.NoBody
		}
		err := openapi3filter.ValidateRequest(r.Context(), &openapi3filter.RequestValidationInput{
			Request: asked, PathParams: params, Route: operation,
			Options: &openapi3filter.Options{
				AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, // it is done by now
				MultiError:         true,
				ExcludeRequestBody: route(c) == loadRoute,
			},
		})
		if err != nil {
			return invalid(err)
		}
		if err := checkBody(r, operation.Operation); err != nil {
			return err
		}
		return next(c)
	}
}

// checkMediaType refuses a body of a kind that the operation does not take. None
// is of no kind, where none is needed.
func checkMediaType(r *http.Request, operation *openapi3.Operation) error {
	if operation.RequestBody == nil || !operation.RequestBody.Value.Required && r.ContentLength == 0 {
		return nil
	}
	taken := operation.RequestBody.Value.Content
	given, _, err := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType))
	if err == nil && taken.Get(given) != nil {
		return nil
	}
	var kinds []string
	for _, kind := range []string{"application/json", "text/csv", "application/x-ndjson"} {
		if taken[kind] != nil {
			kinds = append(kinds, kind)
		}
	}
	return &Error{
		Code: "media_type_unsupported", Detail: "The request's Content-Type is not one that is read here.",
		Fix: "Send one of: " + strings.Join(kinds, ", ") + ".",
	}
}

// invalid says place by place what is wrong with a request.
func invalid(err error) error {
	if tooLarge, ok := errors.AsType[*echo.HTTPError](err); ok { // the body ran over while it was read
		return tooLarge
	}
	if late(err) {
		return &Error{Code: codeTooSlow, Err: err}
	}
	refusal := &Error{Code: codeRequestInvalid}
	for _, e := range flatten(err) {
		refusal.errors = append(refusal.errors, RequestError{Where: whereOf(e), Message: messageOf(e)})
	}
	return refusal
}

func flatten(err error) []error {
	var several openapi3.MultiError
	if !errors.As(err, &several) {
		return []error{err}
	}
	var request *openapi3filter.RequestError
	isRequest := errors.As(err, &request)
	var out []error
	for _, e := range several {
		for _, inner := range flatten(e) {
			if isRequest && !errors.As(inner, new(*openapi3filter.RequestError)) {
				inner = &openapi3filter.RequestError{Parameter: request.Parameter, RequestBody: request.RequestBody, Err: inner}
			}
			out = append(out, inner)
		}
	}
	return out
}

// whereOf names the part of the request that is at fault, such as
// "body.targets.contact".
func whereOf(err error) string {
	where := []string{"request"}
	if request, ok := errors.AsType[*openapi3filter.RequestError](err); ok {
		switch {
		case request.Parameter != nil:
			where = []string{request.Parameter.In, request.Parameter.Name}
		case request.RequestBody != nil:
			where = []string{"body"}
		}
	}
	if schema, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		where = append(where, schema.JSONPointer()...)
	}
	return strings.Join(where, ".")
}

func messageOf(err error) string {
	if schema, ok := errors.AsType[*openapi3.SchemaError](err); ok {
		if _, reason, ok := strings.Cut(schema.Reason, "': "); ok && strings.HasPrefix(schema.Reason, "at '") {
			return reason // where it is is told beside
		}
		return schema.Reason
	}
	if request, ok := errors.AsType[*openapi3filter.RequestError](err); ok && request.Reason != "" {
		return request.Reason
	}
	if parse, ok := errors.AsType[*openapi3filter.ParseError](err); ok && parse.Reason != "" {
		return parse.Reason
	}
	return "is not what is expected"
}
