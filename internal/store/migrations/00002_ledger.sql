-- +goose Up
CREATE TABLE records (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces,
    object       text NOT NULL,
    external_id  text NOT NULL,
    revision     bigint NOT NULL DEFAULT 1,
    fields       jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (workspace_id, object, external_id),
    UNIQUE (workspace_id, id)
);

CREATE TABLE runs (
    id             uuid PRIMARY KEY,
    workspace_id   uuid NOT NULL,
    connection_id  uuid NOT NULL,
    kind           text NOT NULL,
    state          text NOT NULL,
    reason         text NOT NULL DEFAULT '',
    link_up        text NOT NULL DEFAULT 'keys',
    total          bigint NOT NULL DEFAULT 0,
    created        bigint NOT NULL DEFAULT 0,
    updated        bigint NOT NULL DEFAULT 0,
    unchanged      bigint NOT NULL DEFAULT 0,
    waiting        bigint NOT NULL DEFAULT 0,
    skipped        bigint NOT NULL DEFAULT 0,
    failed         bigint NOT NULL DEFAULT 0,
    started_at     timestamptz NOT NULL DEFAULT now(),
    first_claim_at timestamptz,
    last_settle_at timestamptz,
    finished_at    timestamptz,
    parked_until   timestamptz,
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id)
);
-- A second import or resync of a connection is refused while one is open.
CREATE UNIQUE INDEX runs_one_import ON runs (connection_id) WHERE kind = 'import' AND finished_at IS NULL;
CREATE INDEX runs_recent ON runs (connection_id, started_at DESC);

-- One row per (connection, record): what should be in the CRM (desired), what
-- is there (crm_type, crm_id, hash), and the state between. A claimed row is a
-- pending one with a claim: claiming changes no indexed column, so that it is
-- done in place.
CREATE TABLE ledger (
    connection_id uuid NOT NULL,
    record_id     uuid NOT NULL,
    workspace_id  uuid NOT NULL,
    object        text NOT NULL,
    state         text NOT NULL CHECK (state IN ('pending', 'synced', 'failed', 'waiting', 'skipped')),
    run_id        uuid, -- that marked it; null when a change did
    desired       bigint NOT NULL, -- the record's revision
    crm_type      text,
    crm_id        text,
    hash          bytea,
    in_doubt      boolean NOT NULL DEFAULT false,
    absent        boolean NOT NULL DEFAULT false,
    force         boolean NOT NULL DEFAULT false,
    attempts      integer NOT NULL DEFAULT 0,
    claim         uuid,
    claim_until   timestamptz,
    not_before    timestamptz,
    problem       text,
    detail        text,
    settled_at    timestamptz,
    PRIMARY KEY (connection_id, record_id),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id),
    FOREIGN KEY (workspace_id, record_id) REFERENCES records (workspace_id, id)
) WITH (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ledger_pending ON ledger (connection_id, run_id, record_id) WHERE state = 'pending';
CREATE INDEX ledger_problem ON ledger (connection_id, problem) WHERE problem IS NOT NULL;
CREATE UNIQUE INDEX ledger_link ON ledger (connection_id, crm_type, crm_id) WHERE crm_id IS NOT NULL;

-- No foreign key: checking it would cost a tenth of an import, and the only
-- statements that write here take both ids from rows that have one.
CREATE TABLE events (
    id            bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    at            timestamptz NOT NULL DEFAULT now(),
    workspace_id  uuid NOT NULL,
    connection_id uuid NOT NULL,
    run_id        uuid,
    record_id     uuid,
    object        text NOT NULL DEFAULT '',
    outcome       text NOT NULL, -- of a record, or what happened to the run or the connection
    crm_type      text,
    crm_id        text,
    problem       text,
    detail        text
) PARTITION BY RANGE (at);
CREATE TABLE events_other PARTITION OF events DEFAULT;
CREATE INDEX events_recent ON events (connection_id, id DESC);

-- +goose StatementBegin
-- Adds the partitions of events for yesterday, today and the next days. Calling
-- it again, or from several processes at once, changes nothing.
CREATE FUNCTION ensure_event_partitions() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    day date;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('events'));
    FOR i IN -1..3 LOOP
        day := (now() AT TIME ZONE 'utc')::date + i;
        name := 'events_' || to_char(day, 'YYYYMMDD');
        IF to_regclass(name) IS NULL AND NOT EXISTS (
            SELECT FROM events_other WHERE at >= day::timestamp AT TIME ZONE 'utc' AND at < (day + 1)::timestamp AT TIME ZONE 'utc'
        ) THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF events FOR VALUES FROM (%L) TO (%L)',
                name, day::timestamp AT TIME ZONE 'utc', (day + 1)::timestamp AT TIME ZONE 'utc');
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd
SELECT ensure_event_partitions();

-- +goose Down
DROP FUNCTION ensure_event_partitions;
DROP TABLE events, ledger, runs, records;
