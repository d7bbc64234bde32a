// Package alert tells somebody's server that a connection needs a person: one
// signed request to an address that the workspace has chosen.
//
// The address is a stranger's word, so that what it leads to is looked at after
// its name was resolved: nothing of our own network, of the machine or of the
// cloud it runs on is ever asked. The package sends once, follows nobody
// elsewhere, reads no answer but its status, and keeps nothing; repeating is its
// caller's.
package alert

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"syscall"

	"lockstep/internal/crm"
)

// Guard says where may be sent to. Its zero value lets through what is public.
type Guard struct {
	// Allowed are networks of our own that may be sent to all the same.
	Allowed []netip.Prefix

	// Lookup resolves a name; net.DefaultResolver's LookupNetIP, when it is nil.
	Lookup func(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// errNotPublic is told of addresses that are not sent to.
var errNotPublic = errors.New("the address is not a public one")

// special are the networks that are no part of the public Internet, or lead
// elsewhere than they say, by IANA's registries of special-purpose addresses
// (RFC 6890 and its updates), but for those that package netip has a name for.
// Of IPv6 all that is outside 2000::/3 is one of them too: there is NAT64 (RFC
// 6052), which leads to an IPv4 address. So do 6to4 (2002::/16, RFC 3056) and
// Teredo (in 2001::/23, RFC 4380).
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("3fff::/20"),
	}
}

// permits tells whether an address may be sent to.
func (g Guard) permits(addr netip.Addr) bool {
	addr = addr.Unmap() // ::ffff:10.0.0.1 is 10.0.0.1
	within := func(p netip.Prefix) bool { return p.Contains(addr) }
	if slices.ContainsFunc(g.Allowed, within) {
		return true
	}
	if addr.Is6() && !netip.MustParsePrefix("2000::/3").Contains(addr) { // which is also to have no zone
		return false
	}
	// Loopback, link-local (the clouds' metadata among it) and multicast are no
	// global unicast.
	return addr.IsGlobalUnicast() && !addr.IsPrivate() && !slices.ContainsFunc(special(), within)
}

// control is called with each address that is dialled, after its name was
// resolved, so that a name that changes its mind changes nothing.
func (g Guard) control(_, address string, _ syscall.RawConn) error {
	dialled, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("reading the address that is dialled: %w", err)
	}
	if !g.permits(dialled.Addr()) {
		return errNotPublic
	}
	return nil
}

// Check tells a person whether target can be sent to: an https address without
// a password in it, whose name has only addresses that may be sent to at the
// moment. It returns an Error of KindInvalid that says why not.
func (g Guard) Check(ctx context.Context, target string) error {
	host, err := hostOf(target)
	if err != nil {
		return err
	}
	addrs, err := g.resolve(ctx, host)
	if failed, ok := errors.AsType[*net.DNSError](err); ok && failed.IsNotFound || err == nil && len(addrs) == 0 {
		return refuse("its host cannot be resolved")
	}
	if err != nil { // our trouble, and not the address's
		return &crm.Error{Kind: crm.KindUnavailable, Op: "alert.check", Err: err}
	}
	for _, addr := range addrs {
		if !g.permits(addr) {
			return refuse("its host is not on the public Internet")
		}
	}
	return nil
}

// hostOf returns the host of an address that has the right form.
func hostOf(target string) (string, error) {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return "", refuse("it is not an address")
	case u.Scheme != "https":
		return "", refuse("it is not https")
	case u.User != nil:
		return "", refuse("it has a user or a password in it")
	case u.Fragment != "":
		return "", refuse("it has a fragment")
	}
	return u.Hostname(), nil
}

func (g Guard) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, nil
	}
	if g.Lookup != nil {
		return g.Lookup(ctx, "ip", host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// refuse says why nothing is sent. The words are ours and name no address.
func refuse(why string) error {
	return &crm.Error{Kind: crm.KindInvalid, Op: "alert.check", Message: why}
}
