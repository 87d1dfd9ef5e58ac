-- How many environments of a published version are kept initialised.
CREATE TABLE provisioned (
    function_id   INTEGER NOT NULL,
    number        INTEGER NOT NULL CHECK (number > 0),
    requested     INTEGER NOT NULL CHECK (requested > 0),
    last_modified TEXT    NOT NULL,
    PRIMARY KEY (function_id, number),
    FOREIGN KEY (function_id, number) REFERENCES versions (function_id, number) ON DELETE CASCADE
) STRICT;
