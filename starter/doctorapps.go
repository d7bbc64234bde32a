package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"lockstep/internal/config"
	"lockstep/internal/connect"
	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
	"lockstep/internal/oauth"
)

// examineApps looks at Lockstep's registrations with the vendors, and where
// they send browsers back to.
func (d *doctor) examineApps(ctx context.Context, cfg config.API) {
	if len(cfg.Apps) == 0 {
		d.fault("apps", "Lockstep is registered with no CRM",
			"Set LOCKSTEP_<VENDOR>_CLIENT_ID and _CLIENT_SECRET for one of "+strings.Join(vendors(), ", ")+".")
		return
	}
	apps := make(map[crm.Vendor]oauth.App, len(cfg.Apps))
	for vendor, app := range cfg.Apps {
		apps[vendor] = oauth.App(app)
	}
	vendors := &oauth.Vendors{Factories: all.Factories(), Apps: apps, Base: connect.Transport()}
	for _, vendor := range slices.Sorted(maps.Keys(apps)) {
		d.examineApp(ctx, vendors, vendor)
	}
	d.examinePublicURL(ctx, cfg.PublicURL)
}

// examineApp asks a vendor whether people can sign in with our app. One that
// looks at the redirect only once somebody has signed in is not found wrong by
// this, so what it has to be is told.
func (d *doctor) examineApp(ctx context.Context, vendors *oauth.Vendors, vendor crm.Vendor) {
	label := vendors.Factories[vendor].Label
	about, onFile := "app of "+label, "the redirect URI that it has on file has to be exactly "+vendors.Apps[vendor].RedirectURL
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	err := vendors.Probe(ctx, vendor)
	refused, ok := errors.AsType[*oauth.Error](err)
	switch {
	case err == nil:
		d.fine(about, "%s opens its sign-in page for it; %s", label, onFile)
	case !ok:
		d.fault(about, "its sign-in page cannot be opened: "+because(err), "See whether this machine reaches "+label+".")
	case refused.Code == oauth.CodeUnavailable:
		d.fault(about, label+" does not answer, or is having trouble; "+onFile, "See whether this machine reaches "+label+", and what its status page says.")
	default:
		p := refused.Problem()
		d.fault(about, fmt.Sprintf("%s. %s", p.Title, p.Meaning), p.Fix)
	}
}

// examinePublicURL looks whether the API is where browsers are sent back to.
func (d *doctor) examinePublicURL(ctx context.Context, public string) {
	fix := "Set LOCKSTEP_PUBLIC_URL to the address at which browsers reach the API."
	u, err := url.Parse(public)
	if err != nil || u.Host == "" {
		return // told as a setting
	}
	if u.Scheme != "https" && !loopback(u.Hostname()) {
		d.fault("public URL", public+" is not HTTPS, which CRMs ask of every redirect URI but one on this machine", fix)
		return
	}
	resp, err := get(ctx, public+"/healthz")
	if err != nil && loopback(u.Hostname()) {
		d.skip("public URL", fmt.Sprintf("%s does not answer here: %s", public, because(err)),
			"It is right if the API is on another machine, or in another container, and browsers are there too; else: "+fix)
		return
	}
	if err != nil {
		d.fault("public URL", fmt.Sprintf("%s does not answer: %s", public, because(err)), fix)
		return
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		d.fault("public URL", fmt.Sprintf("%s answers %s where a Lockstep says that it is well", public, resp.Status), fix)
		return
	}
	d.fine("public URL", "%s leads to the API", public)
}
