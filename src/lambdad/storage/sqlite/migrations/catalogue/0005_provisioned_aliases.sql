-- Provisioned concurrency of aliases beside that of versions: it goes with whichever it is of.
CREATE TABLE provisioned_by_qualifier (
    function_id   INTEGER NOT NULL REFERENCES functions (id) ON DELETE CASCADE,
    qualifier     TEXT    NOT NULL,           -- a version's number, or an alias
    number        INTEGER NOT NULL,           -- of the version; 0 for an alias
    requested     INTEGER NOT NULL CHECK (requested > 0),
    last_modified TEXT    NOT NULL,
    PRIMARY KEY (function_id, qualifier)
) STRICT;

INSERT INTO provisioned_by_qualifier (function_id, qualifier, number, requested, last_modified)
SELECT function_id, CAST(number AS TEXT), number, requested, last_modified FROM provisioned;

DROP TABLE provisioned;
ALTER TABLE provisioned_by_qualifier RENAME TO provisioned;

CREATE TRIGGER provisioned_goes_with_its_version AFTER DELETE ON versions
BEGIN
    DELETE FROM provisioned WHERE function_id = OLD.function_id AND number = OLD.number AND number > 0;
END;

CREATE TRIGGER provisioned_goes_with_its_alias AFTER DELETE ON resources WHEN OLD.kind = 'alias'
BEGIN
    DELETE FROM provisioned WHERE function_id = OLD.function_id AND qualifier = OLD.name;
END;
