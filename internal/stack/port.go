package stack

import (
	"fmt"
	"net"
	"net/url"
)

// portsTried is how many ports after a taken one are looked at.
const portsTried = 100

// freePort returns wanted if nothing listens there on 127.0.0.1, else the next
// port that is free. 0 wants none in particular: it returns any free port.
func freePort(wanted int) (int, error) {
	last := wanted + portsTried
	if wanted == 0 {
		last = 0
	}
	for port := wanted; port <= last; port++ {
		l, err := net.Listen("tcp", loopback(port)) //nolint:noctx // returns at once
		if err == nil {
			free := l.Addr().(*net.TCPAddr).Port
			return free, l.Close()
		}
	}
	return 0, fmt.Errorf("no free port from %d to %d", wanted, last)
}

// preferred returns an address for a program that takes any free port when it is
// given 0, and says which: wanted or the next free one, or 0.
func preferred(wanted int) (string, error) {
	if wanted == 0 {
		return loopback(0), nil
	}
	port, err := freePort(wanted)
	return loopback(port), err
}

// loopback returns the address of a port that only this machine can reach.
func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// hostOf returns the host and port that a program announced as a URL.
func hostOf(announced string) (string, error) {
	u, err := url.Parse(announced)
	if err != nil {
		return "", fmt.Errorf("reading its announcement: %w", err)
	}
	if u.Port() == "" {
		return "", fmt.Errorf("reading its announcement: %q names no port", announced)
	}
	return u.Host, nil
}
