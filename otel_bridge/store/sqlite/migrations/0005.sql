-- The slowest roots, first; the words are those of `readings.LATENCY`.
CREATE INDEX slowest_roots ON calls (
    project, ((ended_at - started_at + 1000000000000000000) / 1000 - 1000000000000000), id
) WHERE parent_id IS NULL;

-- Calls with an exception: `store.trees.Flag.HAS_EXCEPTION`, which older calls do not have yet.
UPDATE calls SET flags = flags | 16
WHERE seq IN (SELECT seq FROM bodies WHERE exception IS NOT NULL);
CREATE INDEX failed_calls ON calls (project, started_at, id) WHERE (flags & 16) <> 0;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'slowest_roots', '100000 20000 5 1'),
    ('calls', 'failed_calls', '10000 1000 2 1');
