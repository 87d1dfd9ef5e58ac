-- What was given out so far, also when its event is gone: written by whatever removes events, so that the
-- highest of this and of the events' own ids is the last one on disk. See decision 0015.
CREATE TABLE tally (
    one        INTEGER PRIMARY KEY CHECK (one = 1),
    last_event INTEGER NOT NULL
) STRICT;

INSERT INTO tally (one, last_event) SELECT 1, coalesce(max(id), 0) FROM events;

-- CRC-32 of request id and payload: SQLite keeps no sums of its pages. Null: of a lambdad that kept none.
ALTER TABLE events ADD COLUMN checksum INTEGER;
