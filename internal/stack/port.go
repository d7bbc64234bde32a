package stack

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
)

// portsTried is how many ports after a taken one are looked at.
const portsTried = 100

// freePort returns wanted if nothing listens there on 127.0.0.1, else the next
// port that is free. 0 wants none in particular: it returns any free port.
func freePort(wanted int) (int, error) {
	l, err := listenFrom(wanted)
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// listenFrom listens on wanted or the next port that is free. 0 is any.
func listenFrom(wanted int) (net.Listener, error) {
	last := wanted + portsTried
	if wanted == 0 {
		last = 0
	}
	for port := wanted; port <= last; port++ {
		if l, err := listen(port); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no free port from %d to %d", wanted, last)
}

func listen(port int) (net.Listener, error) {
	return net.Listen("tcp", loopback(port)) //nolint:noctx // returns at once
}

// preferred returns, by name, addresses for a program that listens on several
// and takes any free port where it is given 0: each the one that is wanted, or
// the next free one, or 0. No two are the same.
//
// Each is held until all are found. Who wants a port that is free has it before
// somebody whose own is taken gets there.
func preferred(wanted map[string]int) (map[string]string, error) {
	at := make(map[string]string, len(wanted))
	var held []net.Listener
	defer func() {
		for _, l := range held {
			_ = l.Close() // nothing was accepted
		}
	}()
	hold := func(name string, l net.Listener) {
		held = append(held, l)
		at[name] = l.Addr().String()
	}
	names := slices.Sorted(maps.Keys(wanted))
	for _, name := range names {
		if wanted[name] == 0 {
			at[name] = loopback(0)
		} else if l, err := listen(wanted[name]); err == nil {
			hold(name, l)
		}
	}
	for _, name := range names {
		if at[name] != "" {
			continue
		}
		l, err := listenFrom(wanted[name])
		if err != nil {
			return nil, fmt.Errorf("finding a port for %s: %w", name, err)
		}
		hold(name, l)
	}
	return at, nil
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
