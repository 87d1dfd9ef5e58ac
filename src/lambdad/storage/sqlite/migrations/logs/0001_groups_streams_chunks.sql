-- Log events are stored in chunks: what one stream wrote between two commits.
CREATE TABLE log_groups (
    id             INTEGER PRIMARY KEY,
    account        TEXT    NOT NULL,
    region         TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    created_ms     INTEGER NOT NULL,
    retention_days INTEGER,                   -- NULL: for ever
    stored_bytes   INTEGER NOT NULL DEFAULT 0,
    tags           TEXT    NOT NULL DEFAULT '{}',
    UNIQUE (account, region, name)
) STRICT;

CREATE TABLE streams (
    id                INTEGER PRIMARY KEY,
    group_id          INTEGER NOT NULL REFERENCES log_groups (id) ON DELETE CASCADE,
    name              TEXT    NOT NULL,
    created_ms        INTEGER NOT NULL,
    first_event_ms    INTEGER,                -- NULL while empty, as the two below
    last_event_ms     INTEGER,
    last_ingestion_ms INTEGER,
    UNIQUE (group_id, name)
) STRICT;

CREATE TABLE chunks (
    first_event_id INTEGER PRIMARY KEY,       -- event i of the chunk has this id plus i
    events         INTEGER NOT NULL,
    group_id       INTEGER NOT NULL REFERENCES log_groups (id) ON DELETE CASCADE,
    stream_id      INTEGER NOT NULL REFERENCES streams (id) ON DELETE CASCADE,
    first_ms       INTEGER NOT NULL,          -- earliest and latest time of its events
    last_ms        INTEGER NOT NULL,
    ingestion_ms   INTEGER NOT NULL,
    compressed     INTEGER NOT NULL,          -- 1: the body is deflated
    body           BLOB    NOT NULL           -- msgpack array of [timestamp_ms, message]
) STRICT;

CREATE INDEX chunks_of_group ON chunks (group_id, first_ms, last_ms);
CREATE INDEX chunks_of_stream ON chunks (stream_id, first_ms, last_ms);

-- One row, so that ids never repeat even when the newest events are deleted.
CREATE TABLE next_event (id INTEGER NOT NULL) STRICT;
INSERT INTO next_event (id) VALUES (1);
