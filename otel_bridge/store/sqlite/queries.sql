-- name: find_project
SELECT number FROM projects WHERE name = ?;

-- name: add_project
INSERT INTO projects (name) VALUES (?) RETURNING number;

-- name: present
-- Which of the ids (a JSON array) are kept in any way; `ids.PACKED` says how ids are stored.
SELECT asked.value
FROM (
    SELECT
        value,
        iif(length(value) IN (16, 32) AND value NOT GLOB '*[^0-9a-f]*', unhex(value), value) AS id
    FROM json_each(?2)
) AS asked
WHERE EXISTS (SELECT 1 FROM calls WHERE project = ?1 AND id = asked.id)
    OR EXISTS (SELECT 1 FROM pending WHERE project = ?1 AND id = asked.id)
    OR EXISTS (SELECT 1 FROM tombstones WHERE project = ?1 AND id = asked.id);

-- name: any_derived
SELECT EXISTS (SELECT 1 FROM calls WHERE plain_id IS NOT NULL);

-- name: derived
-- For which of the ids (a JSON array) another span is kept under a derived id.
SELECT asked.value
FROM (
    SELECT
        value,
        iif(length(value) IN (16, 32) AND value NOT GLOB '*[^0-9a-f]*', unhex(value), value) AS id
    FROM json_each(?2)
) AS asked
WHERE EXISTS (SELECT 1 FROM calls WHERE project = ?1 AND plain_id = asked.id);

-- name: load_call
SELECT
    c.seq, b.ranks, c.trace_id, c.op_name, c.started_at, CAST(b.attributes AS BLOB), CAST(b.inputs AS BLOB),
    c.parent_id, c.display_name, c.thread_id, c.turn_id, c.wb_user_id, c.wb_run_id, c.wb_run_step,
    r.dump_kind, r.dump, b.span_start_ns, c.ended_at, CAST(b.summary AS BLOB), CAST(r.output AS BLOB),
    b.exception, c.wb_run_step_end, c.plain_id, r.logs
FROM calls AS c
JOIN bodies AS b ON b.seq = c.seq
JOIN results AS r ON r.seq = c.seq
WHERE c.project = ? AND c.id = ?;

-- name: load_calls
-- As load_call, for a JSON array of seqs, behind the seq and the names of the project and the call.
SELECT
    c.seq, p.name, c.id, b.ranks, c.trace_id, c.op_name, c.started_at, CAST(b.attributes AS BLOB),
    CAST(b.inputs AS BLOB), c.parent_id, c.display_name, c.thread_id, c.turn_id, c.wb_user_id, c.wb_run_id,
    c.wb_run_step, r.dump_kind, r.dump, b.span_start_ns, c.ended_at, CAST(b.summary AS BLOB),
    CAST(r.output AS BLOB), b.exception, c.wb_run_step_end, c.plain_id, r.logs
FROM calls AS c
JOIN projects AS p ON p.number = c.project
JOIN bodies AS b ON b.seq = c.seq
JOIN results AS r ON r.seq = c.seq
WHERE c.seq IN (SELECT value FROM json_each(?));

-- name: versions
-- Which version of the translator made the calls behind a place; dump_kind 1 is a span.
SELECT c.seq, c.project, c.received_at, r.translator, r.dump_kind
FROM calls AS c
JOIN results AS r ON r.seq = c.seq
WHERE c.seq > ? AND c.seq <= ?
ORDER BY c.seq
LIMIT ?;

-- name: redo_call
-- Everything but the arrival; as replace_call.
UPDATE calls SET
    trace_id = ?2, parent_id = ?3, op_name = ?4, display_name = ?5, thread_id = ?6, turn_id = ?7,
    started_at = ?8, ended_at = ?9, wb_user_id = ?10, wb_run_id = ?11, wb_run_step = ?12,
    wb_run_step_end = ?13, flags = ?14
WHERE seq = ?1;

-- name: redo_body
UPDATE bodies SET
    inputs = CAST(?2 AS TEXT), attributes = CAST(?3 AS TEXT), summary = CAST(?4 AS TEXT), exception = ?5,
    ranks = ?6
WHERE seq = ?1;

-- name: redo_result
UPDATE results SET output = CAST(?2 AS TEXT), translator = ?3 WHERE seq = ?1;

-- name: stamp_result
UPDATE results SET translator = ?2 WHERE seq = ?1;

-- name: stopped_run
SELECT translator, since, after, through FROM retranslations WHERE project = ? AND everything = ?;

-- name: keep_run
INSERT INTO retranslations (project, everything, translator, since, after, through)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (project, everything) DO UPDATE SET
    translator = excluded.translator, since = excluded.since, after = excluded.after,
    through = excluded.through;

-- name: end_run
DELETE FROM retranslations WHERE project = ? AND everything = ?;

-- name: namesakes
SELECT id FROM calls WHERE project = ? AND plain_id = ? AND trace_id = ?;

-- name: any_waiting_logs
SELECT EXISTS (SELECT 1 FROM waiting_logs);

-- name: waiting_logs
-- What waits for spans of these ids (a JSON array).
SELECT trace_id, id, logs
FROM waiting_logs
WHERE project = ? AND id IN (
    SELECT iif(length(value) IN (16, 32) AND value NOT GLOB '*[^0-9a-f]*', unhex(value), value)
    FROM json_each(?)
);

-- name: put_waiting_logs
INSERT INTO waiting_logs (project, id, trace_id, received_at, logs) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (project, id, trace_id) DO UPDATE SET logs = excluded.logs;

-- name: delete_waiting_logs
DELETE FROM waiting_logs WHERE project = ?1 AND id = ?2 AND trace_id = coalesce(?3, trace_id);

-- name: expire_waiting_logs
DELETE FROM waiting_logs
WHERE number IN (SELECT number FROM waiting_logs ORDER BY number LIMIT ?2) AND received_at < ?1;

-- name: load_pending
SELECT
    ranks, display_name, ended_at, CAST(summary AS BLOB), CAST(output AS BLOB), exception,
    wb_run_step_end
FROM pending
WHERE project = ? AND id = ?;

-- name: load_tombstone
SELECT whole, trace_id, span_start_ns FROM tombstones WHERE project = ? AND id = ?;

-- name: children
SELECT id
FROM calls
WHERE project = ? AND trace_id = ? AND parent_id IN (
    SELECT iif(length(value) IN (16, 32) AND value NOT GLOB '*[^0-9a-f]*', unhex(value), value)
    FROM json_each(?)
);

-- name: insert_call
INSERT INTO calls VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_body
INSERT INTO bodies VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?);

-- name: insert_result
INSERT INTO results VALUES (?, CAST(? AS TEXT), ?, ?, ?, ?);

-- name: insert_ref
INSERT OR IGNORE INTO refs (project, side, ref, seq) VALUES (?, ?, ?, ?);

-- name: insert_usage
-- Usage lies where its call is counted: where it arrived, if its start cannot be right.
INSERT INTO usages
SELECT
    ?1, iif(flags & 64, received_at, started_at), seq, ?3, ?4, ?5, ?6, ?7, ?8,
    iif(flags >= 65536, 1099511627776.0 / (1099511627776 - (flags >> 16)), NULL)
FROM calls WHERE seq = ?2;

-- name: delete_usages
-- While the call is as it was: it knows where its usage lies.
DELETE FROM usages WHERE (project, started_at, seq, model) IN (
    SELECT u.project, u.started_at, u.seq, u.model
    FROM calls AS c
    CROSS JOIN usages AS u
    WHERE c.seq = ? AND u.project = c.project AND u.seq = c.seq
        AND u.started_at = iif(c.flags & 64, c.received_at, c.started_at)
);

-- name: end_call
-- What the flags say of the arrival stays: `store.clocks.MISPLACED`.
UPDATE calls SET ended_at = ?2, wb_run_step_end = ?3, display_name = ?4, flags = ?5 | (flags & 192)
WHERE seq = ?1;

-- name: end_body
UPDATE bodies SET summary = CAST(?2 AS TEXT), exception = ?3, ranks = ?4 WHERE seq = ?1;

-- name: end_result
UPDATE results SET output = CAST(?2 AS TEXT) WHERE seq = ?1;

-- name: replace_call
-- Everything but the arrival.
UPDATE calls SET
    project = ?2, id = ?3, trace_id = ?4, parent_id = ?5, op_name = ?6, display_name = ?7, thread_id = ?8,
    turn_id = ?9, started_at = ?10, ended_at = ?11, wb_user_id = ?12, wb_run_id = ?13, wb_run_step = ?14,
    wb_run_step_end = ?15, plain_id = ?16, flags = (?17 & ~192) | (flags & 192)
WHERE seq = ?1;

-- name: delete_call
DELETE FROM calls WHERE seq = ?;

-- name: delete_body
DELETE FROM bodies WHERE seq = ?;

-- name: delete_result
DELETE FROM results WHERE seq = ?;

-- name: delete_refs
DELETE FROM refs WHERE seq = ?;

-- name: put_pending
INSERT INTO pending (
    project, id, received_at, ended_at, summary, output, exception, wb_run_step_end, display_name, ranks
)
VALUES (?, ?, ?, ?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?)
ON CONFLICT (project, id) DO UPDATE SET
    ended_at = excluded.ended_at,
    summary = excluded.summary,
    output = excluded.output,
    exception = excluded.exception,
    wb_run_step_end = excluded.wb_run_step_end,
    display_name = excluded.display_name,
    ranks = excluded.ranks;

-- name: delete_pending
DELETE FROM pending WHERE project = ? AND id = ?;

-- name: put_tombstone
INSERT INTO tombstones (project, id, whole, trace_id, span_start_ns) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (project, id) DO UPDATE SET
    whole = excluded.whole, trace_id = excluded.trace_id, span_start_ns = excluded.span_start_ns;

-- name: next_seq
SELECT max(
    coalesce((SELECT value FROM meta WHERE name = 'next_seq'), 1),
    coalesce((SELECT max(seq) + 1 FROM calls), 1)
);

-- name: keep_next_seq
INSERT INTO meta (name, value) VALUES ('next_seq', ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: spans
SELECT r.dump
FROM json_each(?1) AS asked
CROSS JOIN calls AS c ON c.seq = asked.value
CROSS JOIN results AS r ON r.seq = c.seq
WHERE c.project = (SELECT number FROM projects WHERE name = ?2) AND r.dump_kind = ?3
ORDER BY asked.key;

-- name: oldest_calls
SELECT seq, received_at FROM calls ORDER BY seq LIMIT ?;

-- name: arrived_after
SELECT seq, project, received_at FROM calls WHERE seq > ? ORDER BY seq LIMIT ?;

-- name: project_name
SELECT name FROM projects WHERE number = ?;

-- name: project_numbers
SELECT number FROM projects;

-- name: expire_pending_of
-- Of projects (a JSON array of numbers), what came before a time.
DELETE FROM pending WHERE received_at < ?1 AND project IN (SELECT value FROM json_each(?2));

-- name: expire_waiting_logs_of
DELETE FROM waiting_logs WHERE received_at < ?1 AND project IN (SELECT value FROM json_each(?2));

-- name: expire_calls
DELETE FROM calls WHERE seq <= ?;

-- name: expire_bodies
DELETE FROM bodies WHERE seq <= ?;

-- name: expire_results
DELETE FROM results WHERE seq <= ?;

-- name: expire_refs
DELETE FROM refs WHERE seq <= ?;

-- name: expire_usages
-- Before the calls themselves go: they know where their usage lies.
DELETE FROM usages WHERE (project, started_at, seq, model) IN (
    SELECT u.project, u.started_at, u.seq, u.model
    FROM calls AS c
    CROSS JOIN usages AS u ON u.project = c.project AND u.seq = c.seq
        AND u.started_at = iif(c.flags & 64, c.received_at, c.started_at)
    WHERE c.seq <= ?
);

-- name: expire_pending
DELETE FROM pending
WHERE number IN (SELECT number FROM pending ORDER BY number LIMIT ?2) AND received_at < ?1;

-- name: evict_pending
DELETE FROM pending WHERE number IN (SELECT number FROM pending ORDER BY number LIMIT ?);

-- name: evict_tombstones
DELETE FROM tombstones WHERE number IN (SELECT number FROM tombstones ORDER BY number LIMIT ?);

-- name: used_pages
SELECT page_count, freelist_count FROM pragma_page_count(), pragma_freelist_count();

-- name: add_dictionary
INSERT OR IGNORE INTO dictionaries (number, content) VALUES (?, ?);

-- name: find_dictionary
SELECT content FROM dictionaries WHERE number = ?;

-- name: dictionary_in_use
SELECT content FROM dictionaries
ORDER BY number = (SELECT value FROM meta WHERE name = 'dictionary') DESC LIMIT 1;

-- name: trace_sizes
-- Bytes of JSON of whole traces (a JSON array of ids), as `rendering.SIZE` counts them.
SELECT c.trace_id, sum(
    coalesce(octet_length(b.inputs), 0) + coalesce(octet_length(b.attributes), 0)
    + coalesce(octet_length(b.summary), 0) + coalesce(octet_length(r.output), 0)
)
FROM calls AS c
JOIN bodies AS b ON b.seq = c.seq
JOIN results AS r ON r.seq = c.seq
WHERE c.project = (SELECT number FROM projects WHERE name = ?1) AND c.trace_id IN (
    SELECT iif(length(value) IN (16, 32) AND value NOT GLOB '*[^0-9a-f]*', unhex(value), value)
    FROM json_each(?2)
)
GROUP BY c.trace_id;

-- name: any_misplaced
-- Whether any call of a project is listed where it arrived (`store.clocks`).
SELECT EXISTS (SELECT 1 FROM calls WHERE project = ? AND (flags & 192) <> 0);

-- name: any_sampled
-- Whether any call of a project stands for more than itself (`store.trees.Flag.SAMPLED`).
SELECT EXISTS (SELECT 1 FROM calls WHERE project = ? AND flags >= 65536);

-- name: arrivals
-- Below the first and up to the last call.
SELECT coalesce((SELECT min(seq) FROM calls) - 1, 0), coalesce((SELECT max(seq) FROM calls), 0);

-- name: watermark
SELECT coalesce(max(seq), 0) FROM calls;

-- name: any_old_pending
SELECT EXISTS (SELECT 1 FROM (SELECT received_at FROM pending ORDER BY number LIMIT 1) WHERE received_at < ?1)
    OR EXISTS (
        SELECT 1 FROM (SELECT received_at FROM waiting_logs ORDER BY number LIMIT 1) WHERE received_at < ?1
    );

-- name: kept_calls
-- What is kept of the calls of one id, in every project.
SELECT p.name, c.op_name, c.wb_run_id, c.received_at, r.translator, r.dump_kind, r.dump, r.logs
FROM projects AS p
JOIN calls AS c ON c.project = p.number AND c.id = ?
LEFT JOIN results AS r ON r.seq = c.seq
ORDER BY p.name;

-- name: projects_with_calls
SELECT name FROM projects AS p
WHERE EXISTS (SELECT 1 FROM calls WHERE project = p.number)
ORDER BY name LIMIT ?;

-- name: erasable
-- Calls behind a place, as `store.erasure.Seen` shows them; everything of a project, or of all.
SELECT
    c.seq, p.name, c.id, c.wb_user_id, c.thread_id, CAST(b.attributes AS BLOB), r.dump, r.logs
FROM calls AS c
JOIN projects AS p ON p.number = c.project
JOIN bodies AS b ON b.seq = c.seq
JOIN results AS r ON r.seq = c.seq
WHERE c.seq > ?1 AND c.seq <= ?2 AND p.name = coalesce(?3, p.name)
ORDER BY c.seq
LIMIT ?4;

-- name: erasable_runs
-- The runs of scorers (`store.trees.Flag.SCORES`) behind a place.
SELECT c.seq, p.name, c.id, CAST(b.attributes AS BLOB)
FROM calls AS c
JOIN projects AS p ON p.number = c.project
JOIN bodies AS b ON b.seq = c.seq
WHERE c.seq > ?1 AND c.seq <= ?2 AND c.flags & 32 AND p.name = coalesce(?3, p.name)
ORDER BY c.seq
LIMIT ?4;

-- name: is_deleted
SELECT EXISTS (
    SELECT 1 FROM tombstones AS t JOIN projects AS p ON p.number = t.project WHERE p.name = ? AND t.id = ?
);

-- name: mark
INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: unmark
DELETE FROM meta WHERE name = ?;

-- name: marked
SELECT value FROM meta WHERE name = ?;

-- name: first_with_dictionary
-- Frames from the first arrivals on, to find the first one that was packed with a dictionary.
SELECT seq, dump FROM results WHERE seq > ? AND dump IS NOT NULL ORDER BY seq LIMIT ?;

-- name: newest_frames
SELECT dump FROM results WHERE dump IS NOT NULL ORDER BY seq DESC LIMIT ?;

-- name: frames
SELECT seq, dump, logs FROM results WHERE seq > ? AND (dump IS NOT NULL OR logs IS NOT NULL) ORDER BY seq LIMIT ?;

-- name: put_frames
UPDATE results SET dump = ?2, logs = ?3 WHERE seq = ?1;

-- name: waiting_frames
SELECT number, logs FROM waiting_logs WHERE number > ? ORDER BY number LIMIT ?;

-- name: put_waiting_frame
UPDATE waiting_logs SET logs = ?2 WHERE number = ?1;

-- name: drop_other_dictionaries
DELETE FROM dictionaries WHERE number <> ?;

-- name: drop_waiting_frame
DELETE FROM waiting_logs WHERE number = ?;

-- name: holders
-- The projects that have something of an id.
SELECT p.name FROM projects AS p
WHERE EXISTS (SELECT 1 FROM calls WHERE project = p.number AND id = ?1)
    OR EXISTS (SELECT 1 FROM pending WHERE project = p.number AND id = ?1)
    OR EXISTS (SELECT 1 FROM waiting_logs WHERE project = p.number AND id = ?1);

-- name: newest_spans
SELECT r.seq, c.received_at, r.dump FROM results AS r JOIN calls AS c ON c.seq = r.seq
WHERE r.dump_kind = ?1 ORDER BY r.seq DESC LIMIT ?2;

-- name: spans_from
SELECT r.seq, c.received_at, r.dump FROM results AS r JOIN calls AS c ON c.seq = r.seq
WHERE r.seq > ?1 AND r.dump_kind = ?2 ORDER BY r.seq LIMIT ?3;
