-- Schema 7: scoring (store.scoring). Times are microseconds since the epoch.
CREATE TABLE scorer_refs (
    number INTEGER PRIMARY KEY,
    ref TEXT NOT NULL UNIQUE
);

-- What was asked for at once, by whom. A job is all that has its id: each row names some calls (a JSON array of
-- ids) and some scorers (a JSON array of numbers of `scorer_refs`), and means every pair of them.
CREATE TABLE scoring_requests (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    job_id TEXT NOT NULL,           -- empty where nobody will ask for it
    trigger_ref TEXT,
    wb_user_id TEXT,
    asked_at INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    scorers TEXT,
    calls TEXT
);
CREATE INDEX scoring_jobs ON scoring_requests (project, job_id, asked_at, tasks) WHERE job_id <> '';

-- `state` is 0 queued, 1 leased, 2 done, 3 failed; `due_at` is when an open task may be lent, so the end of its
-- lease when it is leased; `request` is a number of `scoring_requests`.
CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    call_id BLOB NOT NULL,
    scorer INTEGER NOT NULL,
    state INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    lapsed INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    request INTEGER NOT NULL,
    worker TEXT,
    error TEXT
);
CREATE UNIQUE INDEX tasks_by_call ON tasks (project, call_id, scorer);
CREATE INDEX open_tasks ON tasks (scorer, due_at) WHERE state <= 1;
CREATE INDEX tasks_by_age ON tasks (asked_at);
CREATE INDEX troubled_tasks ON tasks (project, scorer, changed_at) WHERE error IS NOT NULL;

-- Tasks with the names behind their numbers.
CREATE VIEW named_tasks AS
SELECT
    t.number, t.request, p.name AS project_id, t.call_id, s.ref AS scorer_ref, t.state, t.generation, t.attempt,
    t.lapsed, t.due_at, t.asked_at, t.changed_at, t.worker, t.error, r.job_id, r.trigger_ref, r.wb_user_id,
    t.project, t.scorer
FROM tasks AS t
JOIN projects AS p ON p.number = t.project
JOIN scorer_refs AS s ON s.number = t.scorer
LEFT JOIN scoring_requests AS r ON r.number = t.request;

-- How many tasks there are, kept up by the triggers: nobody counts rows.
CREATE TABLE task_counts (
    project INTEGER NOT NULL,
    scorer INTEGER NOT NULL,
    state INTEGER NOT NULL,
    tasks INTEGER NOT NULL,
    PRIMARY KEY (project, scorer, state)
) WITHOUT ROWID;

CREATE TRIGGER task_added AFTER INSERT ON tasks BEGIN
    INSERT INTO task_counts VALUES (new.project, new.scorer, new.state, 1)
    ON CONFLICT DO UPDATE SET tasks = tasks + 1;
END;
CREATE TRIGGER task_removed AFTER DELETE ON tasks BEGIN
    UPDATE task_counts SET tasks = tasks - 1
    WHERE project = old.project AND scorer = old.scorer AND state = old.state;
END;
CREATE TRIGGER task_moved AFTER UPDATE OF state ON tasks WHEN old.state <> new.state BEGIN
    UPDATE task_counts SET tasks = tasks - 1
    WHERE project = old.project AND scorer = old.scorer AND state = old.state;
    INSERT INTO task_counts VALUES (new.project, new.scorer, new.state, 1)
    ON CONFLICT DO UPDATE SET tasks = tasks + 1;
END;

-- Calls of watched projects that have ended, until somebody has looked at them; nobody is offered one before
-- `due_at`.
CREATE TABLE ended_calls (
    project INTEGER NOT NULL,
    call_id BLOB NOT NULL,
    due_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL,
    PRIMARY KEY (project, call_id)
) WITHOUT ROWID;
CREATE INDEX ended_calls_by_time ON ended_calls (due_at);

CREATE INDEX monitors ON objects (project, object_id) WHERE leaf_class = 'Monitor' OR base_class = 'Monitor';

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('tasks', 'tasks_by_call', '1000000 100000 3 1'),
    ('tasks', 'open_tasks', '100000 10000 2'),
    ('tasks', 'tasks_by_age', '1000000 500'),
    ('tasks', 'troubled_tasks', '10000 1000 200 1'),
    ('scoring_requests', 'scoring_jobs', '10000 1000 10 1 1'),
    ('task_counts', 'task_counts', '1000 100 4 1'),
    ('ended_calls', 'ended_calls', '100000 10000 1'),
    ('ended_calls', 'ended_calls_by_time', '100000 2'),
    ('objects', 'monitors', '10 5 1');
