package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// ports are the addresses that the process listens on. The server and the Web
// UI take addresses, not listeners, so each is tried here first: a taken port is
// reported by name, and a port 0 becomes a number that can be told to others.
type ports struct {
	frontend, ui              netip.AddrPort
	history, matching, worker netip.AddrPort // between the server's own parts
}

func choosePorts(s settings) (ports, error) {
	address, err := loopback("--address", s.address)
	if err != nil {
		return ports{}, err
	}
	ui, err := loopback("--ui", s.ui)
	if err != nil {
		return ports{}, err
	}

	var p ports
	inner := netip.AddrPortFrom(address.Addr(), 0)
	for _, want := range []struct {
		addr netip.AddrPort
		into *netip.AddrPort
	}{
		{address, &p.frontend},
		{ui, &p.ui},
		{inner, &p.history},
		{inner, &p.matching},
		{inner, &p.worker},
	} {
		l, err := net.Listen("tcp", want.addr.String())
		if errors.Is(err, syscall.EADDRINUSE) {
			return ports{}, fmt.Errorf("%s is taken by another process: choose another port, or 0 for any free one", want.addr)
		}
		if err != nil {
			return ports{}, err
		}
		// All are held until the last is known, or two could be the same.
		defer l.Close()
		*want.into = l.Addr().(*net.TCPAddr).AddrPort()
	}
	return p, nil
}

// loopback parses addr and refuses what other machines could reach: whoever
// reaches the server or the Web UI may do everything.
func loopback(name, addr string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s is %q: want host:port", name, addr)
	}
	if host == "localhost" {
		host = "127.0.0.1"
	}
	parsed, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%s is %q: want host:port, the host an IP address", name, addr)
	}
	if !parsed.Addr().IsLoopback() {
		return netip.AddrPort{}, fmt.Errorf("%s is %q: only loopback addresses are served, such as 127.0.0.1", name, addr)
	}
	return parsed, nil
}
