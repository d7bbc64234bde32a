package alert

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm"
)

func TestOnlyPublicAddressesAreSentTo(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{
		"127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200",
		"0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "240.0.0.1", "192.0.0.192", "192.0.2.1", "198.18.0.1", "203.0.113.5",
		"::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1",
		"::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "100::1",
	} {
		require.False(t, Guard{}.permits(netip.MustParseAddr(addr)), addr)
	}
	for _, addr := range []string{"8.8.8.8", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "2001:4860:4860::8888"} {
		require.True(t, Guard{}.permits(netip.MustParseAddr(addr)), addr)
	}
	own := Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}
	require.True(t, own.permits(netip.MustParseAddr("10.1.2.3")))
	require.True(t, own.permits(netip.MustParseAddr("::ffff:10.1.2.3")))
	require.False(t, own.permits(netip.MustParseAddr("10.2.2.3")))
}

func TestAddressesAreCheckedBeforeTheyAreKept(t *testing.T) {
	t.Parallel()
	guard := Guard{Lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
		switch host {
		case "public.example":
			return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
		case "two-faced.example":
			return []netip.Addr{netip.MustParseAddr("93.184.216.34"), netip.MustParseAddr("10.0.0.1")}, nil
		}
		if host == "slow.example" {
			return nil, &net.DNSError{IsTimeout: true}
		}
		return nil, &net.DNSError{IsNotFound: true}
	}}
	for _, good := range []string{"https://public.example/hook?x=1", "https://public.example:8443/", "https://8.8.8.8", "https://[2606:4700::1111]/x"} {
		require.NoError(t, guard.Check(t.Context(), good), good)
	}
	require.Equal(t, crm.KindUnavailable, crm.KindOf(guard.Check(t.Context(), "https://slow.example")), "it may be good")
	for bad, why := range map[string]string{
		"http://public.example/": "not https", "ftp://public.example": "not https", "https://": "not an address", "://x": "not an address", "": "not an address",
		"https://user:planted@public.example/": "password", "https://public.example/#x": "fragment", "https://nowhere.example": "resolved",
		"https://two-faced.example": "public Internet", "https://127.0.0.1": "public Internet", "https://[::ffff:10.0.0.1]/": "public Internet",
		"https://169.254.169.254/latest/meta-data": "public Internet", "https://0x7f000001/": "resolved", "https://2130706433/": "resolved", "https://[fe80::1%25eth0]/": "public Internet",
	} {
		err := guard.Check(t.Context(), bad)
		require.Equal(t, crm.KindInvalid, crm.KindOf(err), bad)
		e, ok := errors.AsType[*crm.Error](err)
		require.True(t, ok)
		require.Contains(t, e.Message, why, bad)
		require.NotContains(t, err.Error(), "planted")
	}
}

func TestNameThatChangesItsMindIsNotFollowed(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, Guard{}.control("tcp", "10.0.0.1:443", nil), errNotPublic)
	require.ErrorIs(t, Guard{}.control("tcp6", "[fe80::1%lo]:443", nil), errNotPublic)
	require.NoError(t, Guard{}.control("tcp", "8.8.8.8:443", nil))
	require.Error(t, Guard{}.control("unix", "/run/x", nil))
}
