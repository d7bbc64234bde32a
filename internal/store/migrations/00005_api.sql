-- +goose Up
-- What was asked with an Idempotency-Key, and what was answered. Keys are the
-- callers' and may be anything, so that only their hashes are kept; answers may
-- hold a link or a secret that is shown once, so that they are sealed.
CREATE TABLE requests (
    workspace_id uuid NOT NULL REFERENCES workspaces,
    key_hash     bytea NOT NULL,
    asked        bytea NOT NULL, -- hash of the method, the address and the kind of body
    body         bytea, -- hash of the body; null until one that is read as it comes has been read
    made_id      uuid NOT NULL, -- of what the request makes, whichever attempt makes it
    token        uuid NOT NULL, -- of who is at it
    held_until   timestamptz NOT NULL,
    answer       bytea, -- null until there is one
    expires_at   timestamptz NOT NULL,
    PRIMARY KEY (workspace_id, key_hash)
);
CREATE INDEX requests_old ON requests (expires_at);

-- Who has changed what. Written in the same transaction as the change where that
-- is one of ours; nothing here is ever changed.
CREATE TABLE audit (
    id           bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    workspace_id uuid NOT NULL REFERENCES workspaces,
    actor        text NOT NULL CHECK (actor IN ('api_key', 'browser', 'temporal-ui')),
    key_id       uuid,
    key_name     text NOT NULL DEFAULT '', -- as it was then
    role         text NOT NULL DEFAULT '',
    action       text NOT NULL,
    target       text NOT NULL DEFAULT '', -- such as connection/<id>
    detail       text NOT NULL DEFAULT '',
    request_id   text NOT NULL DEFAULT ''
);
CREATE INDEX audit_recent ON audit (workspace_id, id DESC);

-- +goose StatementBegin
CREATE FUNCTION refuse_to_change_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_audit();

-- Where a workspace wants to be told, and what it is signed with.
CREATE TABLE alerts (
    workspace_id  uuid PRIMARY KEY REFERENCES workspaces,
    url           text NOT NULL,
    sealed_secret bytea NOT NULL,
    updated_at    timestamptz NOT NULL DEFAULT now()
);

-- The connections whose setup guide nobody wants to see any more.
CREATE TABLE dismissed_guides (
    connection_id uuid PRIMARY KEY,
    workspace_id  uuid NOT NULL,
    dismissed_at  timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id)
);

-- +goose Down
DROP TABLE dismissed_guides, alerts, audit, requests;
DROP FUNCTION refuse_to_change_audit;
