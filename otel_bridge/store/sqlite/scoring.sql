-- name: find_scorer
SELECT number FROM scorer_refs WHERE ref = ?;

-- name: add_scorer
INSERT INTO scorer_refs (ref) VALUES (?) RETURNING number;

-- name: any_scoring
SELECT EXISTS (SELECT 1 FROM tasks) OR EXISTS (SELECT 1 FROM ended_calls)
    OR EXISTS (SELECT 1 FROM scoring_requests);

-- name: tasks_of
-- The tasks of a scorer for some calls (a JSON array); `ids.PACKED` says how ids are stored.
SELECT t.*
FROM named_tasks AS t
WHERE t.project = ?1 AND t.scorer = ?2 AND t.call_id IN (
    SELECT iif(length(value) IN (16, 32) AND value NOT GLOB '*[^0-9a-f]*', unhex(value), value)
    FROM json_each(?3)
);

-- name: due_tasks
SELECT t.*
FROM named_tasks AS t
WHERE t.state <= 1 AND t.scorer = (SELECT number FROM scorer_refs WHERE ref = ?1) AND t.due_at <= ?2
ORDER BY t.due_at
LIMIT ?3;

-- name: troubles
SELECT t.*
FROM named_tasks AS t
WHERE t.error IS NOT NULL AND t.project = ?1
    AND t.scorer = (SELECT number FROM scorer_refs WHERE ref = ?2) AND t.state = coalesce(?3, t.state)
ORDER BY t.changed_at DESC
LIMIT ?4;

-- name: troubles_of_job
SELECT t.*
FROM (
    SELECT DISTINCT
        iif(length(c.value) IN (16, 32) AND c.value NOT GLOB '*[^0-9a-f]*', unhex(c.value), c.value) AS call_id
    FROM scoring_requests AS q
    CROSS JOIN json_each(q.scorers) AS e
    CROSS JOIN json_each(q.calls) AS c
    WHERE q.project = ?1 AND q.job_id = ?5 AND q.job_id <> ''
        AND e.value = (SELECT number FROM scorer_refs WHERE ref = ?2)
) AS asked
CROSS JOIN named_tasks AS t ON t.project = ?1 AND t.call_id = asked.call_id
    AND t.scorer = (SELECT number FROM scorer_refs WHERE ref = ?2)
WHERE t.error IS NOT NULL AND t.state = coalesce(?3, t.state)
ORDER BY t.changed_at DESC
LIMIT ?4;

-- name: add_task
INSERT INTO tasks (
    project, call_id, scorer, state, generation, attempt, lapsed, due_at, asked_at, changed_at, request, worker,
    error
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: put_task
UPDATE tasks SET
    state = ?2, generation = ?3, attempt = ?4, lapsed = ?5, due_at = ?6, changed_at = ?7, worker = ?8, error = ?9
WHERE number = ?1;

-- name: put_task_again
-- As put_task, for a task that is asked for anew.
UPDATE tasks SET
    state = ?2, generation = ?3, attempt = ?4, lapsed = ?5, due_at = ?6, changed_at = ?7, worker = ?8, error = ?9,
    asked_at = ?10, request = ?11
WHERE number = ?1;

-- name: add_request
INSERT INTO scoring_requests (
    project, job_id, trigger_ref, wb_user_id, asked_at, tasks, scorers, calls
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING number;

-- name: waiting_scorers
SELECT w.ref
FROM (
    SELECT
        (SELECT ref FROM scorer_refs WHERE number = c.scorer) AS ref,
        (SELECT min(due_at) FROM tasks WHERE state <= 1 AND scorer = c.scorer) AS due_at
    FROM (SELECT DISTINCT scorer FROM task_counts WHERE state <= 1 AND tasks > 0) AS c
) AS w
ORDER BY w.due_at, w.ref;

-- name: next_due
-- Of the scorers in a JSON array of refs.
SELECT min((SELECT min(due_at) FROM tasks WHERE state <= 1 AND scorer = s.number))
FROM json_each(?) AS asked
JOIN scorer_refs AS s ON s.ref = asked.value;

-- name: due_ended
SELECT p.name, e.call_id, e.ended_at
FROM ended_calls AS e
JOIN projects AS p ON p.number = e.project
WHERE e.due_at <= ?1 ORDER BY e.due_at LIMIT ?2;

-- name: put_ended
INSERT OR IGNORE INTO ended_calls (project, call_id, due_at, ended_at) VALUES (?, ?, ?, ?);

-- name: lend_ended
UPDATE ended_calls SET due_at = ?3 WHERE project = ?1 AND call_id = ?2;

-- name: drop_ended
DELETE FROM ended_calls WHERE project = ? AND call_id = ?;

-- name: next_ended
SELECT min(due_at) FROM ended_calls;

-- name: ended_count
SELECT count(*) FROM ended_calls WHERE project = ?;

-- name: backlog
SELECT
    (SELECT coalesce(sum(tasks), 0) FROM task_counts WHERE state = 0),
    (SELECT coalesce(sum(tasks), 0) FROM task_counts WHERE state = 1),
    (SELECT count(*) FROM (SELECT 1 FROM ended_calls LIMIT ?1)),
    (
        SELECT min((SELECT min(due_at) FROM tasks WHERE state <= 1 AND scorer = c.scorer))
        FROM (SELECT DISTINCT scorer FROM task_counts WHERE state <= 1 AND tasks > 0) AS c
    ),
    (SELECT min(due_at) FROM ended_calls);

-- name: task_counts
SELECT s.ref, c.state, c.tasks
FROM task_counts AS c
JOIN scorer_refs AS s ON s.number = c.scorer
WHERE c.project = ?1 AND c.tasks > 0
ORDER BY s.ref, c.state;

-- name: task_counts_of_job
SELECT s.ref, t.state, count(*)
FROM (
    SELECT DISTINCT
        e.value AS scorer,
        iif(length(c.value) IN (16, 32) AND c.value NOT GLOB '*[^0-9a-f]*', unhex(c.value), c.value) AS call_id
    FROM scoring_requests AS q
    CROSS JOIN json_each(q.scorers) AS e
    CROSS JOIN json_each(q.calls) AS c
    WHERE q.project = ?1 AND q.job_id = ?2 AND q.job_id <> ''
) AS asked
CROSS JOIN tasks AS t ON t.project = ?1 AND t.call_id = asked.call_id AND t.scorer = asked.scorer
JOIN scorer_refs AS s ON s.number = t.scorer
GROUP BY s.ref, t.state
ORDER BY s.ref, t.state;

-- name: jobs
SELECT job_id, min(asked_at), sum(tasks)
FROM scoring_requests
WHERE project = ?1 AND job_id <> ''
GROUP BY job_id
ORDER BY max(number) DESC
LIMIT ?2;

-- name: job
SELECT job_id, min(asked_at), sum(tasks)
FROM scoring_requests
WHERE project = ?1 AND job_id = ?2 AND job_id <> ''
GROUP BY job_id;

-- name: fail_open_tasks_of
-- A call is deleted: what was to be done cannot be.
UPDATE tasks SET state = 3, worker = NULL, error = ?3, changed_at = ?4
WHERE project = ?1 AND call_id = ?2 AND state <= 1;

-- name: drop_done_tasks_of
DELETE FROM tasks WHERE project = ? AND call_id = ? AND state >= 2;

-- name: expire_tasks_of
-- The tasks of the calls that `expire_calls` removes.
DELETE FROM tasks WHERE number IN (
    SELECT t.number
    FROM calls AS c
    CROSS JOIN tasks AS t ON t.project = c.project AND t.call_id = c.id
    WHERE c.seq <= ?
);

-- name: expire_ended_of
DELETE FROM ended_calls WHERE (project, call_id) IN (
    SELECT e.project, e.call_id
    FROM calls AS c
    CROSS JOIN ended_calls AS e ON e.project = c.project AND e.call_id = c.id
    WHERE c.seq <= ?
);

-- name: expire_tasks
DELETE FROM tasks WHERE number IN (
    SELECT number FROM tasks WHERE asked_at < ?1 ORDER BY asked_at LIMIT ?2
);

-- name: expire_requests
-- Those that are older than every task.
DELETE FROM scoring_requests
WHERE number IN (SELECT number FROM scoring_requests ORDER BY number LIMIT ?2)
    AND asked_at < min(?1, coalesce((SELECT min(asked_at) FROM tasks), ?1));

-- name: drop_empty_counts
DELETE FROM task_counts WHERE tasks = 0;

-- name: any_old_scoring
SELECT EXISTS (SELECT 1 FROM tasks WHERE asked_at < ?1)
    OR EXISTS (
        SELECT 1
        FROM (SELECT asked_at FROM scoring_requests ORDER BY number LIMIT 1) AS r
        WHERE r.asked_at < min(?1, coalesce((SELECT min(asked_at) FROM tasks), ?1))
    );
