package rest

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// lastWords is how long the rest of a body may take to arrive after the answer.
// It is read, because a client that is cut off while it sends may lose the answer.
const lastWords = time.Second

// answerAtOnce has no answer wait for a body that nobody reads: net/http reads
// what is left of one before it answers, for as long as a request may take, unless
// the connection is to be closed. So it is, soon after the answer. Whoever stops
// half-way through sending costs no more than that, with or without a key.
func answerAtOnce(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength == 0 {
			return next(c)
		}
		body := &watched{ReadCloser: r.Body}
		c.Response().Before(func() {
			if body.ended {
				return
			}
			c.Response().Header().Set(echo.HeaderConnection, "close")
			_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now().Add(lastWords)) // a recorder has no deadlines
		})
		r = r.WithContext(r.Context())
		r.Body = body
		switch r.Method {
		case http.MethodGet, http.MethodHead, http.MethodDelete: // none of ours has a body
			r.Body = http.NoBody
		}
		c.SetRequest(r)
		return next(c)
	}
}

// watched remembers whether a body was read to its end.
type watched struct {
	io.ReadCloser

	ended bool
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.ReadCloser.Read(p)
	w.ended = w.ended || errors.Is(err, io.EOF)
	return n, err
}
