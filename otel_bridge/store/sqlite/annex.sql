-- name: feedback_all
SELECT id, weave_ref, feedback_type, CAST(members AS BLOB), created_at
FROM feedback WHERE project = ?1 ORDER BY number;

-- name: feedback_of_ids
SELECT id, weave_ref, feedback_type, CAST(members AS BLOB), created_at
FROM feedback WHERE project = ?1 AND id IN (SELECT value FROM json_each(?2)) ORDER BY number;

-- name: feedback_of_refs
SELECT id, weave_ref, feedback_type, CAST(members AS BLOB), created_at
FROM feedback WHERE project = ?1 AND weave_ref IN (SELECT value FROM json_each(?2)) ORDER BY number;

-- name: oldest_feedback
SELECT id, weave_ref, feedback_type, CAST(members AS BLOB), created_at
FROM feedback WHERE project = ?1 ORDER BY created_at, number LIMIT ?3 OFFSET ?2;

-- name: newest_feedback
SELECT id, weave_ref, feedback_type, CAST(members AS BLOB), created_at
FROM feedback WHERE project = ?1 ORDER BY created_at DESC, number LIMIT ?3 OFFSET ?2;

-- name: all_feedback
SELECT count(*) FROM feedback WHERE project = ?1;

-- name: put_feedback
INSERT INTO feedback (project, id, weave_ref, call_id, feedback_type, created_at, members)
VALUES (?, ?, ?, ?, ?, ?, CAST(? AS TEXT))
ON CONFLICT (project, id) DO UPDATE SET
    weave_ref = excluded.weave_ref,
    call_id = excluded.call_id,
    feedback_type = excluded.feedback_type,
    members = excluded.members;

-- name: count_feedback
SELECT count(*) FROM feedback WHERE project = ?1 AND id IN (SELECT value FROM json_each(?2));

-- name: drop_feedback
DELETE FROM feedback WHERE project = ?1 AND id IN (SELECT value FROM json_each(?2));

-- name: drop_feedback_of
DELETE FROM feedback WHERE project = ? AND call_id = ?;

-- name: expire_feedback_of
-- The feedback of the calls that `expire_calls` removes.
DELETE FROM feedback WHERE number IN (
    SELECT f.number
    FROM calls AS c
    CROSS JOIN feedback AS f ON f.project = c.project AND f.call_id = c.id
    WHERE c.seq <= ?
);

-- name: any_feedback
SELECT EXISTS (SELECT 1 FROM feedback WHERE call_id IS NOT NULL);

-- name: any_old_feedback
SELECT EXISTS (SELECT 1 FROM feedback WHERE call_id IS NOT NULL AND created_at < ?);

-- name: expire_feedback
DELETE FROM feedback WHERE number IN (
    SELECT number FROM feedback WHERE call_id IS NOT NULL AND created_at < ?1 ORDER BY created_at LIMIT ?2
);

-- name: expire_old_feedback_of
-- Of projects (a JSON array of numbers), what was given before a time.
DELETE FROM feedback
WHERE call_id IS NOT NULL AND created_at < ?1 AND project IN (SELECT value FROM json_each(?2));

-- name: evict_feedback
DELETE FROM feedback WHERE number IN (
    SELECT number FROM feedback WHERE call_id IS NOT NULL ORDER BY created_at LIMIT ?
);

-- name: prices
SELECT CAST(content AS BLOB) FROM prices WHERE project = ? ORDER BY number;

-- name: put_price
INSERT OR REPLACE INTO prices (project, id, content) VALUES (?, ?, CAST(? AS TEXT));

-- name: count_prices
SELECT count(*) FROM prices WHERE project = ?1 AND id IN (SELECT value FROM json_each(?2));

-- name: drop_prices
DELETE FROM prices WHERE project = ?1 AND id IN (SELECT value FROM json_each(?2));

-- name: versions_all
SELECT object_id, is_op, digest, version, base_class, leaf_class, wb_user_id, created_at, deleted_at, size
FROM objects WHERE project = ?1 ORDER BY object_id, is_op, version;

-- name: versions_of
SELECT object_id, is_op, digest, version, base_class, leaf_class, wb_user_id, created_at, deleted_at, size
FROM objects WHERE project = ?1 AND object_id IN (SELECT value FROM json_each(?2))
ORDER BY object_id, is_op, version;

-- name: monitors
-- From an index of its own; the class is `scoring.watching.MONITOR`.
SELECT DISTINCT object_id FROM objects
WHERE project = ?1 AND (leaf_class = 'Monitor' OR base_class = 'Monitor') ORDER BY object_id;

-- name: projects_with_monitors
SELECT DISTINCT p.name
FROM objects AS o
JOIN projects AS p ON p.number = o.project
WHERE o.leaf_class = 'Monitor' OR o.base_class = 'Monitor';

-- name: value
SELECT CAST(val AS BLOB) FROM objects WHERE project = ? AND object_id = ? AND is_op = ? AND digest = ?;

-- name: put_version
INSERT INTO objects (
    project, object_id, is_op, digest, version, base_class, leaf_class, wb_user_id, created_at, deleted_at,
    size, val
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))
ON CONFLICT (project, object_id, is_op, digest) DO UPDATE SET
    version = excluded.version,
    base_class = excluded.base_class,
    leaf_class = excluded.leaf_class,
    wb_user_id = excluded.wb_user_id,
    created_at = excluded.created_at,
    deleted_at = excluded.deleted_at,
    size = excluded.size,
    val = excluded.val;

-- name: file
SELECT content FROM files WHERE project = ? AND digest = ?;

-- name: put_file
INSERT OR IGNORE INTO files (project, digest, size, content) VALUES (?, ?, ?, ?) RETURNING number;

-- name: find_table
SELECT number, rows FROM tables WHERE project = ? AND digest = ?;

-- name: table_digests
SELECT r.digest
FROM table_places AS p
JOIN table_rows AS r ON r.number = p.row
WHERE p.in_table = ? ORDER BY p.place;

-- name: table_rows
SELECT r.digest, CAST(r.val AS BLOB)
FROM table_places AS p
JOIN table_rows AS r ON r.number = p.row
WHERE p.in_table = ?1 AND p.place >= ?2 AND p.place < ?3 ORDER BY p.place;

-- name: rows
SELECT digest, CAST(val AS BLOB)
FROM table_rows WHERE project = ?1 AND digest IN (SELECT value FROM json_each(?2));

-- name: put_row
INSERT OR IGNORE INTO table_rows (project, digest, size, val) VALUES (?, ?, ?, CAST(? AS TEXT));

-- name: put_table
INSERT INTO tables (project, digest, rows) VALUES (?, ?, ?) RETURNING number;

-- name: put_places
INSERT INTO table_places (in_table, place, row)
SELECT ?1, asked.key, r.number
FROM json_each(?3) AS asked
JOIN table_rows AS r ON r.project = ?2 AND r.digest = asked.value;

-- name: sizes
SELECT
    (SELECT coalesce(sum(size), 0) FROM objects WHERE project = ?1),
    (SELECT coalesce(sum(size), 0) FROM table_rows WHERE project = ?1),
    (SELECT coalesce(sum(size), 0) FROM files WHERE project = ?1);

-- name: turns
SELECT thread_id, id, started_at, ended_at, received_at, flags
FROM calls
WHERE project = ?1 AND thread_id IS NOT NULL AND turn_id = iif(
    typeof(coalesce(plain_id, id)) = 'blob', lower(hex(coalesce(plain_id, id))), coalesce(plain_id, id)
);

-- name: turns_of
SELECT thread_id, id, started_at, ended_at, received_at, flags
FROM calls
WHERE project = ?1 AND thread_id IN (SELECT value FROM json_each(?2)) AND turn_id = iif(
    typeof(coalesce(plain_id, id)) = 'blob', lower(hex(coalesce(plain_id, id))), coalesce(plain_id, id)
);

-- name: known_calls
-- Which of the ids (a JSON array) are of calls; `ids.PACKED` says how ids are stored.
SELECT asked.value
FROM json_each(?2) AS asked
WHERE EXISTS (
    SELECT 1
    FROM calls
    WHERE project = ?1 AND id = iif(
        length(asked.value) IN (16, 32) AND asked.value NOT GLOB '*[^0-9a-f]*', unhex(asked.value), asked.value
    )
);

-- name: used
SELECT
    c.id, coalesce(c.plain_id, c.id), c.parent_id, c.trace_id, c.started_at, c.ended_at,
    CAST(b.summary -> '$.usage' AS BLOB), r.dump IS NOT NULL
FROM json_each(?2) AS asked
CROSS JOIN calls AS c ON c.seq = asked.value
JOIN bodies AS b ON b.seq = c.seq
JOIN results AS r ON r.seq = c.seq
WHERE c.project = ?1
ORDER BY asked.key;

-- name: trace_bytes
-- What `store.annex.base.Reads.trace_bytes` counts.
SELECT coalesce(sum(
    coalesce(octet_length(b.inputs), 0) + coalesce(octet_length(b.attributes), 0)
    + coalesce(octet_length(b.summary), 0) + coalesce(octet_length(r.output), 0)
), 0)
FROM calls AS c
JOIN bodies AS b ON b.seq = c.seq
JOIN results AS r ON r.seq = c.seq
WHERE c.project = ?1;

-- name: kept_bytes
-- What neither expires nor makes room.
SELECT
    (SELECT coalesce(sum(size), 0) FROM objects) + (SELECT coalesce(sum(size), 0) FROM table_rows)
    + (SELECT coalesce(sum(size), 0) FROM files);
