-- +goose Up
-- What may still be called of each CRM account, by everybody: workers and
-- workspaces alike. A vendor counts per account, and two workspaces that are
-- connected to one account spend the same allowance; so no workspace owns these
-- rows, and none is ever shown them.
--
-- Not logged: they are written many times a second and mean nothing tomorrow.
-- After a crash of PostgreSQL they are gone, and come back with the next call:
-- limits from the vendor's headers, a spent quota from its refusal.

-- One bucket per limit. It is kept as the moment of its next free permit, which
-- every permit that is given moves on by one interval: a schedule rather than a
-- level, so that workers who wait stand in line.
CREATE UNLOGGED TABLE pace_buckets (
    vendor       text NOT NULL,
    account_id   text NOT NULL,
    span         interval NOT NULL, -- that the vendor counts over
    calls        integer NOT NULL CHECK (calls > 0), -- that the vendor allows in it
    others       integer NOT NULL DEFAULT 0, -- of them, what the customer's other applications use
    others_until timestamptz,
    next_at      timestamptz NOT NULL,
    granted      bigint NOT NULL DEFAULT 0, -- ever; what differs between two moments was spent between them
    PRIMARY KEY (vendor, account_id, span)
) WITH (fillfactor = 50);

-- Accounts that are left alone until a moment, because the vendor said so.
CREATE UNLOGGED TABLE pace_parks (
    vendor     text NOT NULL,
    account_id text NOT NULL,
    spent      boolean NOT NULL, -- the day's quota; else a limit of the moment
    until      timestamptz NOT NULL,
    PRIMARY KEY (vendor, account_id, spent)
);

-- +goose Down
DROP TABLE pace_parks, pace_buckets;
