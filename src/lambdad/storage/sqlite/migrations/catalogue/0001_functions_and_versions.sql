-- Functions with their tags, and their versions as documents beside the columns that queries need.
CREATE TABLE functions (
    id           INTEGER PRIMARY KEY,
    account      TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    last_version INTEGER NOT NULL DEFAULT 0,  -- highest number ever published; deleted ones count
    tags         TEXT    NOT NULL,            -- JSON object, in the order the tags were set
    UNIQUE (account, region, name)
) STRICT;

CREATE TABLE versions (
    function_id   INTEGER NOT NULL REFERENCES functions (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,           -- 0 is $LATEST
    revision_id   TEXT    NOT NULL,
    state         TEXT    NOT NULL,
    update_status TEXT,
    code_key      TEXT    NOT NULL,
    code_bytes    INTEGER NOT NULL,
    document      BLOB    NOT NULL,           -- JSON of domain.function.FunctionVersion
    PRIMARY KEY (function_id, number)
) STRICT;

CREATE INDEX versions_unsettled ON versions (function_id)
    WHERE state = 'Pending' OR update_status = 'InProgress';
