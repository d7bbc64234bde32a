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
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/crm"
	"lockstep/internal/crm/all"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
	"lockstep/internal/lockstep"
	"lockstep/internal/oauth"
	"lockstep/internal/secret"
	"lockstep/internal/store"
)

const (
	// doctorPatience bounds each look at something.
	doctorPatience = 5 * time.Second

	// clockSlack is how far clocks may be apart: leases and tokens are reckoned
	// in seconds.
	clockSlack = 5 * time.Second
)

// examineService looks at the settings of the worker and the API, and at what
// they depend on.
func (d *doctor) examineService(ctx context.Context) {
	cfg, err := config.LoadAPI(d.setting)
	if err == nil { // what both have to know is told once
		_, err = config.LoadWorker(d.setting)
	}
	if err != nil {
		d.faults(err)
	} else {
		d.fine("settings", "those of the worker and the API can be used")
	}
	if cfg.DatabaseURL.Reveal() != "" {
		d.examineDatabase(ctx, cfg)
	}
	d.examineTemporal(ctx, cfg.Temporal)
	d.examineApps(ctx, cfg)
}

// examineDatabase looks at PostgreSQL and what it keeps.
func (d *doctor) examineDatabase(ctx context.Context, cfg config.API) {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	pool, err := openPool(ctx, cfg.DatabaseURL.Reveal())
	if err == nil {
		defer pool.Close()
		err = pool.Ping(ctx)
	}
	if err != nil {
		d.fault("PostgreSQL", "cannot be reached: "+because(err), "Start it, or correct DATABASE_URL.")
		return
	}
	d.fine("PostgreSQL", "answers")
	d.examineDatabaseClock(ctx, pool)
	rows := store.New(pool)
	connections, err := rows.AllConnections(ctx)
	if errors.Is(err, context.DeadlineExceeded) || crm.KindOf(err) == crm.KindUnavailable {
		d.fault("PostgreSQL", "does not answer in time: "+because(err), "See whether PostgreSQL is well.")
		return
	}
	if err != nil {
		d.fault("schema", "the tables are not as this version needs them", "Run `starter migrate`.")
		return
	}
	d.fine("schema", "the tables are there, with %s", plural(len(connections), "connection"))
	if cfg.Keyring != nil { // else it was told as a setting
		d.examineKeys(ctx, rows, cfg.Keyring, connections)
	}
}

// examineKeys looks whether the keyset opens every login that is kept.
func (d *doctor) examineKeys(ctx context.Context, rows *store.Store, keyring *secret.Keyring, connections []lockstep.Connection) {
	vault, kept, opened := &oauth.Vault{Rows: rows, Keyring: keyring}, 0, 0
	for _, c := range connections {
		sealed, err := rows.Grant(ctx, c.WorkspaceID, c.ID)
		if crm.KindOf(err) == crm.KindNotFound {
			continue // nobody has signed in, or it was disconnected
		}
		if err != nil {
			d.fault("PostgreSQL", "does not answer in time: "+because(err), "See whether PostgreSQL is well.")
			return
		}
		kept++
		if _, err := vault.Open(c.WorkspaceID, c.ID, sealed); err != nil {
			d.fault("keys", fmt.Sprintf("the keyset does not open the login of connection %s", c.ID),
				"Set the keyset that sealed it, with all its keys; if that is lost, sign in again with `starter connect "+string(c.Vendor)+"`.")
			continue
		}
		opened++
	}
	if opened == kept {
		d.fine("keys", "the keyset opens %s", plural(opened, "login"))
	}
}

// examineDatabaseClock compares our clock with PostgreSQL's, by which claims
// expire.
func (d *doctor) examineDatabaseClock(ctx context.Context, pool *pgxpool.Pool) {
	var now time.Time
	asked := time.Now()
	// It reads no table, so there is nothing for package store to know.
	if err := pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		d.fault("clock of PostgreSQL", "cannot be read: "+because(err), "See whether PostgreSQL is well.")
		return
	}
	d.compareClocks("PostgreSQL", now.Sub(asked.Add(time.Since(asked)/2)), clockSlack)
}

// compareClocks tells how far somebody's clock is ahead of ours.
func (d *doctor) compareClocks(whose string, ahead, slack time.Duration) {
	if ahead.Abs() > slack {
		d.fault("clock of "+whose, fmt.Sprintf("differs from this machine's by %s", ahead.Abs().Round(time.Second)),
			"Have both machines set their clocks by NTP.")
		return
	}
	d.fine("clock of "+whose, "is the same as this machine's, to %s", slack)
}

// examineTemporal looks at Temporal, the namespace and its search attributes.
func (d *doctor) examineTemporal(ctx context.Context, at config.Temporal) {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	c, err := dial.Temporal(ctx, at, zap.NewNop())
	if err != nil {
		d.fault("Temporal", "cannot be reached: "+because(err), "Start it, or correct TEMPORAL_ADDRESS and what belongs to it.")
		return
	}
	defer c.Close()
	d.fine("Temporal", "answers")
	namespace := at.Namespace
	if namespace == "" {
		namespace = client.DefaultNamespace
	}
	there, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		d.fault("Temporal's namespace", fmt.Sprintf("%s cannot be looked at: %s", namespace, because(err)),
			"Make it, with `temporal operator namespace create --namespace "+namespace+"`, or correct TEMPORAL_NAMESPACE.")
		return
	}
	d.fine("Temporal's namespace", "%s is there", namespace)
	needed := []string{flow.AttrWorkspace, flow.AttrConnection, flow.AttrVendor, flow.AttrRun, flow.AttrOutcome}
	var missing []string
	for _, name := range needed {
		if _, ok := there.GetCustomAttributes()[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		d.fault("search attributes", strings.Join(missing, ", ")+" are not there, so nothing can be started",
			"Make each: `temporal operator search-attribute create --namespace "+namespace+" --type Keyword --name "+strings.Join(missing, " --name ")+"`.")
		return
	}
	d.fine("search attributes", "all %d are there", len(needed))
}

// examineApps looks at Lockstep's registrations with the vendors. What a vendor
// has on file cannot be asked; what it has to be is told.
func (d *doctor) examineApps(ctx context.Context, cfg config.API) {
	if len(cfg.Apps) == 0 {
		d.fault("apps", "Lockstep is registered with no CRM",
			"Set LOCKSTEP_<VENDOR>_CLIENT_ID and _CLIENT_SECRET for one of "+strings.Join(vendors(), ", ")+".")
		return
	}
	factories := all.Factories()
	for _, vendor := range slices.Sorted(maps.Keys(cfg.Apps)) {
		app := cfg.Apps[vendor]
		d.fine("app of "+factories[vendor].Label, "its redirect URI has to be exactly %s", app.RedirectURL)
	}
	d.examinePublicURL(ctx, cfg.PublicURL)
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
