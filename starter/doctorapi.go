package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"lockstep/internal/client"
)

// lateCycles is how many cycles may be missed before a sync is late.
const lateCycles = 3

// examineAPI looks at the API, and through it at the connections of its key's
// workspace.
func (d *doctor) examineAPI(ctx context.Context) {
	r, err := d.remote()
	if usage, ok := errors.AsType[*usageError](err); ok {
		d.skip("API", usage.problem, "With LOCKSTEP_API and LOCKSTEP_API_KEY the API and the connections are looked at, too.")
		return
	}
	if err != nil {
		d.fault("API", err.Error(), "Correct LOCKSTEP_API and LOCKSTEP_API_KEY.")
		return
	}
	if !d.examineReadiness(ctx, r.address) {
		return
	}
	workspace, err := answer[client.Workspace](r.GetWorkspaceWithResponse(ctx))
	if err != nil {
		d.fault("API key", because(err), "Set LOCKSTEP_API_KEY to a key of the workspace.")
		return
	}
	d.fine("API key", "%s of workspace %q, with %s", workspace.Role, workspace.Name, plural(workspace.Records.Contact, "contact"))
	list, err := answer[client.ConnectionList](r.ListConnectionsWithResponse(ctx))
	if err != nil {
		d.fault("connections", because(err), "See the API's log.")
		return
	}
	if len(list.Items) == 0 {
		d.skip("connections", "there is none yet", "`starter connect salesforce` makes one.")
	}
	for _, conn := range list.Items {
		d.examineConnection(conn)
	}
}

// examineReadiness tells whether the API at address can serve, and by which
// clock.
func (d *doctor) examineReadiness(ctx context.Context, address string) bool {
	asked := d.now()
	resp, err := get(ctx, address+"/readyz")
	if err != nil {
		d.fault("API", fmt.Sprintf("%s does not answer: %s", address, because(err)), "Start it, or correct LOCKSTEP_API.")
		return false
	}
	defer resp.Body.Close()
	var health client.Health
	if json.NewDecoder(resp.Body).Decode(&health) != nil || health.Checks == nil {
		d.fault("API", fmt.Sprintf("what is at %s is no Lockstep", address), "Correct LOCKSTEP_API.")
		return false
	}
	for name, ok := range health.Checks {
		if !ok {
			d.fault("API", "it cannot reach "+name, "Start "+name+", or correct where the API looks for it.")
		}
	}
	if health.Status == client.HealthStatusOK {
		d.fine("API", "%s can serve", address)
	}
	if said, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
		// The header has whole seconds, cut off.
		d.compareClocks("the API", said.Add(time.Second/2).Sub(asked))
	}
	return true
}

// examineConnection tells how a connection is.
func (d *doctor) examineConnection(conn client.Connection) {
	about := "connection " + conn.ID.String()
	fix := nextStep(conn, calling(conn.Vendor))
	if conn.MissingScopes != nil {
		d.examineScopes(conn.ID.String(), conn.Label, *conn.MissingScopes)
	}
	switch conn.Status {
	case client.StatusUnauthorized, client.StatusError:
		d.fault(about, title(conn)+". "+conn.StatusReason, fix)
		return
	case client.StatusConnecting, client.StatusSettingUp, client.StatusReady, client.StatusPaused, client.StatusDisconnected:
		d.skip(about, title(conn), fix)
		return
	case client.StatusLive:
	}
	every := time.Duration(conn.SyncEverySeconds) * time.Second
	if run := conn.CurrentRun; run != nil && run.State == client.RunStateParked {
		d.fault(about, title(conn)+", and its "+string(run.Kind)+" is "+standing(*run), "It goes on by itself once the reason is gone.")
		return
	}
	switch last := latestOf(conn.SyncedAt, conn.ConnectedAt); {
	case conn.CurrentRun != nil:
		d.fine(about, "%s, and its %s is under way", title(conn), conn.CurrentRun.Kind)
	case time.Since(last) > lateCycles*every+time.Minute:
		d.fault(about, fmt.Sprintf("%s, and nobody has looked for changes for %s, although that is due every %s", title(conn),
			time.Since(last).Round(time.Second), every), "See whether a worker runs, and in Temporal's Web UI whether the Schedule sync/"+conn.ID.String()+" is paused.")
	case conn.SyncedAt == nil:
		d.fine(about, "%s; changes are looked for within %s", title(conn), every)
	default:
		d.fine(about, "%s, synced %s ago", title(conn), time.Since(last).Round(time.Second))
	}
}

// latestOf returns the later of two times that may not be there.
func latestOf(a, b *time.Time) time.Time {
	var last time.Time
	for _, at := range []*time.Time{a, b} {
		if at != nil && at.After(last) {
			last = *at
		}
	}
	return last
}

// get asks an address, within the doctor's patience.
func get(ctx context.Context, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Timeout: doctorPatience}).Do(req)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return nil, failed.Err // whoever tells it knows the address
	}
	return resp, err
}

// loopback tells whether a host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
