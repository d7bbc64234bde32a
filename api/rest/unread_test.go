package rest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// dialed is a connection to an API that serves over TCP, without any deadline of
// its own.
type dialed struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
}

func dial(t *testing.T, address string) dialed {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute))) // so that what never comes fails the test
	return dialed{t: t, conn: conn, in: bufio.NewReader(conn)}
}

// say sends a request's head, and as much of its body as is given.
func (d dialed) say(method, target, body string, headers ...string) {
	d.t.Helper()
	_, err := fmt.Fprintf(d.conn, "%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n%s", method, target, strings.Join(headers, "\r\n"), body)
	require.NoError(d.t, err)
}

// hear waits for the whole answer. It returns its status and whether it was told
// to be the last.
func (d dialed) hear() (status int, last bool) {
	d.t.Helper()
	resp, err := http.ReadResponse(d.in, nil)
	require.NoError(d.t, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(d.t, err)
	require.NoError(d.t, resp.Body.Close())
	return resp.StatusCode, resp.Close
}

func TestNoAnswerWaitsForABodyThatIsNotRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	looks := read[NewKey](b.ask(t, http.MethodPost, "/v1/keys", `{"name": "looks", "role": "spectator"}`), http.StatusCreated)
	goes := read[NewKey](b.ask(t, http.MethodPost, "/v1/keys", `{"name": "goes", "role": "spectator"}`), http.StatusCreated)
	limited := setup(t, func(s *Server) { s.Rate = 1e-9 })
	server, strict := httptest.NewServer(b.handler), httptest.NewServer(limited.handler)
	t.Cleanup(server.Close)
	t.Cleanup(strict.Close)
	admin := "Authorization: Bearer " + b.tenant.key
	const short, kilobyte, chunked, csv = "Content-Length: 5", "Content-Length: 1000", "Transfer-Encoding: chunked", "Content-Type: text/csv"

	tests := map[string]struct {
		method, target string
		headers        []string
		status         int
	}{
		"without a key":            {"POST", "/v1/records", []string{kilobyte, csv}, http.StatusUnauthorized},
		"without a key, in chunks": {"POST", "/v1/records", []string{chunked, csv}, http.StatusUnauthorized},
		"with nobody's key":        {"POST", "/v1/connections", []string{kilobyte, "Authorization: Bearer lsk_x"}, http.StatusUnauthorized},
		"with a key to look":       {"POST", "/v1/records", []string{kilobyte, csv, "Authorization: Bearer " + looks.Secret}, http.StatusForbidden},
		"to nowhere":               {"POST", "/nope", []string{kilobyte}, http.StatusNotFound},
		"by no method of ours":     {"PATCH", "/v1/records", []string{kilobyte}, http.StatusMethodNotAllowed},
		"too large":                {"POST", "/v1/connections", []string{"Content-Length: 2000000", admin}, http.StatusRequestEntityTooLarge},
		"of no kind that is read":  {"POST", "/v1/records", []string{short, "Content-Type: image/png", admin}, http.StatusUnsupportedMediaType},
		"to look":                  {"GET", "/v1/records", []string{kilobyte, admin}, http.StatusOK},
		"to look at the head":      {"HEAD", "/v1/records", []string{kilobyte, admin}, http.StatusMethodNotAllowed},
		"to come back":             {"GET", "/v1/oauth/callback?state=x&code=x", []string{kilobyte}, http.StatusNotFound},
		"to delete":                {"DELETE", "/v1/keys/" + goes.ID.String(), []string{kilobyte, admin}, http.StatusNoContent},
		"to delete once":           {"DELETE", "/v1/keys/" + uuid.NewString(), []string{chunked, admin, "Idempotency-Key: x"}, http.StatusNotFound},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dial(t, server.Listener.Addr().String())
			d.say(test.method, test.target, "", test.headers...)
			status, last := d.hear()
			require.Equal(t, test.status, status)
			require.True(t, last)
			_, err := d.in.ReadByte()
			require.ErrorIs(t, err, io.EOF, "the connection is closed although the body never comes")
		})
	}

	t.Run("too often", func(t *testing.T) {
		t.Parallel()
		d := dial(t, strict.Listener.Addr().String())
		d.say("GET", "/v1/workspace", "", "Authorization: Bearer "+limited.tenant.key)
		_, last := d.hear()
		require.False(t, last)
		d.say("POST", "/v1/records", "", kilobyte, csv, "Authorization: Bearer "+limited.tenant.key)
		status, last := d.hear()
		require.Equal(t, http.StatusTooManyRequests, status)
		require.True(t, last)
	})
}

func TestConnectionIsKeptWhenTheBodyWasRead(t *testing.T) {
	t.Parallel()
	b := setup(t)
	server := httptest.NewServer(b.handler)
	t.Cleanup(server.Close)
	d := dial(t, server.Listener.Addr().String())
	for _, body := range []string{"external_id\n1\n", "external_id\n", "no id\n"} {
		d.say("POST", "/v1/records", body, fmt.Sprintf("Content-Length: %d", len(body)), "Content-Type: text/csv", "Authorization: Bearer "+b.tenant.key)
		status, last := d.hear()
		require.NotEqual(t, http.StatusUnauthorized, status)
		require.False(t, last, body)
	}
}

func TestBodyThatIsStillOnItsWayDoesNotCostTheAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	server := httptest.NewServer(b.handler)
	t.Cleanup(server.Close)
	d := dial(t, server.Listener.Addr().String())
	d.say("POST", "/v1/records", "external", "Content-Length: 14", "Content-Type: text/csv")
	_, err := d.in.Peek(1) // the answer is on its way too
	require.NoError(t, err)
	_, err = io.WriteString(d.conn, "_id\n1\n")
	require.NoError(t, err)
	status, _ := d.hear()
	require.Equal(t, http.StatusUnauthorized, status)
	_, err = d.in.ReadByte()
	require.ErrorIs(t, err, io.EOF)
}
