package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"lockstep/internal/config"
	"lockstep/internal/dial"
	"lockstep/internal/flow"
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
	if !d.examineSchema(ctx, pool) {
		return
	}
	rows := store.New(pool)
	connections, err := rows.AllConnections(ctx)
	if err != nil {
		d.fault("PostgreSQL", "connections cannot be listed: "+because(err), "See whether PostgreSQL is well.")
		return
	}
	if cfg.Keyring != nil { // else it was told as a setting
		d.examineGrants(ctx, rows, cfg.Keyring, connections)
	}
}

// examineSchema tells whether the tables are as this version needs them.
func (d *doctor) examineSchema(ctx context.Context, pool *pgxpool.Pool) bool {
	there, needed, err := store.SchemaVersions(ctx, pool)
	switch {
	case err != nil:
		d.fault("schema", "its version cannot be read: "+because(err), "See whether PostgreSQL is well, and whether DATABASE_URL names Lockstep's database and user.")
	case there == 0:
		d.fault("schema", "there are no tables yet", "Run `starter migrate`.")
	case there < needed:
		d.fault("schema", fmt.Sprintf("is at version %d, and this version of Lockstep needs %d", there, needed), "Run `starter migrate`.")
	case there > needed:
		d.fault("schema", fmt.Sprintf("is at version %d, and this starter knows no more than %d", there, needed),
			"Use the starter, the worker and the API of the newest version that ran here.")
	default:
		d.fine("schema", "is at version %d, as this version of Lockstep needs", there)
	}
	return err == nil && there == needed
}

// examineDatabaseClock compares our clock with PostgreSQL's, by which claims
// expire.
func (d *doctor) examineDatabaseClock(ctx context.Context, pool *pgxpool.Pool) {
	var now time.Time
	asked := d.now()
	// It reads no table, so there is nothing for package store to know.
	if err := pool.QueryRow(ctx, "SELECT clock_timestamp()").Scan(&now); err != nil {
		d.fault("clock of PostgreSQL", "cannot be read: "+because(err), "See whether PostgreSQL is well.")
		return
	}
	d.compareClocks("PostgreSQL", now.Sub(asked.Add(d.now().Sub(asked)/2)))
}

// compareClocks tells how far somebody's clock is ahead of ours.
func (d *doctor) compareClocks(whose string, ahead time.Duration) {
	if ahead.Abs() > clockSlack {
		d.fault("clock of "+whose, fmt.Sprintf("differs from this machine's by %s", ahead.Abs().Round(time.Second)),
			"Have both machines set their clocks by NTP.")
		return
	}
	d.fine("clock of "+whose, "is the same as this machine's, to %s", clockSlack)
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
