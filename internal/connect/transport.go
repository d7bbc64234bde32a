package connect

import (
	"net"
	"net/http"
	"time"
)

// Transport returns a transport for Opener.Base. It keeps as many connections
// to one host alive as calls run there at once: with Go's default of two, all
// others would be dialled anew for each call. The time and size of a call are
// not its business.
func Transport() *http.Transport {
	const perHost = 64
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		ForceAttemptHTTP2:   true,
		MaxIdleConns:        16 * perHost,
		MaxIdleConnsPerHost: perHost,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
	}
}
