-- name: lanes
-- Every lane.
SELECT id, account, region, function, qualifier, paused FROM lanes;

-- name: insert_lane
-- A lane, with the number it has been given.
INSERT INTO lanes (id, account, region, function, qualifier, paused) VALUES (?, ?, ?, ?, ?, 0)
ON CONFLICT DO NOTHING;

-- name: pause
-- Pause a lane, or go on with it.
UPDATE lanes SET paused = ? WHERE id = ?;

-- name: last_ids
-- The highest numbers given so far to events, lanes and deliveries.
SELECT
    max(coalesce((SELECT max(id) FROM events), 0), (SELECT last_event FROM tally)),
    coalesce((SELECT max(id) FROM lanes), 0),
    coalesce((SELECT max(id) FROM deliveries), 0);

-- name: tally
-- Note the last event before events are removed, while it is still known.
UPDATE tally SET last_event = max(last_event, (SELECT coalesce(max(id), 0) FROM events));

-- name: insert_event
-- An accepted event.
INSERT INTO events (id, lane, due_ms, accepted_ms, attempts, refusals, request_id, trace, tenant, payload,
    checksum)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: again
-- An event to be tried again.
UPDATE events SET due_ms = ?, attempts = ?, refusals = ? WHERE id = ?;

-- name: end_event
-- Events that have ended; their ids are JSON.
DELETE FROM events WHERE id IN (SELECT value FROM json_each(?));

-- name: claim
-- Events of a lane that are due, without those that are taken, as one JSON array of rows: after each row that
-- SQLite gives, its thread waits for the interpreter, which the event loop is using. The casts are for damaged rows: JSON has no bytes.
SELECT json_group_array(json_array(
    id, due_ms, accepted_ms, attempts, refusals, CAST(request_id AS TEXT), CAST(trace AS TEXT),
    CAST(tenant AS TEXT), hex(payload), checksum
))
FROM (
    SELECT * FROM events
    WHERE lane = ? AND due_ms <= ? AND id NOT IN (SELECT value FROM json_each(?))
    ORDER BY due_ms, id LIMIT ?
);

-- name: aged
-- Of the first events of a lane that are not taken those that were accepted before; ids rise with acceptance.
SELECT * FROM (
    SELECT id, due_ms, accepted_ms, attempts, refusals, request_id, trace, tenant, payload, checksum
FROM events
    INDEXED BY events_of_lane
    WHERE lane = ? AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?
) WHERE accepted_ms < ?;

-- name: next_due
-- When the first event of a lane that is not taken is due.
SELECT due_ms FROM events WHERE lane = ? AND id NOT IN (SELECT value FROM json_each(?))
ORDER BY due_ms LIMIT 1;

-- name: backlogs
-- What is queued, by lane; only indices are read through, for there may be a million; ids rise with acceptance.
WITH counted AS (SELECT lane, count(*) AS events FROM events INDEXED BY events_of_lane GROUP BY lane)
SELECT lane, events,
    (SELECT accepted_ms FROM events INDEXED BY events_of_lane WHERE lane = counted.lane ORDER BY id LIMIT 1),
    (SELECT due_ms FROM events INDEXED BY events_due WHERE lane = counted.lane ORDER BY due_ms LIMIT 1)
FROM counted;

-- name: first
-- The first events of a lane in the order in which they are due, without what is in them.
SELECT request_id, accepted_ms, due_ms, attempts, refusals FROM events INDEXED BY events_due
WHERE lane = ? ORDER BY due_ms, id LIMIT ?;

-- name: purge
-- Remove what is queued in a lane and not taken.
DELETE FROM events WHERE lane = ? AND id NOT IN (SELECT value FROM json_each(?));

-- name: last_accepted
-- When the last event was accepted.
SELECT accepted_ms FROM events ORDER BY id DESC LIMIT 1;

-- name: not_accepted_after
-- Take events that were accepted by a clock that was ahead for accepted now.
UPDATE events SET accepted_ms = ?1, due_ms = min(due_ms, ?1 + max(0, due_ms - accepted_ms)) WHERE accepted_ms > ?1;

-- name: events_not_later
-- Bring forward events that are due too late; lane by lane, as the index goes.
UPDATE events SET due_ms = ?1 WHERE lane IN (SELECT id FROM lanes) AND due_ms > ?1;

-- name: deliveries_not_later
-- Bring forward deliveries that are due too late.
UPDATE deliveries SET due_ms = ?1 WHERE due_ms > ?1;

-- name: insert_delivery
-- A message that is owed.
INSERT INTO deliveries (
    id, account, region, due_ms, attempts, target, function_arn, request_id, trace, attributes, body, role
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: owe
-- A message that did not arrive.
UPDATE deliveries SET due_ms = ?, attempts = ? WHERE id = ?;

-- name: delivered
-- A message that is owed no longer.
DELETE FROM deliveries WHERE id = ?;

-- name: deliveries
-- Messages that are due, without those that are taken.
SELECT id, account, region, due_ms, attempts, target, function_arn, request_id, trace, attributes, body, role
FROM deliveries
WHERE due_ms <= ? AND id NOT IN (SELECT value FROM json_each(?))
  AND target NOT IN (SELECT value FROM json_each(?))
ORDER BY due_ms, id LIMIT ?;

-- name: next_delivery
-- When the first message that is not taken is due.
SELECT due_ms FROM deliveries
WHERE id NOT IN (SELECT value FROM json_each(?)) AND target NOT IN (SELECT value FROM json_each(?))
ORDER BY due_ms LIMIT 1;

-- name: owed
-- What is owed, by target.
SELECT account, region, target, count(*), max(attempts), min(due_ms) FROM deliveries
GROUP BY account, region, target ORDER BY 6, 3;
