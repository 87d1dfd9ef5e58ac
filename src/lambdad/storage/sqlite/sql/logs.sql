-- name: create_group
-- Make a log group; nothing happens when it exists.
INSERT INTO log_groups (account, region, name, created_ms, tags)
VALUES (:account, :region, :name, :now_ms, :tags)
ON CONFLICT DO NOTHING;

-- name: group_id
-- The group of that name.
SELECT id FROM log_groups WHERE account = :account AND region = :region AND name = :name;

-- name: delete_group
-- Hide a group with what is in it, until that is freed.
UPDATE log_groups SET account = '', region = '', name = CAST(id AS TEXT)
WHERE account = :account AND region = :region AND name = :name;

-- name: delete_stream
-- Hide a stream with what is in it, until that is freed.
UPDATE streams SET group_id = 0, name = CAST(id AS TEXT) WHERE id = :stream_id;

-- name: set_retention
-- Keep events for so many days, or for ever (NULL).
UPDATE log_groups SET retention_days = :days
WHERE account = :account AND region = :region AND name = :name;

-- name: group_with_retention
-- The group of that name, and for how many days it keeps its events (NULL: for ever).
SELECT id, retention_days FROM log_groups WHERE account = :account AND region = :region AND name = :name;

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
    (first_event_id, events, group_id, stream_id, first_ms, last_ms, ingestion_ms, format, text_bytes, merged,
     body)
VALUES
    (:first_event_id, :events, :group_id, :stream_id, :first_ms, :last_ms, :ingestion_ms, :format, :text_bytes,
     :merged, :body);

-- name: touch_streams
-- Bring the times of streams up to date with their new chunks; `seen` is JSON: [[stream, first ms, last ms], …].
UPDATE streams
SET first_event_ms = min(coalesce(first_event_ms, seen.first_ms), seen.first_ms),
    last_event_ms = max(coalesce(last_event_ms, seen.last_ms), seen.last_ms),
    last_ingestion_ms = :ingestion_ms
FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS first_ms,
             json_extract(value, '$[2]') AS last_ms FROM json_each(:seen)) AS seen
WHERE streams.id = seen.id;

-- name: grow_groups
-- Add to the sizes of groups; `grown` is JSON: [[group, bytes], …].
UPDATE log_groups SET stored_bytes = stored_bytes + grown.bytes
FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS bytes
      FROM json_each(:grown)) AS grown
WHERE log_groups.id = grown.id;

-- name: grow_group
-- Add to a group's size, or take from it.
UPDATE log_groups SET stored_bytes = max(0, stored_bytes + :bytes) WHERE id = :group_id;

-- name: next_event_id
-- The first id no event ever had.
SELECT id FROM next_event;

-- name: set_next_event_id
-- Remember which ids are used.
UPDATE next_event SET id = :id;

-- name: longest_ms
-- The longest time between two events of any chunk.
SELECT longest_ms FROM next_event;

-- name: set_longest_ms
-- Remember a chunk whose events are further apart than those of any before.
UPDATE next_event SET longest_ms = :longest_ms WHERE longest_ms < :longest_ms;

-- name: chunks_of_group_forward
-- Chunks of a group that touch a span of time, earliest first.
SELECT first_event_id, first_ms FROM chunks INDEXED BY chunks_of_group
WHERE group_id = :group_id AND first_ms < :end_ms AND last_ms >= :start_ms
  AND first_ms >= :start_ms - (SELECT longest_ms FROM next_event)
ORDER BY first_ms;

-- name: chunks_of_group_backward
-- Chunks of a group that touch a span of time, latest first.
SELECT first_event_id, last_ms FROM chunks INDEXED BY chunks_of_group_by_end
WHERE group_id = :group_id AND first_ms < :end_ms AND last_ms >= :start_ms
  AND last_ms < :end_ms + (SELECT longest_ms FROM next_event)
ORDER BY last_ms DESC;

-- name: chunks_of_stream_forward
-- Chunks of one stream that touch a span of time, earliest first.
SELECT first_event_id, first_ms FROM chunks
WHERE stream_id = :stream_id AND first_ms < :end_ms AND last_ms >= :start_ms
  AND first_ms >= :start_ms - (SELECT longest_ms FROM next_event)
ORDER BY first_ms;

-- name: chunks_of_stream_backward
-- Chunks of one stream that touch a span of time, latest first.
SELECT first_event_id, last_ms FROM chunks
WHERE stream_id = :stream_id AND first_ms < :end_ms AND last_ms >= :start_ms
  AND first_ms >= :start_ms - (SELECT longest_ms FROM next_event)
ORDER BY last_ms DESC;

-- name: chunks_of_streams_forward
-- Chunks of some streams (a JSON array of their ids) that touch a span of time, earliest first.
SELECT first_event_id, first_ms FROM chunks
WHERE stream_id IN (SELECT value FROM json_each(:streams)) AND first_ms < :end_ms AND last_ms >= :start_ms
  AND first_ms >= :start_ms - (SELECT longest_ms FROM next_event)
ORDER BY first_ms;

-- name: chunks_of_streams_backward
-- Chunks of some streams (a JSON array of their ids) that touch a span of time, latest first.
SELECT first_event_id, last_ms FROM chunks
WHERE stream_id IN (SELECT value FROM json_each(:streams)) AND first_ms < :end_ms AND last_ms >= :start_ms
  AND first_ms >= :start_ms - (SELECT longest_ms FROM next_event)
ORDER BY last_ms DESC;

-- name: read_chunk
-- The body of one chunk with the name of its stream; nothing when the stream was deleted.
SELECT s.name, c.ingestion_ms, c.format, c.body
FROM chunks c JOIN streams s ON s.id = c.stream_id AND s.group_id = c.group_id
WHERE c.first_event_id = :first_event_id;

-- name: chunks_to_merge
-- Small chunks of one stream in the order they were stored.
SELECT first_event_id, text_bytes, ingestion_ms FROM chunks
WHERE stream_id = :stream_id AND merged = 0 ORDER BY first_event_id LIMIT :limit;

-- name: streams_to_merge
-- Streams behind one, with how many small chunks each has, how much text and when the last was stored.
SELECT stream_id, count(*), sum(text_bytes), max(ingestion_ms) FROM chunks
WHERE merged = 0 AND stream_id > :after GROUP BY stream_id ORDER BY stream_id LIMIT :limit;

-- name: mergeable_chunk
-- A chunk that is to be merged.
SELECT group_id, stream_id, first_ms, last_ms, format, body FROM chunks
WHERE first_event_id = :first_event_id AND merged = 0;

-- name: delete_chunk
-- Remove one chunk.
DELETE FROM chunks WHERE first_event_id = :first_event_id;

-- name: delete_unmerged_chunk
-- Remove a chunk whose events are in a merged one from now on.
DELETE FROM chunks WHERE first_event_id = :first_event_id AND merged = 0;

-- name: settle_chunk
-- A chunk stays as it is.
UPDATE chunks SET merged = 1 WHERE first_event_id = :first_event_id;

-- name: groups_with_retention
-- Groups that do not keep their events for ever.
SELECT id, retention_days FROM log_groups WHERE retention_days IS NOT NULL;

-- name: expired_chunks
-- Chunks of a group whose events are all older than it keeps them.
SELECT first_event_id, text_bytes FROM chunks INDEXED BY chunks_of_group_by_end
WHERE group_id = :group_id AND last_ms < :kept_ms ORDER BY last_ms LIMIT :limit;

-- name: doomed_groups
-- Groups that were deleted and are not yet gone.
SELECT id FROM log_groups WHERE account = '' AND id > 0 LIMIT 1;

-- name: doomed_streams
-- Streams that were deleted and are not yet gone.
SELECT id FROM streams WHERE group_id = 0 LIMIT 1;

-- name: streams_of_doomed_group
-- Streams of a deleted group, to go with it.
SELECT id FROM streams WHERE group_id = :group_id LIMIT 1;

-- name: chunks_of_doomed_stream
-- Chunks of a deleted stream.
SELECT first_event_id, text_bytes FROM chunks WHERE stream_id = :stream_id LIMIT :limit;

-- name: remove_stream
-- Remove a stream that has no chunks any more.
DELETE FROM streams WHERE id = :stream_id;

-- name: remove_group
-- Remove a group that has no streams any more.
DELETE FROM log_groups WHERE id = :group_id;

-- name: text_of_stream
-- What a stream counts for in its group's size.
SELECT coalesce(sum(text_bytes), 0) FROM chunks WHERE stream_id = :stream_id;
