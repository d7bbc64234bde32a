package adapter_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
	"lockstep/internal/crm/adapter"
)

// raw is a vendor that does with each connection what it is told.
func raw(t *testing.T, serve func(net.Conn)) string {
	t.Helper()

	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the test
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serve(conn)
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

func TestOnlyACallThatNeverLeftIsUnapplied(t *testing.T) {
	t.Parallel()

	read := func(c net.Conn) { _, _ = c.Read(make([]byte, 4096)) }
	for name, tc := range map[string]struct {
		url  string
		want crm.Kind
	}{
		"refused":      {url: "http://127.0.0.1:1", want: crm.KindUnavailable},
		"no such host": {url: "http://vendor.invalid", want: crm.KindUnavailable},
		"cut before it was read": {
			url:  raw(t, func(net.Conn) {}),
			want: crm.KindUnknown,
		},
		"cut before the answer": {
			url:  raw(t, read),
			want: crm.KindUnknown,
		},
		"not an answer": {
			url: raw(t, func(c net.Conn) {
				read(c)
				_, _ = io.WriteString(c, "SSH-2.0\r\n\r\n")
			}),
			want: crm.KindUnknown,
		},
		"cut within the answer": {
			url: raw(t, func(c net.Conn) {
				read(c)
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")
			}),
			want: crm.KindUnknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := patch(t.Context(), t, adapter.Client(&http.Transport{}, adapter.Chain{}), tc.url)
			require.Error(t, err)
			require.Equal(t, tc.want, crm.KindOf(adapter.LostWrite(t.Context(), "v.write", err)))
			require.Equal(t, crm.KindUnavailable, crm.KindOf(adapter.LostRead(t.Context(), "v.find", err)))
		})
	}
}

func TestCallersEndIsPassedOn(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := patch(ctx, t, adapter.Client(&http.Transport{}, adapter.Chain{}), "http://127.0.0.1:1")
	err = adapter.LostWrite(ctx, "v.write", err)

	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, crm.KindInternal, crm.KindOf(err))
}

func TestLostCallQuotesNoURL(t *testing.T) {
	t.Parallel()

	_, err := get(t, adapter.Client(&http.Transport{}, adapter.Chain{}), "http://127.0.0.1:1/query?q=ada@example.com")
	err = adapter.LostRead(t.Context(), "v.find", err)

	for ; err != nil; err = errors.Unwrap(err) {
		require.NotContains(t, err.Error(), "ada@example.com")
	}
}

func TestTransportThatReportsNothingProvesNothing(t *testing.T) {
	t.Parallel()

	_, err := patch(t.Context(), t, adapter.Client(broken{}, adapter.Chain{}), "https://vendor.test")

	require.Equal(t, crm.KindUnknown, crm.KindOf(adapter.LostWrite(t.Context(), "v.write", err)))
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }
