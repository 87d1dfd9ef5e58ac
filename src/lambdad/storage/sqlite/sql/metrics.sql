-- name: series_id
-- The series of that name and dimensions.
SELECT id FROM series
WHERE account = :account AND region = :region AND namespace = :namespace AND name = :name
  AND dimensions = :dimensions;

-- name: count_series
-- How many series an account has in a region.
SELECT count(*) FROM series WHERE account = :account AND region = :region;

-- name: create_series
-- Make a series.
INSERT INTO series (account, region, namespace, name, dimensions, last_ms)
VALUES (:account, :region, :namespace, :name, :dimensions, 0)
RETURNING id;

-- name: touch_series
-- Bring a series' newest time up to date.
UPDATE series SET last_ms = max(last_ms, :last_ms) WHERE id = :series_id;

-- name: list_series
-- A page of series in order; `filters` is a JSON array of [dimension, value or null] that must all be there.
SELECT namespace, name, dimensions, last_ms FROM series AS s
WHERE account = :account AND region = :region AND last_ms >= :since_ms
  AND (namespace, name, dimensions) > (:after_namespace, :after_name, :after_dimensions)
  AND (:namespace IS NULL OR namespace = :namespace) AND (:name IS NULL OR name = :name)
  AND NOT EXISTS (
      SELECT 1 FROM json_each(:filters) AS f
      WHERE NOT EXISTS (
          SELECT 1 FROM json_each(iif(s.dimensions = '', '[]', s.dimensions)) AS d
          WHERE json_extract(d.value, '$[0]') = json_extract(f.value, '$[0]')
            AND (json_extract(f.value, '$[1]') IS NULL
                 OR json_extract(d.value, '$[1]') = json_extract(f.value, '$[1]'))))
ORDER BY namespace, name, dimensions LIMIT :limit;

-- name: read_point
-- One point as it is so far.
SELECT samples, total, minimum, maximum, sketch FROM points
WHERE series_id = :series_id AND resolution_s = :resolution_s AND start_s = :start_s AND unit = :unit;

-- name: write_point
-- Store a point over what it was.
INSERT OR REPLACE INTO points
    (series_id, resolution_s, start_s, unit, samples, total, minimum, maximum, sketch)
VALUES
    (:series_id, :resolution_s, :start_s, :unit, :samples, :total, :minimum, :maximum, :sketch);

-- name: points_with_sketches
-- Points of one resolution in a span of time, oldest first.
SELECT start_s, unit, samples, total, minimum, maximum, sketch FROM points
WHERE series_id = :series_id AND resolution_s = :resolution_s AND start_s >= :start_s AND start_s < :end_s
ORDER BY start_s, unit;

-- name: points_without_sketches
-- The same, for who asks for no percentiles.
SELECT start_s, unit, samples, total, minimum, maximum, NULL FROM points
WHERE series_id = :series_id AND resolution_s = :resolution_s AND start_s >= :start_s AND start_s < :end_s
ORDER BY start_s, unit;

-- name: old_points
-- The oldest points of one resolution that begin before a time.
SELECT start_s, unit, samples, total, minimum, maximum, sketch FROM points
WHERE series_id = :series_id AND resolution_s = :resolution_s AND start_s < :before_s
ORDER BY start_s, unit LIMIT :limit;

-- name: delete_point
-- Forget a point.
DELETE FROM points
WHERE series_id = :series_id AND resolution_s = :resolution_s AND start_s = :start_s AND unit = :unit;

-- name: next_series
-- The series behind an id.
SELECT id FROM series WHERE id > :after ORDER BY id LIMIT :limit;

-- name: delete_dead_series
-- Forget a series that has not been measured for long and has no point any more.
DELETE FROM series
WHERE id = :series_id AND last_ms < :before_ms
  AND NOT EXISTS (SELECT 1 FROM points WHERE series_id = :series_id);
