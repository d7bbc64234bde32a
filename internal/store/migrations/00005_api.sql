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

-- +goose Down
DROP TABLE requests;
