-- name: keep
-- Keep the state of a shard in place of what is kept of it.
INSERT INTO shards VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state;

-- name: read
-- The states of a mapping's shards.
SELECT state FROM shards WHERE mapping = :mapping ORDER BY shard;

-- name: forget
-- Keep nothing of a mapping.
DELETE FROM shards WHERE mapping = :mapping;
