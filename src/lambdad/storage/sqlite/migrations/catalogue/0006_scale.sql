-- What is asked about all versions at once is answered without looking at all of them, or at their documents.

-- What functions use of their account in a region. Triggers keep it, whoever changes functions and versions.
CREATE TABLE usage (
    account    TEXT    NOT NULL,
    region     TEXT    NOT NULL,
    functions  INTEGER NOT NULL,
    code_bytes INTEGER NOT NULL,              -- of all versions of the functions
    PRIMARY KEY (account, region)
) STRICT, WITHOUT ROWID;

-- The bytes of all versions of one function: what goes with it when it is deleted.
ALTER TABLE functions ADD COLUMN code_bytes INTEGER NOT NULL DEFAULT 0;
UPDATE functions
SET code_bytes = (SELECT coalesce(sum(v.code_bytes), 0) FROM versions v WHERE v.function_id = functions.id);
INSERT INTO usage SELECT account, region, count(*), sum(code_bytes) FROM functions GROUP BY account, region;

CREATE TRIGGER functions_added AFTER INSERT ON functions BEGIN
    INSERT INTO usage VALUES (new.account, new.region, 1, new.code_bytes)
    ON CONFLICT DO UPDATE SET functions = functions + 1, code_bytes = code_bytes + excluded.code_bytes;
END;
CREATE TRIGGER functions_changed AFTER UPDATE OF code_bytes ON functions BEGIN
    UPDATE usage SET code_bytes = code_bytes - old.code_bytes + new.code_bytes
    WHERE account = new.account AND region = new.region;
END;
CREATE TRIGGER functions_removed AFTER DELETE ON functions BEGIN
    UPDATE usage SET functions = functions - 1, code_bytes = code_bytes - old.code_bytes
    WHERE account = old.account AND region = old.region;
END;
CREATE TRIGGER versions_added AFTER INSERT ON versions BEGIN
    UPDATE functions SET code_bytes = code_bytes + new.code_bytes WHERE id = new.function_id;
END;
CREATE TRIGGER versions_changed AFTER UPDATE OF code_bytes ON versions BEGIN
    UPDATE functions SET code_bytes = code_bytes - old.code_bytes + new.code_bytes WHERE id = new.function_id;
END;
-- Of a version that goes with its function nothing is subtracted here: the function is gone first.
CREATE TRIGGER versions_removed AFTER DELETE ON versions BEGIN
    UPDATE functions SET code_bytes = code_bytes - old.code_bytes WHERE id = old.function_id;
END;

ALTER TABLE versions ADD COLUMN runtime TEXT
    GENERATED ALWAYS AS (json_extract(CAST(document AS TEXT), '$.runtime')) VIRTUAL;
CREATE INDEX versions_runtime ON versions (runtime);
CREATE INDEX versions_code ON versions (code_key);
CREATE INDEX versions_layers ON versions (layer_keys) WHERE layer_keys <> '[]';
