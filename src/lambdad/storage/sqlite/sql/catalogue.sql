-- name: create_function
-- Take a name; nothing happens when it is taken.
INSERT INTO functions (account, region, name, tags) VALUES (:account, :region, :name, :tags)
ON CONFLICT DO NOTHING;

-- name: insert_version
-- Store one version of an existing function.
INSERT INTO versions (
    function_id, number, revision_id, state, update_status, code_key, code_bytes, layer_keys, document
)
SELECT id, :number, :revision_id, :state, :update_status, :code_key, :code_bytes, :layer_keys, :document
FROM functions WHERE account = :account AND region = :region AND name = :name;

-- name: read_version
-- One version of one function.
SELECT v.document FROM versions v JOIN functions f ON f.id = v.function_id
WHERE f.account = :account AND f.region = :region AND f.name = :name AND v.number = :number;

-- name: replace_version
-- Swap a version's document if nobody changed it since it was read.
UPDATE versions
SET revision_id = :revision_id, state = :state, update_status = :update_status,
    code_key = :code_key, code_bytes = :code_bytes, layer_keys = :layer_keys, document = :document
WHERE function_id = (SELECT id FROM functions WHERE account = :account AND region = :region AND name = :name)
  AND number = :number AND revision_id = :expected_revision;

-- name: claim_number
-- Take a version number that was never used before.
UPDATE functions SET last_version = :number
WHERE account = :account AND region = :region AND name = :name AND last_version < :number;

-- name: last_version_number
-- The highest number ever published.
SELECT last_version FROM functions WHERE account = :account AND region = :region AND name = :name;

-- name: delete_version
-- Remove one numbered version.
DELETE FROM versions
WHERE function_id = (SELECT id FROM functions WHERE account = :account AND region = :region AND name = :name)
  AND number = :number AND number > 0;

-- name: delete_function
-- Remove a function; its versions go with it.
DELETE FROM functions WHERE account = :account AND region = :region AND name = :name;

-- name: list_functions
-- A page of $LATEST versions by name.
SELECT v.document FROM functions f JOIN versions v ON v.function_id = f.id AND v.number = 0
WHERE f.account = :account AND f.region = :region AND f.name > :after
ORDER BY f.name LIMIT :limit;

-- name: list_versions_of_function
-- A page of one function's versions, $LATEST first.
SELECT v.document FROM functions f JOIN versions v ON v.function_id = f.id
WHERE f.account = :account AND f.region = :region AND f.name = :name
  AND (f.name, v.number) > (:after_name, :after_number)
ORDER BY v.number LIMIT :limit;

-- name: list_versions_of_all
-- A page of every function's versions, by name and then number.
SELECT v.document FROM functions f JOIN versions v ON v.function_id = f.id
WHERE f.account = :account AND f.region = :region AND (f.name, v.number) > (:after_name, :after_number)
ORDER BY f.name, v.number LIMIT :limit;

-- name: read_tags
-- A function's tags as JSON.
SELECT tags FROM functions WHERE account = :account AND region = :region AND name = :name;

-- name: write_tags
-- Replace a function's tags.
UPDATE functions SET tags = :tags WHERE account = :account AND region = :region AND name = :name;

-- name: usage
-- Functions, their bytes of code and those of layers of one scope.
SELECT coalesce(sum(functions), 0), coalesce(sum(code_bytes), 0), (
    SELECT coalesce(sum(lv.code_bytes), 0) FROM layers l JOIN layer_versions lv ON lv.layer_id = l.id
    WHERE l.account = :account AND l.region = :region
)
FROM usage WHERE account = :account AND region = :region;

-- name: unsettled
-- Versions in the middle of a change, of any scope.
SELECT document FROM versions WHERE state = 'Pending' OR update_status = 'InProgress';

-- name: code_keys
-- Every archive that is a function's own code, and every one that is a layer; those of `layer_lists` come to it.
SELECT DISTINCT code_key FROM versions UNION ALL SELECT DISTINCT code_key FROM layer_versions;

-- name: runtimes
-- The runtimes that versions of functions have, of any scope.
SELECT DISTINCT runtime FROM versions WHERE runtime IS NOT NULL;

-- name: layer_lists
-- The lists of layers that versions of functions have, as JSON.
SELECT DISTINCT layer_keys FROM versions WHERE layer_keys <> '[]';
