-- name: add
-- Add amounts to what a function has used on a day.
INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
  requests = requests + excluded.requests,
  billed_ms = billed_ms + excluded.billed_ms,
  provisioned_ms = provisioned_ms + excluded.provisioned_ms,
  allocated_ms = allocated_ms + excluded.allocated_ms,
  storage_mib_ms = storage_mib_ms + excluded.storage_mib_ms,
  streamed_bytes = streamed_bytes + excluded.streamed_bytes,
  cached_ms = cached_ms + excluded.cached_ms,
  restores = restores + excluded.restores;

-- name: read
-- What an account used on some days.
SELECT account, region, function, version, architecture, memory_mib, day,
  requests, billed_ms, provisioned_ms, allocated_ms, storage_mib_ms, streamed_bytes, cached_ms, restores
FROM usage WHERE account = :account AND day BETWEEN :since AND :until
ORDER BY account, region, function, version, architecture, memory_mib, day;

-- name: forget
-- Remove what is older than a day.
DELETE FROM usage WHERE day < :day;
