-- What each call spent on each model (stats.usage), narrow and in the order of time: statistics add up a week
-- without touching a body. `usages_of` is ours (store.sqlite.migrate).
CREATE TABLE usages (
    project INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    model TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    total_tokens INTEGER,
    cache_read_input_tokens INTEGER NOT NULL,
    cache_creation_input_tokens INTEGER NOT NULL,
    PRIMARY KEY (project, started_at, seq, model)
) WITHOUT ROWID;

INSERT INTO usages
SELECT
    c.project, c.started_at, c.seq, e.value ->> 0, e.value ->> 1, e.value ->> 2, e.value ->> 3, e.value ->> 4,
    e.value ->> 5
FROM calls AS c
JOIN bodies AS b ON b.seq = c.seq
CROSS JOIN json_each(usages_of(b.summary)) AS e
WHERE instr(b.summary, '"usage"');

-- Latency and failures over time come from the index alone.
DROP INDEX calls_by_start;
CREATE INDEX calls_by_start ON calls (project, started_at, id, ended_at, flags);

DELETE FROM sqlite_stat1 WHERE idx = 'calls_by_start';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'calls_by_start', '1000000 100000 2 1 1 1'),
    ('usages', 'usages', '1000000 100000 2 1 1');
