-- Metrics are stored as points: what a series comes to in one second, minute, five minutes or hour.
CREATE TABLE series (
    id         INTEGER PRIMARY KEY,
    account    TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    namespace  TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    dimensions TEXT    NOT NULL,              -- JSON array of [name, value] in order of name; '' for none
    last_ms    INTEGER NOT NULL,              -- time of the newest value
    UNIQUE (account, region, namespace, name, dimensions)
) STRICT;

CREATE TABLE points (
    series_id    INTEGER NOT NULL REFERENCES series (id) ON DELETE CASCADE,
    resolution_s INTEGER NOT NULL,            -- 1, 60, 300 or 3600
    start_s      INTEGER NOT NULL,
    unit         TEXT    NOT NULL,
    samples      REAL    NOT NULL,
    total        REAL    NOT NULL,
    minimum      REAL    NOT NULL,
    maximum      REAL    NOT NULL,
    sketch       BLOB,                        -- NULL: all values the same, or single values not known
    PRIMARY KEY (series_id, resolution_s, start_s, unit)
) STRICT, WITHOUT ROWID;
