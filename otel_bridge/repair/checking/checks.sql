-- What must hold in a store. Each statement looks at rows of one table behind :after, up to :through, and
-- returns the name of each that breaks the rule.

-- name: calls.count
SELECT p.name, count(*) FROM calls AS c JOIN projects AS p ON p.number = c.project
WHERE c.seq > :after AND c.seq <= :through GROUP BY c.project;

-- name: calls.no_project
SELECT id FROM calls
WHERE seq > :after AND seq <= :through AND project NOT IN (SELECT number FROM projects);

-- name: calls.no_body
SELECT c.id FROM calls AS c
LEFT JOIN bodies AS b ON b.seq = c.seq
LEFT JOIN results AS r ON r.seq = c.seq
WHERE c.seq > :after AND c.seq <= :through AND (b.seq IS NULL OR r.seq IS NULL);

-- name: calls.not_in_index
SELECT c.id FROM calls AS c
WHERE c.seq > :after AND c.seq <= :through AND NOT EXISTS (
    SELECT 1 FROM calls AS i INDEXED BY calls_by_id
    WHERE i.project = c.project AND i.id = c.id AND i.seq = c.seq
);

-- name: calls.not_json
SELECT c.id FROM calls AS c
JOIN bodies AS b ON b.seq = c.seq
JOIN results AS r ON r.seq = c.seq
WHERE c.seq > :after AND c.seq <= :through AND NOT (
    coalesce(json_valid(b.inputs), 1) AND coalesce(json_valid(b.attributes), 1)
    AND coalesce(json_valid(b.summary), 1) AND coalesce(json_valid(r.output), 1)
);

-- name: calls.frames
SELECT c.id, r.dump_kind, r.dump, r.logs FROM calls AS c
JOIN results AS r ON r.seq = c.seq
WHERE c.seq > :after AND c.seq <= :through AND (r.dump IS NOT NULL OR r.logs IS NOT NULL);

-- name: bodies.no_call
SELECT seq FROM bodies WHERE seq > :after AND seq <= :through AND seq NOT IN (SELECT seq FROM calls);

-- name: results.no_call
SELECT seq FROM results WHERE seq > :after AND seq <= :through AND seq NOT IN (SELECT seq FROM calls);

-- name: refs.no_call
SELECT DISTINCT seq FROM refs
WHERE seq > :after AND seq <= :through AND seq NOT IN (SELECT seq FROM calls);

-- name: feedback.no_project
SELECT id FROM feedback
WHERE number > :after AND number <= :through AND project NOT IN (SELECT number FROM projects);

-- name: feedback.not_json
SELECT id FROM feedback WHERE number > :after AND number <= :through AND NOT json_valid(members);

-- name: feedback.no_call
SELECT f.id FROM feedback AS f
WHERE f.number > :after AND f.number <= :through AND f.call_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.project = f.project AND c.id = f.call_id);

-- name: tasks.no_scorer
SELECT call_id FROM tasks
WHERE number > :after AND number <= :through
    AND (project NOT IN (SELECT number FROM projects) OR scorer NOT IN (SELECT number FROM scorer_refs));

-- name: tasks.no_call
SELECT t.call_id FROM tasks AS t
WHERE t.number > :after AND t.number <= :through
    AND NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.project = t.project AND c.id = t.call_id);

-- name: waiting_logs.frames
SELECT id, 0, NULL, logs FROM waiting_logs WHERE number > :after AND number <= :through;

-- name: table_rows.not_json
SELECT digest FROM table_rows WHERE number > :after AND number <= :through AND NOT json_valid(val);

-- name: objects.not_json
SELECT object_id FROM objects
WHERE number > :after AND number <= :through AND val IS NOT NULL AND NOT json_valid(val);

-- name: usages
SELECT u.project, u.started_at, u.seq, u.model,
    EXISTS (
        SELECT 1 FROM calls AS c
        WHERE c.seq = u.seq AND c.project = u.project AND c.started_at = u.started_at
    )
FROM usages AS u
WHERE (u.project, u.started_at, u.seq, u.model) > (?, ?, ?, ?)
ORDER BY u.project, u.started_at, u.seq, u.model
LIMIT ?;

-- name: table_places
SELECT p.in_table, p.place,
    EXISTS (SELECT 1 FROM tables WHERE number = p.in_table)
    AND EXISTS (SELECT 1 FROM table_rows WHERE number = p.row)
FROM table_places AS p
WHERE (p.in_table, p.place) > (?, ?)
ORDER BY p.in_table, p.place
LIMIT ?;

-- name: dictionaries
SELECT number, content FROM dictionaries;

-- name: wrong_task_counts
SELECT count(*) FROM (
    SELECT project, scorer, state, tasks FROM task_counts WHERE tasks <> 0
    EXCEPT SELECT project, scorer, state, count(*) FROM tasks GROUP BY project, scorer, state
    UNION ALL
    SELECT * FROM (
        SELECT project, scorer, state, count(*) FROM tasks GROUP BY project, scorer, state
        EXCEPT SELECT project, scorer, state, tasks FROM task_counts
    )
);

-- name: drop_task_counts
DELETE FROM task_counts;

-- name: make_task_counts
INSERT INTO task_counts SELECT project, scorer, state, count(*) FROM tasks GROUP BY project, scorer, state;

-- What must hold in a queue.

-- name: cursors
-- A cursor, what it says waits, and what does.
SELECT c.lane, c.destination, c.records, c.calls, c.bytes, count(r.seq), coalesce(sum(r.calls), 0),
    coalesce(sum(r.bytes), 0)
FROM cursors AS c
LEFT JOIN records AS r ON r.lane = c.lane AND r.seq > c.seq
GROUP BY c.lane, c.destination;

-- name: state
SELECT s.records, s.bytes, (SELECT count(*) FROM records), (SELECT coalesce(sum(bytes), 0) FROM records)
FROM state AS s;

-- name: totals
SELECT d.name, d.put - d.delivered - d.dead - d.lost,
    (SELECT coalesce(sum(calls), 0) FROM cursors WHERE destination = d.name)
FROM destinations AS d;

-- name: lost_records
SELECT seq FROM records WHERE lane NOT IN (SELECT lane FROM lanes) LIMIT 100;
