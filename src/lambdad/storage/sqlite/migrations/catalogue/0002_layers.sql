-- Layers and their versions, and which layers' code a version of a function refers to.
CREATE TABLE layers (
    id           INTEGER PRIMARY KEY,
    account      TEXT    NOT NULL,
    region       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    last_version INTEGER NOT NULL,            -- highest number ever published; the row outlives its versions
    UNIQUE (account, region, name)
) STRICT;

CREATE TABLE layer_versions (
    layer_id      INTEGER NOT NULL REFERENCES layers (id) ON DELETE CASCADE,
    number        INTEGER NOT NULL,
    runtimes      TEXT    NOT NULL,           -- JSON array, for filters
    architectures TEXT    NOT NULL,           -- JSON array, for filters
    code_key      TEXT    NOT NULL,
    code_bytes    INTEGER NOT NULL,
    document      BLOB    NOT NULL,           -- JSON of domain.layer.LayerVersion
    PRIMARY KEY (layer_id, number)
) STRICT;

-- JSON array of the code keys of a version's layers, in order.
ALTER TABLE versions ADD COLUMN layer_keys TEXT NOT NULL DEFAULT '[]';
