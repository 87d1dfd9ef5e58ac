-- name: create_group
-- Make a log group; nothing happens when it exists.
INSERT INTO log_groups (account, region, name, created_ms, tags)
VALUES (:account, :region, :name, :now_ms, :tags)
ON CONFLICT DO NOTHING;

-- name: group_id
-- The group of that name.
SELECT id FROM log_groups WHERE account = :account AND region = :region AND name = :name;

-- name: delete_group
-- Remove a group; streams and chunks go with it.
DELETE FROM log_groups WHERE account = :account AND region = :region AND name = :name;

-- name: delete_stream
-- Remove a stream; its chunks go with it.
DELETE FROM streams WHERE group_id = :group_id AND name = :name;

-- name: set_retention
-- Keep events for so many days, or for ever (NULL).
UPDATE log_groups SET retention_days = :days
WHERE account = :account AND region = :region AND name = :name;

-- name: retention
-- For how many days a group keeps its events; NULL: for ever.
SELECT retention_days FROM log_groups WHERE id = :group_id;

-- name: read_tags
-- A group's tags as JSON.
SELECT tags FROM log_groups WHERE account = :account AND region = :region AND name = :name;

-- name: write_tags
-- Replace a group's tags.
UPDATE log_groups SET tags = :tags WHERE account = :account AND region = :region AND name = :name;

-- name: read_group
-- One group.
SELECT name, created_ms, stored_bytes, retention_days FROM log_groups
WHERE account = :account AND region = :region AND name = :name;

-- name: list_groups
-- A page of groups by name, of a prefix or containing a pattern (both may be empty).
SELECT name, created_ms, stored_bytes, retention_days FROM log_groups
WHERE account = :account AND region = :region AND name > :after
  AND substr(name, 1, length(:prefix)) = :prefix AND instr(name, :pattern) > 0
ORDER BY name LIMIT :limit;

-- name: create_stream
-- Make a stream in a group; nothing happens when it exists.
INSERT INTO streams (group_id, name, created_ms) VALUES (:group_id, :name, :now_ms)
ON CONFLICT DO NOTHING;

-- name: stream_id
-- The stream of that name.
SELECT id FROM streams WHERE group_id = :group_id AND name = :name;

-- name: stream_ids_of_prefix
-- The streams whose names begin with a prefix.
SELECT id FROM streams WHERE group_id = :group_id AND substr(name, 1, length(:prefix)) = :prefix;

-- name: list_streams_by_name
-- A page of streams by name.
SELECT name, created_ms, first_event_ms, last_event_ms, last_ingestion_ms FROM streams
WHERE group_id = :group_id AND substr(name, 1, length(:prefix)) = :prefix
  AND (:after IS NULL OR name > :after)
ORDER BY name LIMIT :limit;

-- name: list_streams_by_name_descending
-- A page of streams by name, last names first.
SELECT name, created_ms, first_event_ms, last_event_ms, last_ingestion_ms FROM streams
WHERE group_id = :group_id AND substr(name, 1, length(:prefix)) = :prefix
  AND (:after IS NULL OR name < :after)
ORDER BY name DESC LIMIT :limit;

-- name: list_streams_by_time
-- A page of streams by the time of their last event, oldest first; empty ones before all.
SELECT name, created_ms, first_event_ms, last_event_ms, last_ingestion_ms FROM streams
WHERE group_id = :group_id AND substr(name, 1, length(:prefix)) = :prefix
  AND (:after IS NULL OR (coalesce(last_event_ms, -1), name) >
       (SELECT coalesce(s.last_event_ms, -1), s.name FROM streams s WHERE s.group_id = :group_id AND s.name = :after))
ORDER BY coalesce(last_event_ms, -1), name LIMIT :limit;

-- name: list_streams_by_time_descending
-- A page of streams by the time of their last event, newest first; empty ones behind all.
SELECT name, created_ms, first_event_ms, last_event_ms, last_ingestion_ms FROM streams
WHERE group_id = :group_id AND substr(name, 1, length(:prefix)) = :prefix
  AND (:after IS NULL OR (coalesce(last_event_ms, -1), name) <
       (SELECT coalesce(s.last_event_ms, -1), s.name FROM streams s WHERE s.group_id = :group_id AND s.name = :after))
ORDER BY coalesce(last_event_ms, -1) DESC, name DESC LIMIT :limit;

-- name: insert_chunk
-- Store a chunk of events.
INSERT INTO chunks
    (first_event_id, events, group_id, stream_id, first_ms, last_ms, ingestion_ms, compressed, body)
VALUES
    (:first_event_id, :events, :group_id, :stream_id, :first_ms, :last_ms, :ingestion_ms, :compressed, :body);

-- name: touch_stream
-- Bring a stream's times up to date with a chunk.
UPDATE streams
SET first_event_ms = min(coalesce(first_event_ms, :first_ms), :first_ms),
    last_event_ms = max(coalesce(last_event_ms, :last_ms), :last_ms),
    last_ingestion_ms = :ingestion_ms
WHERE id = :stream_id;

-- name: grow_group
-- Add to a group's size.
UPDATE log_groups SET stored_bytes = stored_bytes + :bytes WHERE id = :group_id;

-- name: next_event_id
-- The first id no event ever had.
SELECT id FROM next_event;

-- name: set_next_event_id
-- Remember which ids are used.
UPDATE next_event SET id = :id;

-- name: chunk_with_event
-- The chunk that holds an event, if one does.
SELECT first_event_id, events, compressed, body FROM chunks
WHERE first_event_id <= :event_id ORDER BY first_event_id DESC LIMIT 1;

-- name: chunks_of_group_forward
-- Chunks of a group that touch a span of time, earliest first.
SELECT first_event_id, first_ms FROM chunks
WHERE group_id = :group_id AND first_ms < :end_ms AND last_ms >= :start_ms ORDER BY first_ms;

-- name: chunks_of_group_backward
-- Chunks of a group that touch a span of time, latest first.
SELECT first_event_id, last_ms FROM chunks
WHERE group_id = :group_id AND first_ms < :end_ms AND last_ms >= :start_ms ORDER BY last_ms DESC;

-- name: chunks_of_streams_forward
-- Chunks of some streams (a JSON array of their ids) that touch a span of time, earliest first.
SELECT first_event_id, first_ms FROM chunks
WHERE stream_id IN (SELECT value FROM json_each(:streams)) AND first_ms < :end_ms AND last_ms >= :start_ms
ORDER BY first_ms;

-- name: chunks_of_streams_backward
-- Chunks of some streams (a JSON array of their ids) that touch a span of time, latest first.
SELECT first_event_id, last_ms FROM chunks
WHERE stream_id IN (SELECT value FROM json_each(:streams)) AND first_ms < :end_ms AND last_ms >= :start_ms
ORDER BY last_ms DESC;

-- name: read_chunk
-- The events of one chunk with the name of their stream.
SELECT s.name, c.ingestion_ms, c.compressed, c.body
FROM chunks c JOIN streams s ON s.id = c.stream_id WHERE c.first_event_id = :first_event_id;
