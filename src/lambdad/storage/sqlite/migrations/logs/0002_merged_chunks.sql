-- Chunks of one stream are merged into larger ones, groups and streams go in small steps, and reading in both
-- directions of time has an index.
ALTER TABLE chunks RENAME COLUMN compressed TO format;                 -- log_chunks.Format
ALTER TABLE chunks ADD COLUMN text_bytes INTEGER NOT NULL DEFAULT 0;   -- in the group's size
ALTER TABLE chunks ADD COLUMN merged INTEGER NOT NULL DEFAULT 0;       -- 1: as large as it is to be
UPDATE chunks SET text_bytes = length(body) * CASE format WHEN 1 THEN 4 ELSE 1 END;
UPDATE chunks SET merged = 1 WHERE text_bytes >= 131072;

-- Event i of a chunk has the number `first_event_id` plus i unless its body names runs.
CREATE INDEX chunks_of_group_by_end ON chunks (group_id, last_ms, first_ms);
CREATE INDEX chunks_to_merge ON chunks (stream_id, first_event_id, text_bytes, ingestion_ms) WHERE merged = 0;

-- The longest time between two events of a chunk: how far from a span of time its chunks can begin or end.
ALTER TABLE next_event ADD COLUMN longest_ms INTEGER NOT NULL DEFAULT 0;
UPDATE next_event SET longest_ms = (SELECT coalesce(max(last_ms - first_ms), 0) FROM chunks);

-- What is deleted is moved here at once and freed in small steps: streams into the group without account,
-- groups by losing theirs.
INSERT INTO log_groups (id, account, region, name, created_ms) VALUES (0, '', '', '', 0);
