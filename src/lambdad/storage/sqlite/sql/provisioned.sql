-- name: write
-- Store or replace the configuration of an existing version or alias.
INSERT INTO provisioned (function_id, qualifier, number, requested, last_modified)
SELECT f.id, :qualifier, max(:number, 0), :requested, :last_modified
FROM functions f
WHERE f.account = :account AND f.region = :region AND f.name = :name
  AND (
    :number > 0 AND EXISTS (SELECT 1 FROM versions v WHERE v.function_id = f.id AND v.number = :number)
    OR EXISTS (
      SELECT 1 FROM resources r WHERE r.function_id = f.id AND r.kind = 'alias' AND r.name = :qualifier
    )
  )
ON CONFLICT (function_id, qualifier)
DO UPDATE SET requested = excluded.requested, last_modified = excluded.last_modified;

-- name: read
-- The configuration of one version or alias.
SELECT f.account, f.region, f.name, p.qualifier, p.requested, p.last_modified
FROM provisioned p JOIN functions f ON f.id = p.function_id
WHERE f.account = :account AND f.region = :region AND f.name = :name AND p.qualifier = :qualifier;

-- name: delete
-- Remove the configuration of one version or alias.
DELETE FROM provisioned
WHERE function_id = (SELECT id FROM functions WHERE account = :account AND region = :region AND name = :name)
  AND qualifier = :qualifier;

-- name: list_of
-- A page of one function's configurations: versions by number, then aliases by name.
SELECT f.account, f.region, f.name, p.qualifier, p.requested, p.last_modified
FROM provisioned p JOIN functions f ON f.id = p.function_id
WHERE f.account = :account AND f.region = :region AND f.name = :name
  AND (p.number = 0, p.number, p.qualifier) > (:after_is_alias, :after_number, :after)
ORDER BY p.number = 0, p.number, p.qualifier LIMIT :limit;

-- name: totals
-- What is requested in one scope, by function, without one version or alias; from the few configurations to
-- their functions.
SELECT f.name, sum(p.requested)
FROM provisioned p CROSS JOIN functions f ON f.id = p.function_id
WHERE f.account = :account AND f.region = :region AND NOT (f.name = :name AND p.qualifier = :qualifier)
GROUP BY f.name;

-- name: everywhere
-- Every configuration of any scope.
SELECT f.account, f.region, f.name, p.qualifier, p.requested, p.last_modified
FROM provisioned p CROSS JOIN functions f ON f.id = p.function_id
ORDER BY f.account, f.region, f.name, p.number = 0, p.number, p.qualifier;
