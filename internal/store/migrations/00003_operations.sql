-- +goose Up
ALTER TABLE connections
    ADD COLUMN paused           boolean NOT NULL DEFAULT false, -- by a person; outlives a lost authorisation
    ADD COLUMN owner_id         text NOT NULL DEFAULT '', -- in the CRM's terms: whom new records are given to
    ADD COLUMN owners           jsonb NOT NULL DEFAULT '[]', -- whom records can be given to, as last discovered
    ADD COLUMN sync_seconds     integer NOT NULL DEFAULT 300 CHECK (sync_seconds BETWEEN 60 AND 86400),
    ADD COLUMN mapping_approved bigint NOT NULL DEFAULT 0, -- the version of the mapping that a person has looked at
    ADD COLUMN proven_at        timestamptz, -- when a test contact last arrived
    ADD COLUMN synced_at        timestamptz; -- when a cycle last looked for changes
UPDATE connections SET paused = true WHERE status = 'paused';

-- The one record that is sent to prove a connection. It belongs to no import.
ALTER TABLE records ADD COLUMN test boolean NOT NULL DEFAULT false;

-- Two records with one e-mail address are one person to a CRM.
CREATE INDEX records_email ON records (workspace_id, object, lower(btrim(fields ->> 'email'))) WHERE fields ->> 'email' <> '';

CREATE UNIQUE INDEX runs_one_retry ON runs (connection_id) WHERE kind = 'retry' AND finished_at IS NULL;
CREATE UNIQUE INDEX runs_one_sync ON runs (connection_id) WHERE kind = 'sync' AND finished_at IS NULL;
-- What a person looks through page by page when not all has arrived.
CREATE INDEX ledger_stranded ON ledger (connection_id, record_id) WHERE state IN ('failed', 'waiting', 'skipped');

CREATE INDEX runs_open ON runs (workspace_id, connection_id) WHERE finished_at IS NULL;

-- +goose Down
DROP INDEX ledger_stranded, runs_open, runs_one_sync, runs_one_retry, records_email;
ALTER TABLE records DROP COLUMN test;
ALTER TABLE connections DROP COLUMN paused, DROP COLUMN owner_id, DROP COLUMN owners, DROP COLUMN sync_seconds, DROP COLUMN mapping_approved,
    DROP COLUMN proven_at, DROP COLUMN synced_at;
