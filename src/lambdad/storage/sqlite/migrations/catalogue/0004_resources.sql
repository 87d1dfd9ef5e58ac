-- Resources of every kind beside functions, versions and layers, as documents.
CREATE TABLE resources (
    kind        TEXT NOT NULL,                -- domain.resource.Kind.name
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    function    TEXT NOT NULL,                -- empty: belongs to the account
    name        TEXT NOT NULL,
    function_id INTEGER REFERENCES functions (id) ON DELETE CASCADE,
    qualifier   TEXT,                         -- what of the function it goes with
    found_by    TEXT,
    versions    TEXT NOT NULL,                -- JSON array of the versions it points at
    document    BLOB NOT NULL,                -- JSON of the kind's shape
    PRIMARY KEY (kind, account, region, function, name),
    CHECK ((function = '') = (function_id IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX resources_of_function ON resources (function_id, qualifier);
CREATE INDEX resources_found_by ON resources (kind, found_by) WHERE found_by IS NOT NULL;
