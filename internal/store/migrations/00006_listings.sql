-- +goose Up
-- What the CRM had when a run began, where listing it once is cheaper than
-- asking for each key. It goes with the run's end. E-mail addresses are kept as
-- digests: they are compared, and never read.
CREATE TABLE listings (
    run_id       uuid NOT NULL,
    workspace_id uuid NOT NULL,
    crm_id       text NOT NULL,
    external_id  text NOT NULL DEFAULT '',
    email        bytea, -- null when it has none
    PRIMARY KEY (run_id, crm_id),
    FOREIGN KEY (workspace_id, run_id) REFERENCES runs (workspace_id, id)
);
CREATE INDEX listings_external_id ON listings (run_id, external_id) WHERE external_id <> '';
CREATE INDEX listings_email ON listings (run_id, email) WHERE email IS NOT NULL;

ALTER TABLE runs
    ADD COLUMN list_cursor text NOT NULL DEFAULT '', -- of the next page, in the CRM's terms
    ADD COLUMN list_pages  integer NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE runs DROP COLUMN list_cursor, DROP COLUMN list_pages;
DROP TABLE listings;
