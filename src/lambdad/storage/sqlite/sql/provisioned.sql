-- name: write
-- Store or replace the configuration of an existing version.
INSERT INTO provisioned (function_id, number, requested, last_modified)
SELECT v.function_id, v.number, :requested, :last_modified
FROM versions v JOIN functions f ON f.id = v.function_id
WHERE f.account = :account AND f.region = :region AND f.name = :name
  AND v.number = :number AND v.number > 0
ON CONFLICT (function_id, number)
DO UPDATE SET requested = excluded.requested, last_modified = excluded.last_modified;

-- name: read
-- The configuration of one version.
SELECT f.account, f.region, f.name, p.number, p.requested, p.last_modified
FROM provisioned p JOIN functions f ON f.id = p.function_id
WHERE f.account = :account AND f.region = :region AND f.name = :name AND p.number = :number;

-- name: delete
-- Remove the configuration of one version.
DELETE FROM provisioned
WHERE function_id = (SELECT id FROM functions WHERE account = :account AND region = :region AND name = :name)
  AND number = :number;

-- name: list_of
-- A page of one function's configurations, by number.
SELECT f.account, f.region, f.name, p.number, p.requested, p.last_modified
FROM provisioned p JOIN functions f ON f.id = p.function_id
WHERE f.account = :account AND f.region = :region AND f.name = :name AND p.number > :after
ORDER BY p.number LIMIT :limit;

-- name: total
-- All that is requested in one scope, without one version; from the few configurations to their functions.
SELECT coalesce(sum(p.requested), 0)
FROM provisioned p CROSS JOIN functions f ON f.id = p.function_id
WHERE f.account = :account AND f.region = :region AND NOT (f.name = :name AND p.number = :number);

-- name: everywhere
-- Every configuration of any scope.
SELECT f.account, f.region, f.name, p.number, p.requested, p.last_modified
FROM provisioned p CROSS JOIN functions f ON f.id = p.function_id
ORDER BY f.account, f.region, f.name, p.number;
