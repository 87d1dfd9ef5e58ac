-- Accepted events until they have ended, and messages until they are delivered.
CREATE TABLE lanes (
    id        INTEGER PRIMARY KEY,
    account   TEXT    NOT NULL,
    region    TEXT    NOT NULL,
    function  TEXT    NOT NULL,
    qualifier TEXT    NOT NULL,               -- empty: none was given
    paused    INTEGER NOT NULL DEFAULT 0,
    UNIQUE (account, region, function, qualifier)
) STRICT;

CREATE TABLE events (
    id          INTEGER PRIMARY KEY,          -- rises with acceptance
    lane        INTEGER NOT NULL,             -- of lanes; not a foreign key: it is checked by nobody but us
    due_ms      INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    attempts    INTEGER NOT NULL,
    refusals    INTEGER NOT NULL,
    request_id  TEXT    NOT NULL,
    trace       TEXT    NOT NULL,
    tenant      TEXT,
    payload     BLOB    NOT NULL
) STRICT;

CREATE INDEX events_due ON events (lane, due_ms);
CREATE INDEX events_of_lane ON events (lane);

CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY,
    account      TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    due_ms       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    target       TEXT    NOT NULL,
    function_arn TEXT    NOT NULL,
    request_id   TEXT    NOT NULL,
    trace        TEXT    NOT NULL,
    attributes   TEXT    NOT NULL,            -- JSON array of [name, type, value]
    body         BLOB    NOT NULL
) STRICT;

CREATE INDEX deliveries_due ON deliveries (due_ms);
