-- +goose Up
CREATE TABLE workspaces (
    id         uuid PRIMARY KEY,
    key        text NOT NULL UNIQUE CHECK (key ~ '^[a-z0-9]{8}$'), -- prefixes external ids; never changes
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY,
    workspace_id uuid NOT NULL REFERENCES workspaces,
    name         text NOT NULL,
    role         text NOT NULL CHECK (role IN ('admin', 'revops', 'operator', 'crm_owner', 'standard', 'spectator')),
    hash         bytea NOT NULL UNIQUE, -- SHA-256 of the key, which is random enough to need no more
    created_at   timestamptz NOT NULL DEFAULT now(),
    revoked_at   timestamptz
);

CREATE TABLE connections (
    id             uuid PRIMARY KEY,
    workspace_id   uuid NOT NULL REFERENCES workspaces,
    vendor         text NOT NULL,
    status         text NOT NULL,
    status_reason  text NOT NULL DEFAULT '',
    account_id     text, -- null until somebody has authorised it
    account_name   text NOT NULL DEFAULT '',
    environment    text NOT NULL DEFAULT '',
    edition        text NOT NULL DEFAULT '',
    account_user   text NOT NULL DEFAULT '',
    base_url       text NOT NULL DEFAULT '',
    epoch          bigint NOT NULL DEFAULT 1,
    targets        jsonb NOT NULL DEFAULT '{}',
    starting_point text NOT NULL DEFAULT '' CHECK (starting_point IN ('', 'import', 'skip')),
    created_at     timestamptz NOT NULL DEFAULT now(),
    connected_at   timestamptz,
    UNIQUE (workspace_id, id),
    UNIQUE (workspace_id, vendor, account_id)
);

-- What a person is in the middle of authorising. Only hashes of the state and
-- of the browser's cookie are kept, so that a copy of this table opens nothing.
CREATE TABLE oauth_states (
    state_hash      bytea PRIMARY KEY,
    browser_hash    bytea NOT NULL,
    workspace_id    uuid NOT NULL,
    connection_id   uuid NOT NULL,
    sealed_verifier bytea NOT NULL,
    epoch           bigint NOT NULL, -- of the connection when it was begun
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz NOT NULL,
    consumed_at     timestamptz,
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id)
);

-- The links that begin a sign-in, by the hash of what is secret in them. Each
-- works once.
CREATE TABLE connect_links (
    hash          bytea PRIMARY KEY,
    workspace_id  uuid NOT NULL,
    connection_id uuid NOT NULL,
    expires_at    timestamptz NOT NULL,
    opened_at     timestamptz,
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id)
);

CREATE TABLE grants (
    connection_id uuid PRIMARY KEY,
    workspace_id  uuid NOT NULL,
    sealed        bytea NOT NULL,
    version       bigint NOT NULL DEFAULT 1,
    updated_at    timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id)
);

CREATE TABLE schema_fields (
    connection_id uuid NOT NULL,
    workspace_id  uuid NOT NULL,
    crm_type      text NOT NULL,
    fields        jsonb NOT NULL,
    discovered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection_id, crm_type),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id)
);

CREATE TABLE mappings (
    connection_id uuid NOT NULL,
    workspace_id  uuid NOT NULL,
    object        text NOT NULL,
    crm_type      text NOT NULL,
    version       bigint NOT NULL,
    rules         jsonb NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (connection_id, object, version),
    FOREIGN KEY (workspace_id, connection_id) REFERENCES connections (workspace_id, id)
);

-- +goose Down
DROP TABLE mappings, schema_fields, grants, connect_links, oauth_states, connections, api_keys, workspaces;
