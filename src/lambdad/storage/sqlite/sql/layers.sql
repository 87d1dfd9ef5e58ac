-- name: next_number
-- Take a layer's next version number, and the layer's name with the first.
INSERT INTO layers (account, region, name, last_version) VALUES (:account, :region, :name, 1)
ON CONFLICT DO UPDATE SET last_version = last_version + 1
RETURNING id, last_version;

-- name: insert_version
-- Store one version of an existing layer.
INSERT INTO layer_versions (layer_id, number, runtimes, architectures, code_key, code_bytes, document)
VALUES (:layer_id, :number, :runtimes, :architectures, :code_key, :code_bytes, :document);

-- name: read_version
-- One version of one layer.
SELECT v.document FROM layer_versions v JOIN layers l ON l.id = v.layer_id
WHERE l.account = :account AND l.region = :region AND l.name = :name AND v.number = :number;

-- name: delete_version
-- Remove one version; the layer stays, because of its numbers.
DELETE FROM layer_versions
WHERE layer_id = (SELECT id FROM layers WHERE account = :account AND region = :region AND name = :name)
  AND number = :number;

-- name: delete_policy
-- Remove the policy of a version that goes.
DELETE FROM resources
WHERE kind = 'layer-policy' AND account = :account AND region = :region AND function = ''
  AND name = :name || ':' || :number;

-- name: list_versions
-- A page of one layer's versions that match, the newest first.
SELECT v.document FROM layer_versions v JOIN layers l ON l.id = v.layer_id
WHERE l.account = :account AND l.region = :region AND l.name = :name
  AND (:before IS NULL OR v.number < :before)
  AND (:runtime IS NULL OR EXISTS (SELECT 1 FROM json_each(v.runtimes) WHERE value = :runtime))
  AND (:architecture IS NULL OR EXISTS (SELECT 1 FROM json_each(v.architectures) WHERE value = :architecture))
ORDER BY v.number DESC LIMIT :limit;

-- name: list_layers
-- A page of layers by name, each as its newest version that matches.
SELECT v.document FROM layers l JOIN layer_versions v ON v.layer_id = l.id
WHERE l.account = :account AND l.region = :region AND l.name > :after
  AND v.number = (
    SELECT max(m.number) FROM layer_versions m
    WHERE m.layer_id = l.id
      AND (:runtime IS NULL OR EXISTS (SELECT 1 FROM json_each(m.runtimes) WHERE value = :runtime))
      AND (:architecture IS NULL OR EXISTS (SELECT 1 FROM json_each(m.architectures) WHERE value = :architecture))
  )
ORDER BY l.name LIMIT :limit;
