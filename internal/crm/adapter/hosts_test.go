package adapter_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"lockstep/internal/crm/adapter"
)

var vendorHosts = []string{"login.vendor.com", ".my.vendor.com"}

const sandbox = "127.0.0.1:4010"

func TestAllowedHosts(t *testing.T) {
	t.Parallel()

	for raw, allowed := range map[string]bool{
		"https://login.vendor.com":              true,
		"https://LOGIN.Vendor.com/path?q":       true,
		"https://login.vendor.com:443":          true,
		"https://acme.my.vendor.com":            true,
		"https://a--b.sandbox.my.vendor.com":    true,
		"http://127.0.0.1:4010":                 true,
		"https://127.0.0.1:4010":                true,
		"http://login.vendor.com":               false,
		"http://acme.my.vendor.com":             false,
		"https://my.vendor.com":                 false,
		"https://evilmy.vendor.com":             false,
		"https://login.vendor.com.evil.com":     false,
		"https://login.vendor.com@evil.com":     false,
		"https://evil.com#login.vendor.com":     false,
		"https://evil.com/.my.vendor.com":       false,
		"https://evil.com\\.my.vendor.com":      false,
		"https://evil.com%2f.my.vendor.com":     false,
		"https://user:secret@login.vendor.com":  false,
		"https://login.vendor.com:8443":         false,
		"https://login.vendor.com:":             false,
		"https://login.vendor.com.":             false,
		"https://.my.vendor.com":                false,
		"https://a..my.vendor.com":              false,
		"https://acme.my.vendor\uff0ecom":       false,
		"https://\u0430cme.my.vendor.com":       false,
		"https://127.0.0.1":                     false,
		"https://[::1]":                         false,
		"https://[::1]:443":                     false,
		"http://127.0.0.1:4011":                 false,
		"http://127.0.0.1":                      false,
		"http://user@127.0.0.1:4010":            false,
		"ftp://login.vendor.com":                false,
		"javascript:alert(1)//login.vendor.com": false,
		"//login.vendor.com":                    false,
		"login.vendor.com":                      false,
		"":                                      false,
	} {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()

			require.Equal(t, allowed, adapter.Allowed(raw, vendorHosts, sandbox) == nil)
		})
	}
}

func TestConfiguredHostMustBeHTTPSElsewhere(t *testing.T) {
	t.Parallel()

	require.NoError(t, adapter.Allowed("https://crm.corp.example", nil, "crm.corp.example"))
	require.Error(t, adapter.Allowed("http://crm.corp.example", nil, "crm.corp.example"))
	require.NoError(t, adapter.Allowed("http://localhost:4010", nil, "localhost:4010"))
	require.NoError(t, adapter.Allowed("http://[::1]:4010", nil, "[::1]:4010"))
	require.Error(t, adapter.Allowed("http://10.0.0.1:4010", nil, "10.0.0.1:4010"))
}

func FuzzAllowed(f *testing.F) {
	for _, seed := range []string{
		"https://login.vendor.com", "https://acme.my.vendor.com:443/x", "http://127.0.0.1:4010",
		"https://login.vendor.com@evil.com", "https://evil.com\\.my.vendor.com", "https://[::1]:443",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if adapter.Allowed(raw, vendorHosts, sandbox) != nil {
			return
		}
		u, err := url.Parse(raw)
		require.NoError(t, err)
		require.Nil(t, u.User)
		if u.Host == sandbox {
			return
		}
		require.Equal(t, "https", u.Scheme)
		name := strings.TrimSuffix(strings.ToLower(u.Host), ":443")
		require.True(t, name == "login.vendor.com" || strings.HasSuffix(name, ".my.vendor.com"), name)
	})
}
