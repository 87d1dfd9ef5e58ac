-- name: function
-- The function a resource belongs to.
SELECT id FROM functions WHERE account = :account AND region = :region AND name = :function;

-- name: version
-- Whether a version is there to be pointed at.
SELECT 1 FROM versions WHERE function_id = :function_id AND number = :number;

-- name: revision_of_version
-- The revision id of a version.
SELECT v.revision_id FROM versions v JOIN functions f ON f.id = v.function_id
WHERE f.account = :account AND f.region = :region AND f.name = :function AND v.number = :number;

-- name: revision_of_alias
-- The revision id of an alias.
SELECT json_extract(CAST(document AS TEXT), '$.revision_id') FROM resources
WHERE kind = 'alias' AND account = :account AND region = :region AND function = :function AND name = :name;

-- name: revise_version
-- Give a version another revision id, in its column and in its document.
UPDATE versions
SET revision_id = :revision_id,
    document = CAST(json_set(CAST(document AS TEXT), '$.revision_id', :revision_id) AS BLOB)
WHERE number = :number AND function_id = (
    SELECT id FROM functions WHERE account = :account AND region = :region AND name = :function
);

-- name: revise_alias
-- Give an alias another revision id.
UPDATE resources SET document = CAST(json_set(CAST(document AS TEXT), '$.revision_id', :revision_id) AS BLOB)
WHERE kind = 'alias' AND account = :account AND region = :region AND function = :function AND name = :name;

-- name: read
-- One resource.
SELECT document FROM resources
WHERE kind = :kind AND account = :account AND region = :region AND function = :function AND name = :name;

-- name: write
-- Store or replace one.
INSERT INTO resources (
    kind, account, region, function, name, function_id, qualifier, found_by, versions, document
) VALUES (
    :kind, :account, :region, :function, :name, :function_id, :qualifier, :found_by, :versions, :document
)
ON CONFLICT DO UPDATE
SET qualifier = excluded.qualifier, found_by = excluded.found_by, versions = excluded.versions,
    document = excluded.document;

-- name: delete
-- Remove one.
DELETE FROM resources
WHERE kind = :kind AND account = :account AND region = :region AND function = :function AND name = :name;

-- name: delete_qualified
-- Remove what is qualified by a version or an alias that goes.
DELETE FROM resources WHERE qualifier = :name AND function_id = (
    SELECT id FROM functions WHERE account = :account AND region = :region AND name = :function
);

-- name: pointing
-- The names of what points at a version.
SELECT r.name FROM resources r JOIN functions f ON f.id = r.function_id, json_each(r.versions) e
WHERE f.account = :account AND f.region = :region AND f.name = :function AND e.value = :version
ORDER BY r.name;

-- name: page_of_function
-- A page of those of one function.
SELECT account, region, function, name, document FROM resources
WHERE kind = :kind AND account = :account AND region = :region AND function = :function
  AND name > :after_name
ORDER BY name LIMIT :limit;

-- name: page_of_all
-- A page of those of one scope.
SELECT account, region, function, name, document FROM resources
WHERE kind = :kind AND account = :account AND region = :region
  AND (function, name) > (:after_function, :after_name)
ORDER BY function, name LIMIT :limit;

-- name: find
-- Those found by a text.
SELECT account, region, function, name, document FROM resources
WHERE kind = :kind AND found_by = :found_by ORDER BY account, region, function, name;

-- name: everywhere
-- All of a kind.
SELECT account, region, function, name, document FROM resources
WHERE kind = :kind ORDER BY account, region, function, name;
