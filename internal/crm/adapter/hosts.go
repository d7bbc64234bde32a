package adapter

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

var (
	errHostURL    = errors.New("checking host: not a plain URL")
	errHostScheme = errors.New("checking host: neither https nor the configured host on this machine")
	errHostPort   = errors.New("checking host: unexpected port")
	errHostName   = errors.New("checking host: not a host of the vendor")
)

// Allowed returns nil when a secret may be sent to the URL raw: by https to one
// of hosts, or to configured, the host and port that a person named ("" for
// none). Only configured may be reached by http, and only on this machine.
//
// A host is an exact name, or ".example.com" for every name below it. Names are
// compared without regard to case; user information, other ports, IP addresses
// and names that are not ASCII are refused. The error repeats nothing of raw.
func Allowed(raw string, hosts []string, configured string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" {
		return errHostURL
	}
	if configured != "" && strings.EqualFold(u.Host, configured) {
		if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
			return nil
		}
		return errHostScheme
	}
	if u.Scheme != "https" {
		return errHostScheme
	}
	name := strings.ToLower(u.Hostname())
	if u.Host != u.Hostname() && u.Host != u.Hostname()+":443" {
		return errHostPort
	}
	if !plain(name) {
		return errHostName
	}
	for _, host := range hosts {
		host = strings.ToLower(host)
		if name == host || strings.HasPrefix(host, ".") && strings.HasSuffix(name, host) {
			return nil
		}
	}
	return errHostName
}

// plain tells whether name is made of labels of letters, digits and hyphens, as
// every vendor's is. A name that is not ASCII, ends in a dot, or is an address
// has no business with a secret, however it would resolve.
func plain(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

func loopback(name string) bool {
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}
